"""Buying something: choosing what is there, signing in, the checkout with a test card, the order that comes of it."""

from urllib.parse import urlencode

from synthetics import expect, reserved
from synthetics.browsing import STOCK, THINK_SECONDS, category_of, list_path
from synthetics.cart import DECLINED_CARD, GOOD_CARD, making_cart, putting, seeing_cart
from synthetics.cleaning_up import CLEAN_UP
from synthetics.expect import Answer
from synthetics.journey import Journey, RunIn, Step, Visit
from synthetics.ordering import (
    CARD_DECLINED,
    OUT_OF_STOCK,
    PRICE_CHANGED,
    checking_out,
    listed_once,
    listing,
    placed,
    seeing_order,
)
from synthetics.signing_in import SIGN_IN

# Shares of visits: cards that are declined, shoppers who come back after a logout, carts with a second product.
DECLINED, LOGS_IN, BUYS_TWO = 0.03, 0.3, 0.3
# What a shopper cannot have, by the shop's word for it: correct answers, which end the purchase.
NOT_TO_BE_HAD = (OUT_OF_STOCK, PRICE_CHANGED)
# From the beginning of the checkout.
CONFIRMED_SECONDS = 5.0


def _arrive(visit: Visit) -> str:
    """The path of the first step; on the way in the shopper decides how to pay, and whether to log in afresh."""
    visit.payment_method = GOOD_CARD
    if not visit.probes:
        if visit.random.random() < DECLINED:
            visit.payment_method = DECLINED_CARD
        if visit.random.random() < LOGS_IN:
            visit.account.forget()
    return "/api/v1/categories"


def _choose_category(visit: Visit, answer: Answer) -> None:
    slugs = [expect.text(each, "slug") for each in expect.rows(expect.json_answer(answer), "items")]
    expect.is_true(len(slugs) == len(set(slugs)), "a category is listed twice")
    open_to_all = [slug for slug in slugs if slug != reserved.CATEGORY]
    expect.is_true(len(open_to_all) > 0, "the shop has no category")
    visit.category = reserved.CATEGORY if visit.probes else visit.random.choice(open_to_all)


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
    if visit.probes:
        there = units.get(reserved.TO_BUY, 0) > 0
        expect.is_true(there, f"{reserved.TO_BUY}: none is there; staff have to count it anew")
        visit.wanted = [reserved.TO_BUY]
        return
    shelf = [sku for sku, count in units.items() if count > 0]
    if not shelf:
        visit.outcome = OUT_OF_STOCK
        return
    chosen = visit.random.choices(shelf, [units[sku] for sku in shelf], k=2 if visit.random.random() < BUYS_TWO else 1)
    visit.wanted = list(dict.fromkeys(chosen))


def _ordered(visit: Visit, answer: Answer) -> None:
    if answer.status not in (402, 409):
        paid_well = visit.payment_method == GOOD_CARD or answer.status == 202
        expect.is_true(paid_well, "paid with a card that is declined")
        placed(visit, answer)
        return
    right = {402: (CARD_DECLINED,), 409: NOT_TO_BE_HAD}[answer.status]
    visit.outcome = expect.text(expect.problem(answer, *right), "code")
    good_card = visit.payment_method == GOOD_CARD
    expect.is_true(answer.status == 409 or not good_card, "a good card was declined")
    # There is enough of what is reserved, and nobody changes its price.
    expect.is_true(not visit.probes, f"nothing was ordered: {visit.outcome}")


BUY = Journey(
    name="buy",
    run_in=frozenset({RunIn.PROBE, RunIn.LOAD}),
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
        making_cart(),
        putting(0),
        putting(1),
        seeing_cart(),
        checking_out(_ordered, expected=(201, 202, 402, 409)),
        seeing_order(within_seconds=CONFIRMED_SECONDS),
        listing(listed_once),
    ),
    clean_up=CLEAN_UP,
)
