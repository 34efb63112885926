"""A cart: choosing what is to go in, putting it in, and looking at it."""

from collections.abc import Callable
from urllib.parse import quote

from synthetics import expect
from synthetics.browsing import PRODUCTS
from synthetics.expect import Answer
from synthetics.journey import Step, Visit

CARTS = "/api/v1/carts"
# Words of the gateway for test cards.
GOOD_CARD, DECLINED_CARD = "tok_visa", "tok_declined"


def has_cart(visit: Visit) -> bool:
    """Whether there is something to order from."""
    return visit.cart_id != ""


def choosing(sku: str, payment_method: str = GOOD_CARD) -> Step:
    """Step that reads the product *sku*, which the visit is about: its price is what the cart is to show."""

    def check(visit: Visit, answer: Answer) -> None:
        found = expect.product(expect.json_answer(answer))
        expect.is_true(found["sku"] == sku, f"asked for {sku}, got another product")
        visit.wanted, visit.prices = [sku], {sku: found["price"]["minor_units"]}
        visit.payment_method = payment_method

    return Step(name="open product", path=lambda visit: f"{PRODUCTS}/{sku}", check=check)


def making_cart(when: Callable[[Visit], bool] = lambda visit: len(visit.wanted) > 0) -> Step:
    """Step that makes an empty cart."""
    return Step(
        name="make cart",
        method="POST",
        path=lambda visit: CARTS,
        headers=lambda visit: visit.account.bearer,
        body=lambda visit: {},
        expected=(201,),
        check=_made,
        when=when,
    )


def putting(number: int = 0) -> Step:
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


def seeing_cart() -> Step:
    """Step that looks at the cart as a whole."""
    return Step(
        name="see cart",
        path=lambda visit: f"{CARTS}/{quote(visit.cart_id, safe='')}",
        headers=lambda visit: visit.account.bearer,
        check=lambda visit, answer: _cart(visit, answer, visit.wanted),
        when=has_cart,
    )


def _made(visit: Visit, answer: Answer) -> None:
    found = expect.json_answer(answer)
    visit.cart_id = expect.text(found, "cart_id")
    expect.is_true(expect.rows(found, "lines") == [], "a new cart is not empty")


def _cart(visit: Visit, answer: Answer, skus: list[str]) -> None:
    """The cart holds one piece each of *skus*, and costs what they cost together."""
    found = expect.json_answer(answer)
    lines = {expect.text(each, "sku"): each.get("quantity") for each in expect.rows(found, "lines")}
    expect.is_true(lines == dict.fromkeys(skus, 1), f"the cart holds {len(lines)} lines, not what was put in")
    visit.total, listed = expect.amount(found, "total"), sum(visit.prices[sku] for sku in skus)
    expect.is_true(visit.total == listed, f"the cart costs {visit.total}, its products are listed for {listed}")
