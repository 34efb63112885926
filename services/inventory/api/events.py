"""`POST /api/v1/events`: what became of orders, told by their service, perhaps more than once."""

import time
from collections.abc import Callable
from typing import Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from services.inventory.api.bodies import answer
from services.inventory.api.fields import Ref, Time
from services.inventory.domain.order_events import ENDINGS, apply
from services.inventory.domain.ports import Outcomes, UnitOfWork
from services.shared.auth import SERVICE, allow


class EventData(BaseModel):
    """Which order it is about. What else it says may grow: a receiver reads what it knows."""

    model_config = ConfigDict(extra="ignore", strict=True)

    order_id: Ref


class EventRequest(BaseModel):
    """Something that happened to an order."""

    model_config = ConfigDict(extra="ignore", strict=True)

    event_id: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$", examples=["evt_1"])
    type: str = Field(pattern="^[A-Za-z][A-Za-z0-9._-]{0,63}$", examples=["OrderCancelled"])
    occurred_at: Time
    data: EventData


class EventBody(BaseModel):
    """What came of an event. duplicate: it was applied before; ignored: it means nothing to the stock."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["applied", "duplicate", "ignored"]


def event_pages(unit_of_work: UnitOfWork, outcomes: Outcomes, *, now: Callable[[], float] = time.time) -> APIBlueprint:
    """The route of events.

    Args:    outcomes: counts what comes of each. now: Unix seconds.
    """
    blueprint = APIBlueprint("events", __name__, url_prefix="/api/v1/events", tag="Events")

    @blueprint.post("")
    @allow(SERVICE)
    @blueprint.input(EventRequest, arg_name="body")
    @blueprint.output(EventBody)
    @blueprint.doc(operation_id="receive_event")
    def receive(body: EventRequest) -> Response:
        """Give back what an order held, once it was declined, expired, cancelled or returned"""
        if body.type not in ENDINGS:
            return answer(EventBody(outcome="ignored"))
        with unit_of_work.writing() as transaction:
            applied = apply(
                transaction,
                event_id=body.event_id,
                kind=body.type,
                order_id=body.data.order_id,
                now_ms=int(now() * 1000),
            )
        if applied.done is not None:
            outcomes.done(applied.done)
        return answer(EventBody(outcome=applied.outcome.value))

    return blueprint
