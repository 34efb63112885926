"""Looking at another customer's order: to whoever asks, there is none. Its card was declined: nothing is paid.

An order of a visit before serves as well as a new one, and needs no gateway: who may see what is watched, not paying.
"""

from dataclasses import replace

from synthetics import expect, reserved
from synthetics.accounts import Account
from synthetics.browsing import THINK_SECONDS
from synthetics.cart import DECLINED_CARD, choosing, making_cart, putting, seeing_cart
from synthetics.cleaning_up import CLEAN_UP
from synthetics.expect import Answer
from synthetics.journey import Journey, RunIn, Step, Visit
from synthetics.ordering import (
    DECLINED,
    ORDERS,
    SETTLING,
    checking_out,
    declined,
    listing,
    order_path,
    placed,
    same_order,
)
from synthetics.signing_in import SIGN_IN, sign_in

OTHER = "other"
# What differs from answer to answer, and tells nothing of the order.
OF_THE_REQUEST = ("request_id", "trace_id")


def _other(visit: Visit) -> Account:
    return visit.others[OTHER]


def _declined(visit: Visit, answer: Answer) -> None:
    if answer.status == 402:
        declined(visit, answer)
    else:
        # The gateway's answer was lost: the order is there all the same, and that is what this is about.
        placed(visit, answer)


def _one_of_before(visit: Visit, found: list[expect.Body]) -> None:
    orders = [expect.text(each, "order_id") for each in found if each.get("state") == DECLINED]
    visit.order_id = orders[0] if orders else ""


def _has_none(visit: Visit) -> bool:
    return visit.order_id == ""


def _own(visit: Visit, answer: Answer) -> None:
    found = expect.json_answer(answer)
    if visit.cart_id:
        same_order(visit, found)
    expect.is_true(found.get("order_id") == visit.order_id, "asked for an order, got another")
    expect.is_true(found.get("state") in (DECLINED, *SETTLING), "an order whose card is declined was paid")


def _unknown(visit: Visit, answer: Answer) -> None:
    visit.words = _said(answer)


def _no_different(visit: Visit, answer: Answer) -> None:
    same = _said(answer) == visit.words
    expect.is_true(same, "the answer tells another's order from one that is not there")


def _said(answer: Answer) -> str:
    found = expect.problem(answer, "order_not_found")
    return repr(sorted((key, value) for key, value in found.items() if key not in OF_THE_REQUEST))


FOREIGN_ORDER = Journey(
    name="foreign-order",
    run_in=frozenset({RunIn.PROBE}),
    think_seconds=THINK_SECONDS,
    signs_in=True,
    others=(OTHER,),
    steps=(
        *SIGN_IN,
        listing(_one_of_before),
        # The steps up to the checkout are those of who chose something.
        replace(choosing(reserved.TO_BUY, DECLINED_CARD), when=_has_none),
        making_cart(),
        putting(),
        seeing_cart(),
        checking_out(_declined, expected=(402, 202)),
        Step(name="see order", path=order_path, headers=lambda visit: visit.account.bearer, check=_own),
        *sign_in(_other),
        Step(
            name="see unknown order",
            # As long as an id is; nobody's, as it is the visit's.
            path=lambda visit: f"{ORDERS}/ord_{visit.visit_id}",
            headers=lambda visit: _other(visit).bearer,
            expected=(404,),
            check=_unknown,
            who=_other,
        ),
        Step(
            name="see foreign order",
            path=order_path,
            headers=lambda visit: _other(visit).bearer,
            expected=(404,),
            check=_no_different,
            who=_other,
        ),
        Step(
            name="cancel foreign order",
            method="POST",
            path=lambda visit: f"{order_path(visit)}/cancel",
            headers=lambda visit: {**_other(visit).bearer, "Idempotency-Key": f"cancel-{visit.order_id}"},
            expected=(404,),
            check=_no_different,
            who=_other,
        ),
    ),
    clean_up=CLEAN_UP,
)
