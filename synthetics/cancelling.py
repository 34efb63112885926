"""Buying something and cancelling it: the money comes back, and the unit is on the shelf again."""

from synthetics import expect, reserved
from synthetics.browsing import THINK_SECONDS
from synthetics.cart import choosing, making_cart, putting, seeing_cart
from synthetics.cleaning_up import CLEAN_UP
from synthetics.expect import Answer, Body
from synthetics.journey import Journey, RunIn, Step, Visit
from synthetics.ordering import (
    REFUNDED,
    WORKER_TRIES,
    checking_out,
    counting,
    listing,
    order_path,
    placed,
    same_order,
    seeing_order,
    units_back,
)
from synthetics.signing_in import SIGN_IN


def _refunded(visit: Visit, answer: Answer) -> None:
    """All of what was paid is paid back, or will be."""
    found = expect.json_answer(answer)
    same_order(visit, found)
    visit.state = expect.text(found, "state")
    undone = visit.state in ("REFUND_PENDING", REFUNDED)
    expect.is_true(undone, f"the order is {visit.state[:20]}, expected REFUNDED")


def _listed_refunded(visit: Visit, found: list[Body]) -> None:
    mine = [each.get("state") for each in found if each.get("order_id") == visit.order_id]
    expect.is_true(mine == [REFUNDED], f"the order is listed {len(mine)} times, expected once, as REFUNDED")


CANCEL_REFUND = Journey(
    name="cancel-refund",
    run_in=frozenset({RunIn.PROBE}),
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=(
        choosing(reserved.TO_REFUND),
        counting(reserved.TO_REFUND),
        *SIGN_IN,
        making_cart(),
        putting(),
        seeing_cart(),
        checking_out(placed),
        seeing_order(),
        Step(
            name="cancel order",
            method="POST",
            path=lambda visit: f"{order_path(visit)}/cancel",
            headers=lambda visit: {**visit.account.bearer, "Idempotency-Key": f"cancel-{visit.order_id}"},
            expected=(200, 202),
            check=_refunded,
        ),
        Step(
            name="see refund",
            path=order_path,
            headers=lambda visit: visit.account.bearer,
            check=_refunded,
            settled=lambda visit: visit.state == REFUNDED,
            tries=WORKER_TRIES,
        ),
        units_back(reserved.TO_REFUND),
        listing(_listed_refunded),
    ),
    clean_up=CLEAN_UP,
)
