"""What all who order have in common: the checkout, the order that comes of it, stock, and the list of one's orders."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

from synthetics import expect
from synthetics.browsing import STOCK
from synthetics.cart import DECLINED_CARD, has_cart
from synthetics.expect import Answer
from synthetics.journey import Step, Visit

ORDERS = "/api/v1/orders"
ORDERED, CARD_DECLINED, OUT_OF_STOCK, PRICE_CHANGED = "ordered", "card_declined", "out_of_stock", "price_changed"
SETTLING = ("PENDING", "RESERVED", "PAYING", "PAYMENT_UNKNOWN")
BOUGHT = ("CONFIRMED", "FULFILLED")
DECLINED, REFUNDED = "DECLINED", "REFUNDED"
LISTED = 20
# Asked for every half second by a probe: twice as long as an order may take, so that it is known to be late.
ORDER_TRIES = 20
# For what the shop's worker does after its answer: units go back on the shelf, a payment is asked about again.
WORKER_TRIES = 60


def order_path(visit: Visit) -> str:
    """The visit's order."""
    return f"{ORDERS}/{quote(visit.order_id, safe='')}"


def counting(sku: str, *, name: str = "see stock") -> Step:
    """Step that notes how many units of *sku* there are before anything is bought."""

    def check(visit: Visit, answer: Answer) -> None:
        visit.units = available(answer, sku)
        expect.is_true(visit.units > 0, f"{sku}: none is there; staff have to count it anew")

    return Step(name=name, path=lambda visit: f"{STOCK}/{sku}", check=check)


def units_back(sku: str) -> Step:
    """Step that waits until as many units of *sku* are there as before.

    Never more are expected to be there, but they may: an earlier visit's come back at last. Units that were invented
    are what reconciliation finds.
    """

    def check(visit: Visit, answer: Answer) -> None:
        visit.settled = available(answer, sku) >= visit.units

    return Step(
        name="see stock again",
        path=lambda visit: f"{STOCK}/{sku}",
        check=check,
        settled=lambda visit: visit.settled,
        tries=WORKER_TRIES,
    )


def available(answer: Answer, sku: str) -> int:
    """How many units of *sku* there are."""
    found = expect.json_answer(answer)
    expect.is_true(found.get("sku") == sku, f"asked for the stock of {sku}, got another")
    units = found.get("available")
    expect.is_true(type(units) is int and units >= 0, f"{sku}: {units!r} available")
    return int(units or 0)


def checking_out(
    check: Callable[[Visit, Answer], None],
    *,
    name: str = "check out",
    attempt: int = 1,
    card: str | None = None,
    expected: tuple[int, ...] = (201, 202),
    together: bool = False,
) -> Step:
    """Step that orders the cart. *attempt*: another one is another Idempotency-Key. *card*: None: the visit's."""
    return Step(
        name=name,
        method="POST",
        path=lambda visit: ORDERS,
        headers=lambda visit: {**visit.account.bearer, "Idempotency-Key": f"{visit.visit_id}-{attempt}"},
        body=lambda visit: {"cart_id": visit.cart_id, "payment_method": card or visit.payment_method},
        expected=expected,
        check=check,
        when=has_cart,
        together=together,
    )


def placed(visit: Visit, answer: Answer) -> None:
    """The checkout ended with an order, or will."""
    visit.order_id, visit.outcome = expect.text(expect.json_answer(answer), "order_id"), ORDERED
    if answer.status == 201:
        order(visit, answer)


def declined(visit: Visit, answer: Answer) -> None:
    """The checkout was refused for the card's sake: 402, with the order that came to nothing."""
    found = expect.problem(answer, CARD_DECLINED)
    expect.text(found, "decline_code")
    visit.order_id, visit.outcome = expect.text(found, "order_id"), CARD_DECLINED


def order(visit: Visit, answer: Answer) -> None:
    """The order is the one that was placed, at the price that the cart showed, and can still be had."""
    found = expect.json_answer(answer)
    same_order(visit, found)
    visit.state = expect.text(found, "state")
    bought = visit.state in (*SETTLING, *BOUGHT)
    # What was still being settled may be declined in the end, with a card that is.
    was_declined = visit.state == DECLINED and visit.payment_method == DECLINED_CARD
    expect.is_true(bought or was_declined, f"the order is {visit.state[:20]}, expected CONFIRMED")


def same_order(visit: Visit, found: expect.Body) -> None:
    """*found* is the visit's order, whatever has become of it; its lines add up."""
    expect.is_true(found.get("order_id") == visit.order_id, "asked for an order, got another")
    expect.is_true(found.get("cart_id") == visit.cart_id, "the order is of another cart")
    total = expect.amount(found, "total")
    expect.is_true(total == visit.total, f"the order costs {total}, the cart showed {visit.total}")
    lines = {expect.text(each, "sku"): each for each in expect.rows(found, "lines")}
    ordered = {sku: line.get("quantity") for sku, line in lines.items()}
    expect.is_true(ordered == dict.fromkeys(visit.wanted, 1), f"the order has {len(lines)} lines, not the cart's")
    together = sum(expect.amount(line, "total") for line in lines.values())
    expect.is_true(total == together, f"the order costs {total}, its lines {together} together")


def seeing_order(*, within_seconds: float | None = None, tries: int = ORDER_TRIES) -> Step:
    """Step that waits until the order is settled."""
    return Step(
        name="see order",
        path=order_path,
        headers=lambda visit: visit.account.bearer,
        check=order,
        when=lambda visit: visit.outcome == ORDERED,
        settled=lambda visit: visit.state not in SETTLING,
        tries=tries,
        within_seconds=within_seconds,
        since="" if within_seconds is None else "check out",
    )


def listing(check: Callable[[Visit, list[expect.Body]], None]) -> Step:
    """Step that looks at the newest of one's orders."""
    return Step(
        name="list orders",
        path=lambda visit: f"{ORDERS}?{urlencode({'limit': LISTED})}",
        headers=lambda visit: visit.account.bearer,
        check=lambda visit, answer: check(visit, expect.rows(expect.json_answer(answer), "items")),
    )


def listed_once(visit: Visit, found: list[expect.Body]) -> None:
    """The order is among one's own, once, and no other is of its cart."""
    if visit.outcome == ORDERED:
        mine = sum(each.get("order_id") == visit.order_id for each in found)
        expect.is_true(mine == 1, f"the order is listed {mine} times, expected once")


def only_order_of_cart(visit: Visit, found: list[expect.Body]) -> None:
    """However often it was submitted, the cart was ordered once."""
    listed_once(visit, found)
    of_cart = sum(each.get("cart_id") == visit.cart_id for each in found)
    expect.is_true(of_cart == 1, f"the cart was ordered {of_cart} times, expected once")
