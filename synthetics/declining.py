"""A card that is declined and another that is not; and a product that is sold out: the shop's correct refusals."""

from synthetics import expect, reserved
from synthetics.browsing import THINK_SECONDS
from synthetics.cart import DECLINED_CARD, GOOD_CARD, choosing, making_cart, putting, seeing_cart
from synthetics.cleaning_up import CLEAN_UP
from synthetics.expect import Answer, Body
from synthetics.journey import Journey, RunIn, Step, Visit
from synthetics.ordering import (
    BOUGHT,
    DECLINED,
    OUT_OF_STOCK,
    SETTLING,
    checking_out,
    counting,
    declined,
    listed_once,
    listing,
    order_path,
    placed,
    same_order,
    seeing_order,
    units_back,
)
from synthetics.signing_in import SIGN_IN


def _see_declined(visit: Visit, answer: Answer) -> None:
    found = expect.json_answer(answer)
    same_order(visit, found)
    expect.is_true(found.get("state") == DECLINED, "the order of a declined card is not DECLINED")
    expect.text(found, "decline_code")
    visit.payment_method = GOOD_CARD


def _nothing_sold(visit: Visit, answer: Answer) -> None:
    found = expect.problem(answer, OUT_OF_STOCK)
    visit.outcome = OUT_OF_STOCK
    lines = [(each.get("sku"), each.get("requested"), each.get("available")) for each in expect.rows(found, "lines")]
    expect.is_true(lines == [(reserved.SOLD_OUT, 1, 0)], f"{len(lines)} lines are named, not the one that is sold out")


def _nothing_bought(visit: Visit, found: list[Body]) -> None:
    bought = sum(each.get("cart_id") == visit.cart_id and each.get("state") in (*SETTLING, *BOUGHT) for each in found)
    expect.is_true(bought == 0, "what is sold out was ordered all the same")


DECLINE_RETRY = Journey(
    name="decline-retry",
    run_in=frozenset({RunIn.PROBE}),
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=(
        choosing(reserved.TO_DECLINE, DECLINED_CARD),
        counting(reserved.TO_DECLINE),
        *SIGN_IN,
        making_cart(),
        putting(),
        seeing_cart(),
        checking_out(declined, expected=(402,)),
        Step(
            name="see declined order",
            path=order_path,
            headers=lambda visit: visit.account.bearer,
            check=_see_declined,
        ),
        units_back(reserved.TO_DECLINE),
        checking_out(placed, name="check out again", attempt=2),
        seeing_order(),
        listing(listed_once),
    ),
    clean_up=CLEAN_UP,
)
OUT_OF_STOCK_JOURNEY = Journey(
    name="out-of-stock",
    run_in=frozenset({RunIn.PROBE}),
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=(
        choosing(reserved.SOLD_OUT),
        *SIGN_IN,
        making_cart(),
        putting(),
        checking_out(_nothing_sold, expected=(409,)),
        listing(_nothing_bought),
    ),
    clean_up=CLEAN_UP,
)
