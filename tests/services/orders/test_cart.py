"""services/orders/domain/cart.py: the rules of a cart, without any store."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.cart import (
    LIFETIME_MS,
    MAX_LINES,
    MAX_QUANTITY,
    Cart,
    CartLine,
    CartState,
    Offer,
    mark_ordered,
    new_cart,
    put_item,
    remove_item,
    reopen,
    reprice,
)
from services.orders.domain.cart_errors import CartEmpty, CartFull, CartOrdered, CurrencyMismatch, InvalidCart
from services.orders.domain.money import MAX_MINOR_UNITS, Money

NOW = 1_800_000_000_000
EMPTY = new_cart(owner="u-1", now_ms=NOW)


def line(sku: str, quantity: int = 1, cents: int = 100, currency: str = "EUR", name: str = "Pan") -> CartLine:
    """A line at *cents*."""
    return CartLine(sku=sku, quantity=quantity, unit_price=Money(minor_units=cents, currency=currency), name=name)


def cart_of(*lines: CartLine) -> Cart:
    """A cart with *lines*."""
    return replace(EMPTY, lines=lines)


def offer(sku: str, cents: int, currency: str = "EUR", name: str = "Pan") -> Offer:
    """What the catalog says of *sku*."""
    return Offer(sku=sku, name=name, price=Money(minor_units=cents, currency=currency), version=2)


PAN, CUP = line("PAN-1", 2, 250), line("CUP-1", 3, 100)
BOTH = cart_of(PAN, CUP)


def test_a_new_cart_is_empty_and_open() -> None:
    """Version 1, no total, an id that is its own."""
    other = new_cart(owner="u-1", now_ms=NOW)
    assert (EMPTY.lines, EMPTY.state, EMPTY.version, EMPTY.total) == ((), CartState.OPEN, 1, None)
    assert other.cart_id != EMPTY.cart_id


def test_the_total_is_what_all_lines_cost() -> None:
    """Quantities times prices, in the cart's currency."""
    assert BOTH.total == Money(minor_units=2 * 250 + 3 * 100, currency="EUR")


def test_the_dearest_cart_is_a_number_that_json_holds() -> None:
    """50 lines of 99 at the highest price are below 2^53, and so exact in every client."""
    lines = tuple(line(f"SKU-{number}", MAX_QUANTITY, MAX_MINOR_UNITS) for number in range(MAX_LINES))
    total = cart_of(*lines).total
    assert total is not None
    assert total.minor_units < 2**53


def test_an_item_goes_to_the_end() -> None:
    """What was put in last stands last."""
    new = line("NEW-1")
    assert put_item(BOTH, new, now_ms=NOW).lines == (PAN, CUP, new)


def test_an_item_that_is_there_is_replaced_in_its_place() -> None:
    """Its quantity is set, not added to; its price is the new one."""
    more = line("PAN-1", 5, 260)
    assert put_item(BOTH, more, now_ms=NOW).lines == (more, CUP)


def test_a_full_cart_takes_no_line_more() -> None:
    """50 lines are the most; one of the fifty can still be changed."""
    full = cart_of(*(line(f"SKU-{number}") for number in range(MAX_LINES)))
    with pytest.raises(CartFull):
        put_item(full, line("NEW-1"), now_ms=NOW)
    assert put_item(full, line("SKU-7", 9), now_ms=NOW).lines[7].quantity == 9


def test_a_cart_has_one_currency() -> None:
    """Another one is refused, unless the only line is the one that changes."""
    with pytest.raises(CurrencyMismatch):
        put_item(BOTH, line("NEW-1", currency="USD"), now_ms=NOW)
    dollars = put_item(cart_of(PAN), line("PAN-1", currency="USD"), now_ms=NOW)
    assert dollars.total == Money(minor_units=100, currency="USD")


def test_an_item_is_removed() -> None:
    """The others stay in their order."""
    assert remove_item(BOTH, "PAN-1", now_ms=NOW).lines == (CUP,)


def test_removing_what_is_not_there_changes_nothing() -> None:
    """It is the very same cart, so that nothing is saved."""
    assert remove_item(BOTH, "NEW-1", now_ms=NOW) is BOTH


def test_repricing_takes_prices_and_names_of_the_offers() -> None:
    """Quantities stay, and so do lines without an offer."""
    repriced = reprice(BOTH, {"PAN-1": offer("PAN-1", 199, name="Wok")}, now_ms=NOW)
    assert repriced.lines == (line("PAN-1", 2, 199, name="Wok"), CUP)


def test_repricing_at_the_same_prices_changes_nothing() -> None:
    """It is the very same cart: nothing for its owner to look at again."""
    assert reprice(BOTH, {"PAN-1": offer("PAN-1", 250), "CUP-1": offer("CUP-1", 100)}, now_ms=NOW) is BOTH


def test_repricing_keeps_one_currency() -> None:
    """A product that is sold for other money now cannot stay beside the others."""
    with pytest.raises(CurrencyMismatch):
        reprice(BOTH, {"PAN-1": offer("PAN-1", 250, "USD")}, now_ms=NOW)


def test_an_ordered_cart_refuses_every_change() -> None:
    """Nothing goes in or out, no price changes, nobody orders it again."""
    ordered = mark_ordered(BOTH, now_ms=NOW)
    assert (ordered.state, ordered.lines) == (CartState.ORDERED, BOTH.lines)
    for change in (
        lambda: put_item(ordered, PAN, now_ms=NOW),
        lambda: remove_item(ordered, "PAN-1", now_ms=NOW),
        lambda: remove_item(ordered, "NEW-1", now_ms=NOW),
        lambda: reprice(ordered, {}, now_ms=NOW),
        lambda: mark_ordered(ordered, now_ms=NOW),
    ):
        with pytest.raises(CartOrdered):
            change()


def test_an_empty_cart_cannot_be_ordered() -> None:
    """There is nothing to pay for."""
    with pytest.raises(CartEmpty):
        mark_ordered(EMPTY, now_ms=NOW)


def test_a_reopened_cart_can_be_changed_again() -> None:
    """With the lines that it had; an open one is left as it is."""
    reopened = reopen(mark_ordered(BOTH, now_ms=NOW), now_ms=NOW)
    assert (reopened.state, reopened.lines, reopened.version) == (CartState.OPEN, BOTH.lines, 3)
    assert reopen(BOTH, now_ms=NOW) is BOTH


def test_a_clock_that_went_back_does_not_shorten_a_cart() -> None:
    """The time of the last change never becomes an earlier one."""
    assert put_item(BOTH, PAN, now_ms=NOW - 1000).updated_at_ms == NOW
    assert put_item(BOTH, PAN, now_ms=NOW + 1000).expires_at_ms == NOW + 1000 + LIFETIME_MS


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"quantity": 0}, id="none"),
        pytest.param({"quantity": -1}, id="less than none"),
        pytest.param({"quantity": 100}, id="more than 99"),
        pytest.param({"quantity": 1.5}, id="a fraction"),
        pytest.param({"quantity": True}, id="a truth"),
        pytest.param({"sku": "pan-1"}, id="a malformed SKU"),
        pytest.param({"sku": "PAN-1\n"}, id="a SKU with a line end"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"name": "n" * 201}, id="an endless name"),
        pytest.param({"name": "pa\0n"}, id="a name that PostgreSQL cannot hold"),
        pytest.param({"unit_price": Money(minor_units=0, currency="EUR")}, id="for nothing"),
        pytest.param({"unit_price": Money(minor_units=-1, currency="EUR")}, id="for less than nothing"),
        pytest.param({"unit_price": Money(minor_units=10**12 + 1, currency="EUR")}, id="dearer than anything"),
    ],
)
def test_a_line_that_cannot_be_sold_is_not_made(changed: dict) -> None:
    """Whatever let it through, no cart holds it."""
    with pytest.raises(InvalidCart):
        replace(PAN, **changed)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"cart_id": "cart_1"}, id="a short id"),
        pytest.param({"cart_id": "cart_" + "A" * 32}, id="an id in capitals"),
        pytest.param({"owner": ""}, id="nobody's"),
        pytest.param({"owner": "u" * 129}, id="an endless owner"),
        pytest.param({"version": 0}, id="before its first version"),
        pytest.param({"lines": (PAN, PAN)}, id="one product twice"),
        pytest.param({"lines": (PAN, line("USD-1", currency="USD"))}, id="two currencies"),
        pytest.param({"lines": tuple(line(f"SKU-{number}") for number in range(51))}, id="51 lines"),
    ],
)
def test_a_cart_that_cannot_be_is_not_made(changed: dict) -> None:
    """Nor from a store whose rows somebody has edited."""
    with pytest.raises(InvalidCart):
        replace(EMPTY, **changed)


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "", "EUR\n"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    """Nothing else is money."""
    with pytest.raises(ValueError, match="capital letters"):
        Money(minor_units=1, currency=currency)


@pytest.mark.parametrize("amount", [1.0, "1", True, None])
def test_an_amount_is_a_whole_number(amount: object) -> None:
    """No float ever stands for money."""
    with pytest.raises(ValueError, match="whole number"):
        Money(minor_units=amount, currency="EUR")  # type: ignore[arg-type]


SKUS = st.sampled_from([f"SKU-{number}" for number in range(6)])
PUTS = st.tuples(SKUS, st.integers(1, MAX_QUANTITY), st.integers(1, 10_000))


@given(st.lists(PUTS | SKUS, max_size=20))
def test_a_cart_is_what_was_put_in_last(changes: list) -> None:
    """After any puts and removals: each SKU with its last quantity and price, and the total of just that."""
    cart, kept = EMPTY, {}
    for number, change in enumerate(changes):
        before = cart
        if isinstance(change, str):
            cart = remove_item(cart, change, now_ms=NOW + number)
            kept.pop(change, None)
        else:
            sku, quantity, cents = change
            cart = put_item(cart, line(sku, quantity, cents), now_ms=NOW + number)
            kept[sku] = (quantity, cents)
        assert cart is before or (cart.version, cart.updated_at_ms) == (before.version + 1, NOW + number)
    assert {each.sku: (each.quantity, each.unit_price.minor_units) for each in cart.lines} == kept
    total = sum(quantity * cents for quantity, cents in kept.values())
    assert (cart.total.minor_units if cart.total else 0) == total
