"""So many buyers who want the same few units at the same moment: each is sold once, and all others are told cleanly.

Whoever drives it, in this order:

1. walks `count_units(n)`: staff count the product to *n* units;
2. walks STAMPEDE once for each buyer, all at once, with *wait* as the visit's `barrier`. Each calls it before its
   checkout; it is to return when all who are still on the way are there. A buyer who fails earlier never calls it.
   The time that the checkout takes does not hold the wait;
3. counts the visits: `outcome` is `ordered` n times and `out_of_stock` for the rest, and all of them PASSED. Buyers may
   share an account, as a cart is a buyer's own;
4. walks CLEAR_AWAY for each account, with `probes` set, which cancels what it bought, and then `count_units(0)`.
"""

from synthetics import expect, reserved
from synthetics.accounts import STAFF
from synthetics.browsing import STOCK, THINK_SECONDS
from synthetics.cart import choosing, making_cart, putting
from synthetics.cleaning_up import CLEAN_UP
from synthetics.expect import Answer
from synthetics.journey import Journey, RunIn, Step, Visit
from synthetics.ordering import (
    OUT_OF_STOCK,
    checking_out,
    placed,
    seeing_order,
)
from synthetics.signing_in import SIGN_IN, of_staff, sign_in

LOAD = frozenset({RunIn.LOAD})


def _first_come(visit: Visit, answer: Answer) -> None:
    """The unit is sold to this buyer, or 409 names the product."""
    if answer.status != 409:
        placed(visit, answer)
        return
    found = expect.problem(answer, OUT_OF_STOCK)
    visit.outcome = OUT_OF_STOCK
    skus = [each.get("sku") for each in expect.rows(found, "lines")]
    expect.is_true(skus == [reserved.STAMPEDE], f"{len(skus)} lines are named, not the one that is sold out")


STAMPEDE = Journey(
    name="stampede",
    run_in=LOAD,
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=(
        choosing(reserved.STAMPEDE),
        *SIGN_IN,
        making_cart(),
        putting(),
        checking_out(_first_come, expected=(201, 202, 409), together=True),
        seeing_order(),
    ),
)
CLEAR_AWAY = Journey(
    name="clear away",
    run_in=LOAD,
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=SIGN_IN,
    clean_up=CLEAN_UP,
)


def count_units(units: int) -> Journey:
    """What staff do before and after: so many units of the product are there."""

    def check(visit: Visit, answer: Answer) -> None:
        stock = expect.json_answer(answer).get("stock")
        counted = isinstance(stock, dict) and stock.get("available") == units
        expect.is_true(counted, f"{reserved.STAMPEDE} was counted to {units} units, but has not so many")

    count = Step(
        name="count units",
        method="POST",
        path=lambda visit: f"{STOCK}/{reserved.STAMPEDE}/movements",
        headers=lambda visit: {**of_staff(visit).bearer, "Idempotency-Key": f"count-{visit.visit_id}"},
        body=lambda visit: {"kind": "count", "quantity": units, "reason": "Stampede"},
        expected=(201,),
        check=check,
        who=of_staff,
    )
    return Journey(
        name="count units",
        run_in=LOAD,
        think_seconds=THINK_SECONDS,
        others=(STAFF,),
        steps=(*sign_in(of_staff), count),
    )
