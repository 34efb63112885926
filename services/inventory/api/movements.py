"""`POST /api/v1/stock/{sku}/movements`: staff receive, correct and count units; once an Idempotency-Key."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from services.inventory.api.refusals import as_problems, not_found
from services.inventory.api.stock import StockDetail
from services.inventory.domain.errors import StockNotFound
from services.inventory.domain.movements import record
from services.inventory.domain.ports import Transaction
from services.inventory.domain.stock import MAX_UNITS, SKU_PATTERN, Kind, Movement, Stock
from services.shared.auth import STAFF, allow, principal
from services.shared.idempotency import Answer
from services.shared.idempotent_requests import IdempotentRequests

_ANSWERS: dict[int, Any] = {
    400: "No Idempotency-Key, or a malformed body",
    404: "No stock of this SKU, and the movement is no receipt",
    409: "Fewer units would be left than are held, or the first request with this key is still being answered",
    422: "Invalid, or the Idempotency-Key came with another body before",
}


class MovementRequest(BaseModel):
    """What moved. receive: units came in, also of a new product; adjust: a correction by so many units, which may be
    below 0; count: so many units are really there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["receive", "adjust", "count"]
    quantity: int = Field(ge=-MAX_UNITS, le=MAX_UNITS, description="Not 0 for adjust, at least 1 for receive.")
    # Neither a line's end nor what PostgreSQL takes for a text's end.
    reason: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["Delivery 4711"])


class MovementBody(BaseModel):
    """An entry of the ledger, and the stock after it."""

    model_config = ConfigDict(extra="forbid")

    movement_id: str = Field(examples=["mov_0f8c2f6d9c1b4f6e8a7d5c3b2a190807"])
    kind: str
    quantity: int = Field(description="By how much the ledger changed; for a count, what was missing or too many.")
    reason: str
    stock: StockDetail

    @classmethod
    def of(cls, movement: Movement, stock: Stock) -> "MovementBody":
        """*movement* as staff see it."""
        return cls(
            movement_id=movement.ref,
            kind=movement.kind.value,
            quantity=movement.quantity,
            reason=movement.reason,
            stock=StockDetail.of(stock),
        )


def movement_pages(
    requests: IdempotentRequests,
    joined: Callable[[Connection], Transaction],
    *,
    now: Callable[[], float] = time.time,
) -> APIBlueprint:
    """The route of movements.

    Args:    joined: the repositories of a transaction that *requests* has begun. now: Unix seconds.
    """
    blueprint = APIBlueprint("movements", __name__, url_prefix="/api/v1/stock", tag="Stock")

    @blueprint.post("/<sku>/movements")
    @allow(STAFF)
    @blueprint.input(MovementRequest, arg_name="body")
    @blueprint.output(MovementBody, status_code=201)
    @blueprint.doc(operation_id="record_movement", responses=_ANSWERS)
    def record_movement(sku: str, body: MovementRequest) -> Response:
        """Receive, correct or count the units of a product"""
        if re.fullmatch(SKU_PATTERN, sku) is None:
            raise not_found(StockNotFound)
        wanted = Movement(
            ref=f"mov_{uuid.uuid4().hex}",
            sku=sku,
            kind=Kind(body.kind),
            quantity=body.quantity,
            reason=body.reason,
            actor=principal().subject,
        )

        def work(connection: Connection) -> Answer:
            # A refusal is not stored: once units came in or were released, a repeat may be answered otherwise.
            with as_problems():
                written, stock = record(joined(connection), wanted, now_ms=int(now() * 1000))
            return Answer(status=201, body=MovementBody.of(written, stock).model_dump())

        route = f"POST /api/v1/stock/{sku}/movements"
        return requests.once(principal=principal().subject, route=route, work=work)

    return blueprint
