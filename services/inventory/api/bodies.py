"""What goes in and out of the reservation routes."""

from datetime import datetime
from typing import Literal

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict, Field

from services.inventory.api.fields import Absent, Limit, Ref, RefCursor, Sku, absent, at
from services.inventory.domain.reservation import DEFAULT_TTL_SECONDS, MAX_LINES, MAX_TTL_SECONDS, Reservation

MAX_QUANTITY = 10_000
StateName = Literal["HELD", "COMMITTED", "RELEASED", "EXPIRED", "RETURNED"]


class LineBody(BaseModel):
    """So many units of one product."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sku: Sku
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class ReserveRequest(BaseModel):
    """What to hold, all of it or nothing. Lines of one SKU are added up."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ref: Ref
    lines: list[LineBody] = Field(min_length=1, max_length=MAX_LINES)
    ttl_seconds: int = Field(
        DEFAULT_TTL_SECONDS, ge=1, le=MAX_TTL_SECONDS, description="How long, unless it is sold or given back before."
    )


class ExtendRequest(BaseModel):
    """How long to hold from now."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ttl_seconds: int = Field(ge=1, le=MAX_TTL_SECONDS)


class ReservationBody(BaseModel):
    """Where a reservation is."""

    model_config = ConfigDict(extra="forbid")

    ref: Ref
    state: StateName
    expires_at: datetime = Field(description="While HELD, until when at least.")

    @classmethod
    def of(cls, reservation: Reservation) -> "ReservationBody":
        """*reservation* without its lines."""
        return cls(ref=reservation.ref, state=reservation.state.value, expires_at=at(reservation.expires_at_ms))


class ReservationDetail(ReservationBody):
    """A reservation with its lines, by SKU; none where the ref was given back before it was reserved."""

    lines: list[LineBody]

    @classmethod
    def of(cls, reservation: Reservation) -> "ReservationDetail":
        """*reservation*, all of it."""
        return cls(
            ref=reservation.ref,
            state=reservation.state.value,
            expires_at=at(reservation.expires_at_ms),
            lines=[LineBody(sku=line.sku, quantity=line.quantity) for line in reservation.lines],
        )


class ReservationQuery(BaseModel):
    """What a list can be asked for."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = Field(20, description="Reservations on the page.")
    cursor: RefCursor | Absent = Field(default_factory=absent)
    state: StateName | Absent = Field(default_factory=absent, description="Only those in this state.")


class ReservationPage(BaseModel):
    """Reservations by ref, and how to ask for the rest."""

    model_config = ConfigDict(extra="forbid")

    items: list[ReservationDetail]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")


def answer(body: BaseModel, status: int = 200) -> Response:
    """*body*, not to be kept: the next answer may be another."""
    response = jsonify(body.model_dump(mode="json"))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
