"""`/api/v1/reservations`: other services hold units for an order, and see what became of them."""

import re
import time
from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import Response

from services.inventory.api.bodies import (
    ReservationBody,
    ReservationDetail,
    ReservationPage,
    ReservationQuery,
    ReserveRequest,
    answer,
)
from services.inventory.api.refusals import as_problems, not_found, out_of_stock
from services.inventory.domain.errors import OutOfStock, ReservationNotFound
from services.inventory.domain.ports import Outcomes, UnitOfWork
from services.inventory.domain.reservation import REF_PATTERN, State
from services.inventory.domain.reserve import reserve
from services.inventory.domain.stock import Line
from services.shared import cursor
from services.shared.auth import SERVICE, allow

PREFIX = "/api/v1/reservations"
_ANSWERS: dict[int | str, Any] = {
    200: {
        "description": "Held under this ref already",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ReservationBody"}}},
    },
    409: "Too few units of the lines that it names, or the ref was used for something else",
}


def reservation_pages(
    unit_of_work: UnitOfWork, outcomes: Outcomes, *, now: Callable[[], float] = time.time
) -> APIBlueprint:
    """The routes that hold and show.

    Args:    outcomes: counts what comes of each. now: Unix seconds.
    """
    blueprint = APIBlueprint("reservations", __name__, url_prefix=PREFIX, tag="Reservations")

    @blueprint.post("")
    @allow(SERVICE)
    @blueprint.input(ReserveRequest, arg_name="body")
    @blueprint.output(ReservationBody, status_code=201)
    @blueprint.doc(operation_id="reserve", responses=_ANSWERS)
    def hold(body: ReserveRequest) -> Response:
        """Hold units under a ref; a repeat with the same lines changes nothing"""
        lines = [Line(sku=line.sku, quantity=line.quantity) for line in body.lines]
        try:
            with as_problems(outcomes), unit_of_work.writing() as transaction:
                now_ms = int(now() * 1000)
                done = reserve(transaction, ref=body.ref, lines=lines, ttl_seconds=body.ttl_seconds, now_ms=now_ms)
        except OutOfStock as error:
            raise out_of_stock(error, lines) from error
        outcomes.done(done)
        return answer(ReservationBody.of(done.reservation), 200 if done.repeated else 201)

    @blueprint.get("/<ref>")
    @allow(SERVICE)
    @blueprint.output(ReservationDetail)
    @blueprint.doc(operation_id="get_reservation", responses={404: "No such reservation"})
    def get_reservation(ref: str) -> Response:
        """Get a reservation"""
        found = None
        if re.fullmatch(REF_PATTERN, ref) is not None:
            with unit_of_work.reading() as transaction:
                found = transaction.reservation_list.get(ref)
        if found is None:
            raise not_found(ReservationNotFound)
        return answer(ReservationDetail.of(found))

    @blueprint.get("")
    @allow(SERVICE)
    @blueprint.input(ReservationQuery, location="query", arg_name="query")
    @blueprint.output(ReservationPage)
    @blueprint.doc(operation_id="list_reservations")
    def list_reservations(query: ReservationQuery) -> Response:
        """List reservations by ref"""
        state = None if query.state is None else State(query.state)
        with unit_of_work.reading() as transaction:
            # One more than asked for tells whether there is a next page.
            found = transaction.reservation_list.page(state=state, after=query.cursor, limit=query.limit + 1)
        shown = found[: query.limit]
        more = cursor.encode(shown[-1].ref) if len(found) > query.limit else None
        return answer(ReservationPage(items=[ReservationDetail.of(each) for each in shown], next_cursor=more))

    return blueprint
