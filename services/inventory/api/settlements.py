"""`/api/v1/reservations/{ref}/…`: what is held is sold, given back, held for longer; what was sold comes back."""

import re
import time
from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response

from services.inventory.api.bodies import ExtendRequest, ReservationBody, answer
from services.inventory.api.refusals import as_problems, not_found
from services.inventory.api.reservations import PREFIX
from services.inventory.domain import settle
from services.inventory.domain.errors import ReservationNotFound
from services.inventory.domain.ports import Outcomes, Transaction, UnitOfWork
from services.inventory.domain.reservation import REF_PATTERN, Done
from services.shared.auth import SERVICE, allow


def settlement_pages(
    unit_of_work: UnitOfWork, outcomes: Outcomes, *, now: Callable[[], float] = time.time
) -> APIBlueprint:
    """The routes that settle a reservation.

    Args:    outcomes: counts what comes of each. now: Unix seconds.
    """
    blueprint = APIBlueprint("settlements", __name__, url_prefix=PREFIX, tag="Reservations")

    def change(ref: str, verb: Callable[[Transaction, int], Done]) -> Done:
        """Do *verb* in a transaction of its own."""
        if re.fullmatch(REF_PATTERN, ref) is None:
            raise not_found(ReservationNotFound)
        with as_problems(outcomes), unit_of_work.writing() as transaction:
            return verb(transaction, int(now() * 1000))

    def counted(done: Done) -> Response:
        """The answer to *done*, which is committed by now."""
        outcomes.done(done)
        return answer(ReservationBody.of(done.reservation))

    @blueprint.post("/<ref>/commit")
    @allow(SERVICE)
    @blueprint.output(ReservationBody)
    @blueprint.doc(operation_id="commit_reservation", responses={404: "No such reservation", 409: "Given back before"})
    def commit(ref: str) -> Response:
        """Sell what is held; again: the same answer"""
        return counted(change(ref, lambda transaction, now_ms: settle.commit(transaction, ref, now_ms=now_ms)))

    @blueprint.post("/<ref>/release")
    @allow(SERVICE)
    @blueprint.output(ReservationBody)
    @blueprint.doc(operation_id="release_reservation", responses={404: "No such ref can be", 409: "Sold"})
    def release(ref: str) -> Response:
        """Give back what is held; an unknown ref can never be reserved after this"""
        return counted(change(ref, lambda transaction, now_ms: settle.release(transaction, ref, now_ms=now_ms)))

    @blueprint.post("/<ref>/extend")
    @allow(SERVICE)
    @blueprint.input(ExtendRequest, arg_name="body")
    @blueprint.output(ReservationBody)
    @blueprint.doc(operation_id="extend_reservation", responses={404: "No such reservation", 409: "No longer held"})
    def extend(ref: str, body: ExtendRequest) -> Response:
        """Hold for longer, from now; never for less than before"""

        def verb(transaction: Transaction, now_ms: int) -> Done:
            return settle.extend(transaction, ref, ttl_seconds=body.ttl_seconds, now_ms=now_ms)

        done = change(ref, verb)
        outcomes.extended()
        return answer(ReservationBody.of(done.reservation))

    @blueprint.post("/<ref>/return")
    @allow(SERVICE)
    @blueprint.output(ReservationBody)
    @blueprint.doc(operation_id="return_reservation", responses={404: "No such reservation", 409: "Never sold"})
    def take_back(ref: str) -> Response:
        """Put what was sold back on hand; again: the same answer"""
        return counted(change(ref, lambda transaction, now_ms: settle.take_back(transaction, ref, now_ms=now_ms)))

    return blueprint
