"""A refresh token is used once, however many requests need a new access token at the same moment."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from services.shared import migrate
from services.shared.database import open_database
from services.storefront.adapters.sealing import Box
from services.storefront.adapters.sessions_sql import SqlSessions
from services.storefront.adapters.users_http import HttpUsers
from services.storefront.domain.errors import SignedOut, Unreachable
from services.storefront.domain.fresh_tokens import LEASE_MS, FreshTokens
from services.storefront.domain.session import Customer, Session, Tokens
from tests.services.storefront.conftest import KEY, Browser, Clock
from tests.services.storefront.fake_shop import FakePeer, FakeShop

NOW = 1_700_000_000.0
KEY_OF_ROW = "a" * 64


class SlowPeer(FakePeer):
    """The users service, which takes its time to refresh."""

    def call(self, operation, *arguments, **options):  # type: ignore[no-untyped-def]
        if operation == "refresh":
            time.sleep(0.15)
        return super().call(operation, *arguments, **options)


def old_session(shop: FakeShop, *, expires_in: float = 0) -> Session:
    """One whose access token expires in so many seconds."""
    tokens = shop.tokens()
    customer = Customer(
        user_id="u_1",
        name="Ada",
        tokens=Tokens(
            access=tokens["access_token"],
            refresh=tokens["refresh_token"],
            expires_at_ms=int((NOW + expires_in) * 1000),
        ),
    )
    return Session(key=KEY_OF_ROW, customer=customer, created_at_ms=1, seen_at_ms=1)


def store_of(url: str) -> SqlSessions:
    """The store at *url*, over connections of its own, as another replica has it."""
    database = open_database(url)
    migrate.upgrade(database, "storefront")
    return SqlSessions(database, Box(KEY))


def test_requests_of_two_replicas_refresh_once(database_url: str) -> None:
    """Sixteen at once, over two stores with connections of their own: one call, one new token for all."""
    shop = FakeShop()
    replicas = [
        FreshTokens(store_of(database_url), HttpUsers(SlowPeer("users", shop), now=lambda: NOW), now=lambda: NOW)
        for _ in range(2)
    ]
    session = old_session(shop)
    store_of(database_url).create(session)
    together = threading.Barrier(16)

    def ask(number: int) -> str:
        together.wait(10)
        return replicas[number % 2].access(session)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(16)))
    assert set(found) == {"access-2"}
    assert shop.refreshed == ["refresh-1"]


def test_one_that_comes_later_finds_it_done(database_url: str) -> None:
    """It holds the old session still, and asks nobody."""
    shop, store = FakeShop(), store_of(database_url)
    tokens = FreshTokens(store, HttpUsers(FakePeer("users", shop), now=lambda: NOW), now=lambda: NOW)
    session = old_session(shop)
    store.create(session)
    assert tokens.access(session) == tokens.access(session) == "access-2"
    assert shop.refreshed == ["refresh-1"]


def test_a_process_that_died_blocks_nobody_for_long(database_url: str) -> None:
    """Its right ends; until then others wait, and give up in time."""
    shop, store, clock = FakeShop(), store_of(database_url), Clock()
    clock.now = NOW
    waits: list[float] = []
    tokens = FreshTokens(store, HttpUsers(FakePeer("users", shop), now=clock), now=clock, pause=waits.append)
    session = old_session(shop)
    store.create(session)
    claim = store.claim_refresh(KEY_OF_ROW, now_ms=int(NOW * 1000), until_ms=int(NOW * 1000) + LEASE_MS)
    assert claim is not None
    assert claim.is_ours
    with pytest.raises(Unreachable):
        tokens.access(session)
    assert 5 <= sum(waits) < 5.5
    clock.now += LEASE_MS / 1000
    assert tokens.access(session) == "access-2"


def test_a_token_that_is_good_is_used_as_it_is(database_url: str) -> None:
    """Half a minute before its end it is renewed; while nobody can renew it, it is used to its end."""
    shop, store = FakeShop(), store_of(database_url)
    tokens = FreshTokens(store, HttpUsers(FakePeer("users", shop), now=lambda: NOW), now=lambda: NOW)
    assert tokens.access(old_session(shop, expires_in=60)) == "access-1"
    session = old_session(shop, expires_in=10)
    store.create(session)
    shop.down.add("users")
    assert tokens.access(session) == "access-2"
    over = replace(session, key="b" * 64, customer=old_session(shop).customer)
    store.create(over)
    with pytest.raises(Unreachable):
        tokens.access(over)


def test_a_refused_token_ends_the_sign_in(database_url: str) -> None:
    """Revoked elsewhere: the visitor is a guest again, and keeps what a guest has."""
    shop, store = FakeShop(), store_of(database_url)
    tokens = FreshTokens(store, HttpUsers(FakePeer("users", shop), now=lambda: NOW), now=lambda: NOW)
    session = old_session(shop)
    store.create(session)
    shop.good_refresh.clear()
    with pytest.raises(SignedOut):
        tokens.access(session)
    found = store.find(KEY_OF_ROW)
    assert found is not None
    assert found.customer is None


def test_a_wait_ends_no_sign_in(database_url: str) -> None:
    """Refreshed too often, says the users service: the token is good again later, and the visitor a customer still."""
    shop, store = FakeShop(), store_of(database_url)
    tokens = FreshTokens(store, HttpUsers(FakePeer("users", shop), now=lambda: NOW), now=lambda: NOW)
    session = old_session(shop)
    store.create(session)
    shop.limited.add("users")
    with pytest.raises(Unreachable) as refused:
        tokens.access(session)
    assert refused.value.retry_after_seconds == 30
    shop.limited.clear()
    assert tokens.access(session) == "access-2"


def test_a_visit_of_half_an_hour_goes_on(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """Through the pages: each ten minutes one refresh, and no sign-in."""
    browser.sign_in()
    for _ in range(3):
        clock.now += 600
        assert browser.get("/account").status_code == 200
        assert browser.get("/orders").status_code == 200
    assert shop.refreshed == ["refresh-1", "refresh-2", "refresh-3"]
    shop.good_refresh.clear()
    clock.now += 600
    assert browser.get("/orders").location == "/login?next=/orders"
    assert "Sign in" in browser.get("/").text
