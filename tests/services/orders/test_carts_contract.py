"""What every `CartRepository` does, whatever keeps the carts."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from services.orders.domain.cart import (
    LIFETIME_MS,
    MAX_LINES,
    MAX_QUANTITY,
    Cart,
    CartLine,
    CartState,
    mark_ordered,
    new_cart,
    put_item,
    remove_item,
    reopen,
)
from services.orders.domain.cart_changes import change
from services.orders.domain.cart_errors import CartChanged, CartNotFound
from services.orders.domain.cart_ports import CartRepository
from services.orders.domain.money import MAX_MINOR_UNITS, Money

THREADS = 16


def line(sku: str, quantity: int = 1, cents: int = 250, name: str = "A pan") -> CartLine:
    """A line in euros."""
    return CartLine(sku=sku, quantity=quantity, unit_price=Money(minor_units=cents, currency="EUR"), name=name)


@pytest.fixture
def cart(carts: CartRepository, clock) -> Cart:
    """A kept cart with two lines."""
    made = put_item(new_cart(owner="u-1", now_ms=clock.ms), line("PAN-2"), now_ms=clock.ms)
    made = put_item(made, line("CUP-1", 3, 999, "Tasse „Ümläut“ 🍵"), now_ms=clock.ms)
    carts.create(made)
    return made


def test_what_is_kept_comes_back(carts: CartRepository, cart: Cart) -> None:
    """Every field of it, the lines in their order."""
    assert carts.get(cart.cart_id) == cart


def test_an_empty_cart_comes_back(carts: CartRepository, clock) -> None:
    """No lines are no lines."""
    empty = new_cart(owner="u-1", now_ms=clock.ms)
    carts.create(empty)
    assert carts.get(empty.cart_id) == empty


def test_the_greatest_cart_comes_back(carts: CartRepository, clock) -> None:
    """As many lines, units and cents as there may be, and names as long."""
    lines = tuple(
        line(f"{number:02}" + "A" * 30, MAX_QUANTITY, MAX_MINOR_UNITS, "ö" * 200)
        for number in reversed(range(MAX_LINES))
    )
    greatest = replace(new_cart(owner="u" * 128, now_ms=clock.ms), lines=lines)
    carts.create(greatest)
    assert carts.get(greatest.cart_id) == greatest


def test_an_unknown_cart_is_not_found(carts: CartRepository) -> None:
    """Reading one says so."""
    with pytest.raises(CartNotFound):
        carts.get(f"cart_{uuid.uuid4().hex}")


def test_an_id_is_taken_once(carts: CartRepository, cart: Cart) -> None:
    """A second cart with the same id leaves the first as it is."""
    with pytest.raises(CartChanged):
        carts.create(replace(cart, owner="u-2", lines=()))
    assert carts.get(cart.cart_id) == cart


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda cart, now: put_item(cart, line("NEW-1", 7), now_ms=now), id="a line more"),
        pytest.param(
            lambda cart, now: put_item(cart, line("PAN-2", 9, 1), now_ms=now), id="another quantity and price"
        ),
        pytest.param(lambda cart, now: remove_item(cart, "PAN-2", now_ms=now), id="a line less"),
        pytest.param(lambda cart, now: mark_ordered(cart, now_ms=now), id="ordered"),
        pytest.param(
            lambda cart, now: reopen(mark_ordered(cart, now_ms=now), now_ms=now), id="ordered and opened again"
        ),
    ],
)
def test_a_saved_change_is_read(carts: CartRepository, cart: Cart, clock, edit: Callable[[Cart, int], Cart]) -> None:
    """All of it, and nothing of what was before."""
    changed = edit(cart, clock.ms + 5)
    carts.save(changed, cart.version)
    assert carts.get(cart.cart_id) == changed != cart


def test_a_stale_save_changes_nothing(carts: CartRepository, cart: Cart, clock) -> None:
    """Whoever read an older version is told; the newer one stays."""
    first = put_item(cart, line("NEW-1"), now_ms=clock.ms)
    carts.save(first, cart.version)
    with pytest.raises(CartChanged):
        carts.save(remove_item(cart, "PAN-2", now_ms=clock.ms), cart.version)
    assert carts.get(cart.cart_id) == first


def test_a_save_does_not_make_a_cart(carts: CartRepository, clock) -> None:
    """One that is gone is not found, and stays gone."""
    gone = new_cart(owner="u-1", now_ms=clock.ms)
    with pytest.raises(CartNotFound):
        carts.save(put_item(gone, line("NEW-1"), now_ms=clock.ms), gone.version)
    with pytest.raises(CartNotFound):
        carts.get(gone.cart_id)


def test_a_deleted_cart_is_gone(carts: CartRepository, cart: Cart) -> None:
    """With its lines: another one may take its id."""
    carts.delete(cart.cart_id, cart.version)
    with pytest.raises(CartNotFound):
        carts.get(cart.cart_id)
    with pytest.raises(CartNotFound):
        carts.delete(cart.cart_id, cart.version)
    carts.create(replace(cart, lines=()))
    assert carts.get(cart.cart_id).lines == ()


def test_a_stale_delete_keeps_the_cart(carts: CartRepository, cart: Cart, clock) -> None:
    """What was ordered since it was read is not thrown away."""
    ordered = mark_ordered(cart, now_ms=clock.ms)
    carts.save(ordered, cart.version)
    with pytest.raises(CartChanged):
        carts.delete(cart.cart_id, cart.version)
    assert carts.get(cart.cart_id).state is CartState.ORDERED


def test_a_cart_expires_thirty_days_after_its_last_change(carts: CartRepository, cart: Cart, clock) -> None:
    """A second before it is there; then it is gone, whether or not the store has deleted it."""
    clock.now += LIFETIME_MS / 1000 - 1
    assert carts.get(cart.cart_id) == cart
    clock.now += 1
    with pytest.raises(CartNotFound):
        carts.get(cart.cart_id)


def test_a_change_makes_a_cart_last(carts: CartRepository, cart: Cart, clock) -> None:
    """The thirty days begin anew."""
    clock.now += LIFETIME_MS / 1000 - 1
    changed = remove_item(cart, "PAN-2", now_ms=clock.ms)
    carts.save(changed, cart.version)
    clock.now += LIFETIME_MS / 1000 - 1
    assert carts.get(cart.cart_id) == changed


def test_an_owners_open_carts_are_listed(carts: CartRepository, cart: Cart, clock) -> None:
    """The one changed last first, with their lines, so many as wanted; none that was ordered, expired, is another's."""
    anna = f"u-{uuid.uuid4().hex}"
    made = [new_cart(owner=anna, now_ms=clock.ms + number) for number in range(4)]
    for each in made:
        carts.create(each)
    changed = put_item(put_item(made[0], line("PAN-2"), now_ms=clock.ms + 9), line("CUP-1"), now_ms=clock.ms + 10)
    carts.save(changed, made[0].version)
    filled = put_item(made[1], line("PAN-2"), now_ms=clock.ms + 1)
    carts.save(filled, made[1].version)
    carts.save(mark_ordered(filled, now_ms=clock.ms + 20), filled.version)
    assert carts.open_of(anna, limit=9) == (changed, made[3], made[2])
    assert carts.open_of(anna, limit=2) == (changed, made[3])
    assert carts.open_of("nobody", limit=9) == ()
    opened = reopen(carts.get(made[1].cart_id), now_ms=clock.ms + 30)
    carts.save(opened, opened.version - 1)
    assert carts.open_of(anna, limit=1) == (opened,)
    clock.now += (LIFETIME_MS + 10) / 1000
    assert carts.open_of(anna, limit=9) == (opened,)


def test_a_store_that_works_passes_its_check(carts: CartRepository) -> None:
    """It returns."""
    carts.check()


def at_once(*work: Callable[[], None]) -> list[BaseException]:
    """Run all of *work* in threads that begin together; what they raised."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(work))

    def run(each: Callable[[], None]) -> None:
        barrier.wait(timeout=20)
        try:
            each()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return errors


def test_sixteen_threads_lose_no_item(carts: CartRepository, clock) -> None:
    """Each puts another product in the same cart at the same time; all are in it, each by a change of its own."""
    empty = new_cart(owner="u-1", now_ms=clock.ms)
    carts.create(empty)

    def put(thread: int) -> None:
        added = line(f"SKU-{thread}")
        change(
            carts,
            empty,
            lambda current: put_item(current, added, now_ms=clock.ms),
            accepts=lambda version: True,
            pause=lambda longest: time.sleep(random.random() * longest),
        )

    assert at_once(*(partial(put, thread) for thread in range(THREADS))) == []
    kept = carts.get(empty.cart_id)
    assert {each.sku for each in kept.lines} == {f"SKU-{thread}" for thread in range(THREADS)}
    assert kept.version == 1 + THREADS


def test_one_of_many_orders_a_cart(carts: CartRepository, cart: Cart, clock) -> None:
    """Of sixteen that mark the same version as ordered, one succeeds."""
    errors = at_once(*[lambda: carts.save(mark_ordered(cart, now_ms=clock.ms), cart.version)] * THREADS)
    assert [type(error) for error in errors] == [CartChanged] * (THREADS - 1)


def test_a_reader_never_sees_half_a_change(carts: CartRepository, cart: Cart, clock) -> None:
    """While the cart swings between two contents, each read is one of them, with its own version."""
    done = threading.Event()

    def write() -> None:
        current = cart
        try:
            for number in range(40):
                lines = tuple(line(f"SKU-{each}", 1 + number % 2) for each in range(8))
                changed = replace(current, lines=lines, version=current.version + 1)
                carts.save(changed, current.version)
                current = changed
        finally:
            done.set()

    def read() -> None:
        while not done.is_set():
            seen = carts.get(cart.cart_id)
            if seen.version > cart.version:
                wanted = 1 + (seen.version - cart.version - 1) % 2
                assert [each.quantity for each in seen.lines] == [wanted] * 8

    assert at_once(write, read, read) == []
