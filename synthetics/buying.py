"""Buying something: signing in, a cart, the checkout with a test card, and the order that comes of it."""

import uuid
from urllib.parse import quote, urlencode

from synthetics import expect
from synthetics.browsing import RESERVED, STOCK, THINK_SECONDS, category_of, list_path
from synthetics.expect import Answer
from synthetics.journey import Journey, Step, Visit
from synthetics.signing_in import SIGN_IN

CARTS, ORDERS = "/api/v1/carts", "/api/v1/orders"
GOOD_CARD, DECLINED_CARD = "tok_visa", "tok_declined"
# Shares of visits: cards that are declined, shoppers who come back after a logout, carts with a second product.
DECLINED, LOGS_IN, BUYS_TWO = 0.03, 0.3, 0.3
# What a shopper cannot have, by the shop's word for it: correct answers, which end the purchase.
NOT_TO_BE_HAD = ("out_of_stock", "price_changed")
ORDERED, DECLINED_CODE = "ordered", "card_declined"
SETTLING = ("PENDING", "RESERVED", "PAYING", "PAYMENT_UNKNOWN")


def _arrive(visit: Visit) -> str:
    """The path of the first step; on the way in the shopper decides how to pay, and whether to log in afresh."""
    visit.payment_method = DECLINED_CARD if visit.random.random() < DECLINED else GOOD_CARD
    if visit.random.random() < LOGS_IN:
        visit.account.forget()
    return "/api/v1/categories"


def _choose_category(visit: Visit, answer: Answer) -> None:
    slugs = [expect.text(each, "slug") for each in expect.rows(expect.json_answer(answer), "items")]
    expect.is_true(len(slugs) == len(set(slugs)), "a category is listed twice")
    open_to_all = [slug for slug in slugs if slug != RESERVED]
    expect.is_true(len(open_to_all) > 0, "the shop has no category")
    visit.category = visit.random.choice(open_to_all)


def _look_at_products(visit: Visit, answer: Answer) -> None:
    found = category_of(visit, answer)
    visit.skus = [each["sku"] for each in found]
    visit.prices = {each["sku"]: each["price"]["minor_units"] for each in found}


def _choose_available(visit: Visit, answer: Answer) -> None:
    """Choose one or two that are there. What there is more of sells more: no shelf is empty long before the others."""
    units: dict[str, int] = {}
    for each in expect.rows(expect.json_answer(answer), "items"):
        sku, available = expect.text(each, "sku"), each.get("available")
        expect.is_true(type(available) is int and available >= 0, f"{sku}: {available!r} available")
        units[sku] = int(available or 0)
    strays = sorted(set(units) - set(visit.skus))
    expect.is_true(not strays, f"not asked for: the stock of {', '.join(strays)}")
    there = [sku for sku, count in units.items() if count > 0]
    if not there:
        visit.outcome = NOT_TO_BE_HAD[0]
        return
    chosen = visit.random.choices(there, [units[sku] for sku in there], k=2 if visit.random.random() < BUYS_TWO else 1)
    visit.wanted = list(dict.fromkeys(chosen))


def _made(visit: Visit, answer: Answer) -> None:
    found = expect.json_answer(answer)
    visit.cart_id = expect.text(found, "cart_id")
    expect.is_true(expect.rows(found, "lines") == [], "a new cart is not empty")


def _put(number: int) -> Step:
    """Step that puts one piece of the shopper's choice *number* (0 or 1) into the cart."""

    def check(visit: Visit, answer: Answer) -> None:
        _cart(visit, answer, visit.wanted[: number + 1])

    return Step(
        name="put in cart",
        method="PUT",
        path=lambda visit: f"{CARTS}/{quote(visit.cart_id, safe='')}/items/{quote(visit.wanted[number], safe='')}",
        headers=lambda visit: visit.account.bearer,
        body=lambda visit: {"quantity": 1},
        check=check,
        when=lambda visit: len(visit.wanted) > number,
    )


def _cart(visit: Visit, answer: Answer, skus: list[str]) -> None:
    """The cart holds one piece each of *skus*, and costs what they cost together."""
    found = expect.json_answer(answer)
    lines = {expect.text(each, "sku"): each.get("quantity") for each in expect.rows(found, "lines")}
    expect.is_true(lines == dict.fromkeys(skus, 1), f"the cart holds {len(lines)} lines, not what was put in")
    visit.total, listed = expect.amount(found, "total"), sum(visit.prices[sku] for sku in skus)
    expect.is_true(visit.total == listed, f"the cart costs {visit.total}, its products are listed for {listed}")


def _ordered(visit: Visit, answer: Answer) -> None:
    found = expect.json_answer(answer)
    if answer.status in (402, 409):
        visit.outcome = expect.text(found, "code")
        right = {402: (DECLINED_CODE,), 409: NOT_TO_BE_HAD}[answer.status]
        expect.is_true(visit.outcome in right, f"status {answer.status}, but not as {' or '.join(right)}")
        good_card = visit.payment_method == GOOD_CARD
        expect.is_true(answer.status == 409 or not good_card, "a good card was declined")
        return
    expect.is_true(visit.payment_method == GOOD_CARD or answer.status == 202, "paid with a card that is declined")
    visit.order_id, visit.outcome = expect.text(found, "order_id"), ORDERED
    if answer.status == 201:
        _order(visit, answer)


def _order(visit: Visit, answer: Answer) -> None:
    """The order is the one that was placed, at the price that the cart showed, and can still be had."""
    found = expect.json_answer(answer)
    expect.is_true(found.get("order_id") == visit.order_id, "asked for an order, got another")
    expect.is_true(found.get("cart_id") == visit.cart_id, "the order is of another cart")
    total = expect.amount(found, "total")
    expect.is_true(total == visit.total, f"the order costs {total}, the cart showed {visit.total}")
    visit.state = expect.text(found, "state")
    bought = visit.state in (*SETTLING, "CONFIRMED", "FULFILLED")
    # What was still being settled may be declined in the end, with a card that is.
    declined = visit.state == "DECLINED" and visit.payment_method == DECLINED_CARD
    expect.is_true(bought or declined, f"the order is {visit.state[:20]}, expected CONFIRMED")


def _listed(visit: Visit, answer: Answer) -> None:
    found = expect.rows(expect.json_answer(answer), "items")
    if visit.outcome == ORDERED:
        mine = sum(each.get("order_id") == visit.order_id for each in found)
        expect.is_true(mine == 1, f"the order is listed {mine} times, expected once")


def _has_cart(visit: Visit) -> bool:
    return visit.cart_id != ""


BUY = Journey(
    name="buy",
    think_seconds=THINK_SECONDS,
    signs_in=True,
    steps=(
        Step(name="list categories", path=_arrive, check=_choose_category),
        Step(name="open category", path=list_path, check=_look_at_products),
        Step(
            name="see what is there",
            path=lambda visit: f"{STOCK}?{urlencode([('sku', sku) for sku in visit.skus])}",
            check=_choose_available,
        ),
        *SIGN_IN,
        Step(
            name="make cart",
            method="POST",
            path=lambda visit: CARTS,
            headers=lambda visit: visit.account.bearer,
            body=lambda visit: {},
            expected=(201,),
            check=_made,
            when=lambda visit: len(visit.wanted) > 0,
        ),
        _put(0),
        _put(1),
        Step(
            name="see cart",
            path=lambda visit: f"{CARTS}/{quote(visit.cart_id, safe='')}",
            headers=lambda visit: visit.account.bearer,
            check=lambda visit, answer: _cart(visit, answer, visit.wanted),
            when=_has_cart,
        ),
        Step(
            name="check out",
            method="POST",
            path=lambda visit: ORDERS,
            headers=lambda visit: {**visit.account.bearer, "Idempotency-Key": uuid.uuid4().hex},
            body=lambda visit: {"cart_id": visit.cart_id, "payment_method": visit.payment_method},
            expected=(201, 202, 402, 409),
            check=_ordered,
            when=_has_cart,
        ),
        Step(
            name="see order",
            path=lambda visit: f"{ORDERS}/{quote(visit.order_id, safe='')}",
            headers=lambda visit: visit.account.bearer,
            check=_order,
            when=lambda visit: visit.outcome == ORDERED,
            settled=lambda visit: visit.state not in SETTLING,
            tries=10,
        ),
        Step(
            name="list orders",
            path=lambda visit: f"{ORDERS}?{urlencode({'limit': 20})}",
            headers=lambda visit: visit.account.bearer,
            check=_listed,
        ),
    ),
)
