"""Shoppers' accounts: few of them, never two visits in one, and nothing of them in any text."""

import base64
import hashlib
import hmac
import re
from random import Random

import pytest

from synthetics.accounts import STAFF, Account, Accounts, ProbeAccounts, staff

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


def test_a_stable_account_comes_of_the_key() -> None:
    """The same after each restart, and whoever has not the key cannot make its password."""
    made, again = Account.of("probe-buy", "a-key"), Account.of("probe-buy", "a-key")
    mac = hmac.new(b"a-key", f"account:{made.email}".encode(), hashlib.sha256).digest()
    assert re.fullmatch(r"probe-buy-[0-9a-f]{12}@probe\.tillwatch\.invalid", made.email)
    assert base64.urlsafe_b64decode(made.password + "=") == mac
    assert (made.email, made.password) == (again.email, again.password)
    others = [Account.of("probe-buy", "another-key"), Account.of("probe-browse", "a-key")]
    assert made.password not in {other.password for other in others}


def test_another_key_has_another_account() -> None:
    """One that is there has a password that the new key does not make; and no stranger can be there first."""
    assert Account.of("probe-buy", "a-key").email != Account.of("probe-buy", "another-key").email
    assert staff("a-key").email == staff("another-key").email == "probe-staff@probe.tillwatch.invalid"


def test_a_stable_account_is_looked_for_before_it_is_made() -> None:
    """The shop says whether it is there; staff are made by the platform alone."""
    made = Account.of("probe-buy", "a-key")
    assert (made.registered, made.must_log_in) == (True, True)
    made.distrust()
    assert made.registered is False
    of_staff = staff("a-key")
    of_staff.distrust()
    assert (of_staff.email, of_staff.registered) == ("probe-staff@probe.tillwatch.invalid", True)


def test_a_probe_has_an_account_for_each_part_and_keeps_its_tokens() -> None:
    """One visit after the other; staff are the same for all journeys."""
    accounts = ProbeAccounts(key="a-key", journey="foreign-order")
    own = accounts.borrow()
    own.keep(TOKENS)
    accounts.give_back(own)
    assert accounts.borrow() is own
    names = ["probe-foreign-order", "probe-foreign-order-other"]
    expected = [*(Account.of(name, "a-key").email for name in names), staff("a-key").email]
    assert [accounts.borrow(part).email for part in ("", "other", STAFF)] == expected


def test_a_new_account_of_a_probe_is_nobodys() -> None:
    """At the probes' own domain, where users forgets it; no two are alike."""
    first, second = Account.of_nobody(), Account.of_nobody()
    assert first.email.startswith("account-")
    assert first.email.endswith("@probe.tillwatch.invalid")
    assert (first.email != second.email, first.stable, first.registered) == (True, False, False)
