"""services/orders/domain/cart_changes.py: races that are lost, and what comes of them."""

import pytest

from services.orders.adapters.carts_memory import InMemoryCarts
from services.orders.domain.cart import Cart, CartLine, mark_ordered, new_cart, put_item, remove_item
from services.orders.domain.cart_changes import ATTEMPTS, MAX_PAUSE_SECONDS, change, discard, load
from services.orders.domain.cart_errors import CartChanged, CartNotFound, CartOrdered, CartStale
from services.orders.domain.money import Money

NOW = 1_800_000_000_000


def line(sku: str) -> CartLine:
    """A line at a euro."""
    return CartLine(sku=sku, quantity=1, unit_price=Money(minor_units=100, currency="EUR"), name="Pan")


class Raced(InMemoryCarts):
    """Somebody else is faster than the first *losses* writes."""

    def __init__(self, losses: int = 0) -> None:
        super().__init__(now=lambda: NOW / 1000)
        self.losses = losses
        self.writes = 0

    def save(self, cart: Cart, expected_version: int) -> None:
        self._race(cart.cart_id)
        super().save(cart, expected_version)

    def delete(self, cart_id: str, expected_version: int) -> None:
        self._race(cart_id)
        super().delete(cart_id, expected_version)

    def _race(self, cart_id: str) -> None:
        self.writes += 1
        if self.losses > 0:
            self.losses -= 1
            there = self.get(cart_id)
            super().save(put_item(there, line(f"RIVAL-{there.version}"), now_ms=NOW), there.version)


class Pauses(list):
    """Waits that are noted, not waited."""

    def __call__(self, longest: float) -> None:
        self.append(longest)


def kept(carts: InMemoryCarts) -> Cart:
    """A cart with one line, in *carts*."""
    cart = put_item(new_cart(owner="u-1", now_ms=NOW), line("PAN-1"), now_ms=NOW)
    carts.create(cart)
    return cart


def put(cart: Cart) -> Cart:
    """One product more."""
    return put_item(cart, line("MINE-1"), now_ms=NOW)


def any_version(version: int) -> bool:
    """No If-Match."""
    return True


def test_a_change_that_nobody_disturbs_waits_for_nothing() -> None:
    """One write, no pause."""
    carts, pauses = Raced(), Pauses()
    changed = change(carts, kept(carts), put, accepts=any_version, pause=pauses)
    assert carts.get(changed.cart_id) == changed
    assert (carts.writes, pauses) == (1, [])


def test_a_lost_race_is_run_again_on_what_is_there_now() -> None:
    """Both changes are in the cart; the pauses double up to their bound."""
    carts, pauses = Raced(losses=8), Pauses()
    changed = change(carts, kept(carts), put, accepts=any_version, pause=pauses)
    skus = [each.sku for each in carts.get(changed.cart_id).lines]
    assert (len(skus), skus[0], skus[-1]) == (10, "PAN-1", "MINE-1")
    assert pauses == [0.005, 0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1]


def test_races_are_lost_a_bounded_number_of_times() -> None:
    """Then the caller is told, and nothing of its change is kept."""
    carts, pauses = Raced(losses=1000), Pauses()
    cart = kept(carts)
    with pytest.raises(CartChanged):
        change(carts, cart, put, accepts=any_version, pause=pauses)
    assert carts.writes == ATTEMPTS
    assert sum(pauses) < ATTEMPTS * MAX_PAUSE_SECONDS
    assert "MINE-1" not in {each.sku for each in carts.get(cart.cart_id).lines}


def test_an_edit_without_effect_is_not_saved() -> None:
    """The version, and with it the ETag, stays."""
    carts = Raced()
    cart = kept(carts)
    same = change(carts, cart, lambda c: remove_item(c, "NONE-1", now_ms=NOW), accepts=any_version, pause=Pauses())
    assert same is cart
    assert carts.writes == 0


def test_a_version_that_is_not_expected_is_not_changed() -> None:
    """Whether it was so from the start or became so by a race."""
    carts = Raced()
    cart = kept(carts)
    with pytest.raises(CartStale):
        change(carts, cart, put, accepts=lambda version: version == 1, pause=Pauses())
    assert carts.writes == 0
    carts.losses = 1
    with pytest.raises(CartStale):
        change(carts, cart, put, accepts=lambda version: version == cart.version, pause=Pauses())
    assert [each.sku for each in carts.get(cart.cart_id).lines] == ["PAN-1", "RIVAL-2"]


def test_a_cart_that_was_ordered_meanwhile_is_not_changed() -> None:
    """The rule holds for the version that is there, not for the one that was read."""
    carts = Raced()
    cart = kept(carts)
    carts.save(mark_ordered(cart, now_ms=NOW), cart.version)
    with pytest.raises(CartOrdered):
        change(carts, cart, put, accepts=any_version, pause=Pauses())
    with pytest.raises(CartOrdered):
        discard(carts, cart, accepts=any_version, pause=Pauses())
    assert carts.get(cart.cart_id).lines == cart.lines


def test_a_cart_is_discarded_after_a_lost_race() -> None:
    """It is gone, whoever else changed it."""
    carts = Raced(losses=2)
    cart = kept(carts)
    discard(carts, cart, accepts=any_version, pause=Pauses())
    with pytest.raises(CartNotFound):
        carts.get(cart.cart_id)


def test_a_cart_that_vanished_is_not_found() -> None:
    """Changing or discarding it makes no new one."""
    carts = Raced()
    cart = kept(carts)
    carts.delete(cart.cart_id, cart.version)
    for act in (
        lambda: change(carts, cart, put, accepts=any_version, pause=Pauses()),
        lambda: discard(carts, cart, accepts=any_version, pause=Pauses()),
    ):
        with pytest.raises(CartNotFound):
            act()


@pytest.mark.parametrize("cart_id", ["", "cart_1", "cart_" + "g" * 32, "../" * 12, "cart_" + "0" * 32 + "\n"])
def test_a_malformed_id_asks_no_store(cart_id: str) -> None:
    """It names no cart."""
    with pytest.raises(CartNotFound):
        load(None, cart_id, "u-1")  # type: ignore[arg-type]


def test_somebody_elses_cart_is_not_found() -> None:
    """As if there were none."""
    carts = Raced()
    cart = kept(carts)
    assert load(carts, cart.cart_id, "u-1") == cart
    with pytest.raises(CartNotFound):
        load(carts, cart.cart_id, "u-2")
