"""The claim of a traffic class: signed anew in time, and never shown."""

import pytest

from synthetics.claim import Claim, Traffic

KEY = "a-key-of-this-test"


class Clock:
    """Unix seconds that pass when a test says so."""

    now = 1_800_000_000.5

    def __call__(self) -> float:
        return self.now


def claim(clock: Clock, traffic: Traffic = Traffic.PROBE) -> Claim:
    """Of this test's key."""
    return Claim(traffic=traffic, key=KEY, clock=clock)


def expiry(made: Claim) -> float:
    """Until when its header is good."""
    return float(made.header()["X-Tillwatch-Traffic"].split(";")[1])


@pytest.mark.parametrize(("later", "anew"), [(0, False), (539, False), (541, True), (100_000, True), (-10, True)])
def test_it_is_signed_anew_before_it_expires(later: float, anew: bool) -> None:
    """A minute before; and when the clock was set back, as one that is good for too long is not believed."""
    clock = Clock()
    made = claim(clock)
    before = made.header()
    clock.now += later
    assert (made.header() != before) is anew
    assert 59 < expiry(made) - clock.now <= 600


def test_users_claim_nothing() -> None:
    """Whoever proves nothing is one."""
    assert claim(Clock(), Traffic.USER).header() == {}


def test_neither_key_nor_claim_is_shown() -> None:
    """A claim that leaked would hide what a stranger does for ten minutes."""
    made = claim(Clock())
    text = made.header()["X-Tillwatch-Traffic"]
    assert KEY not in repr(made)
    assert text not in repr(made)
