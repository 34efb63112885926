"""Shoppers' accounts: few of them, never two visits in one, and nothing of them in any text."""

from random import Random

import pytest

from synthetics.accounts import Account, Accounts

TOKENS = {"access_token": "an-access-token", "refresh_token": "a-refresh-token", "expires_in": 600}


class Clock:
    """Unix seconds that pass when a test says so."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def account(clock: Clock) -> Account:
    """Somebody who is logged in."""
    made = Account(email="ada@example.com", password="tulip-lantern", clock=clock, registered=True)
    made.keep(TOKENS)
    return made


def test_a_handful_serves_many_visits_one_after_the_other() -> None:
    """Passwords are costly to check, and registrations are counted."""
    accounts = Accounts(random=Random(1), handful=3)
    seen = set()
    for _ in range(50):
        borrowed = accounts.borrow()
        seen.add(borrowed.email)
        accounts.give_back(borrowed)
    assert len(seen) == 3


def test_visits_at_the_same_time_have_an_account_each() -> None:
    """Two would use up each other's refresh tokens."""
    accounts = Accounts(random=Random(1), handful=2)
    assert len({accounts.borrow().email for _ in range(4)}) == 4


@pytest.mark.parametrize(("later", "must"), [(0, False), (479, False), (481, True), (5000, True)])
def test_tokens_are_renewed_before_they_end(later: float, must: bool) -> None:
    """Two minutes before, so that they last for a visit."""
    clock = Clock()
    made = account(clock)
    clock.now += later
    assert (made.must_refresh, made.must_log_in) == (must, False)


def test_a_refresh_token_is_sent_once() -> None:
    """A second use would end the login: whatever becomes of the request, the next visit logs in."""
    made = account(Clock())
    assert made.take_refresh_token() == "a-refresh-token"
    assert (made.refresh_token, made.must_log_in, made.must_refresh) == ("", True, False)


def test_tokens_that_are_not_taken_are_dropped_and_then_the_account_is() -> None:
    """A shop that was emptied knows neither."""
    made = account(Clock())
    made.distrust()
    assert (made.must_log_in, made.registered) == (True, True)
    made.distrust()
    assert (made.must_log_in, made.registered) == (True, False)


def test_nothing_of_an_account_is_shown() -> None:
    """Neither address nor password nor tokens."""
    shown = repr(account(Clock()))
    assert all(secret not in shown for secret in ("ada", "tulip", "an-access", "a-refresh"))
