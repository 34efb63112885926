"""Submitting an order twice with one key, as an impatient finger or a client that lost the answer does: one order."""

from synthetics import expect, reserved
from synthetics.browsing import THINK_SECONDS
from synthetics.cart import choosing, making_cart, putting, seeing_cart
from synthetics.cleaning_up import CLEAN_UP
from synthetics.expect import Answer
from synthetics.journey import Journey, RunIn, Visit
from synthetics.ordering import checking_out, listing, only_order_of_cart, order, placed, seeing_order
from synthetics.signing_in import SIGN_IN


def _the_same(visit: Visit, answer: Answer) -> None:
    again = expect.text(expect.json_answer(answer), "order_id")
    expect.is_true(again == visit.order_id, "the same key and body made a second order")
    order(visit, answer)


DOUBLE_SUBMIT = Journey(
    name="double-submit",
    run_in=frozenset({RunIn.PROBE}),
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=(
        choosing(reserved.TO_BUY),
        *SIGN_IN,
        making_cart(),
        putting(),
        seeing_cart(),
        checking_out(placed),
        checking_out(_the_same, name="check out again"),
        seeing_order(),
        listing(only_order_of_cart),
    ),
    clean_up=CLEAN_UP,
)
