"""How waits grow, as arithmetic."""

from services.users.domain.throttle import Attempts, Limits, account_attempt

LIMITS = Limits()


def test_waits_double_up_to_five_minutes() -> None:
    """And stay there, for however long somebody goes on."""
    found, now, waits = Attempts(), 0, []
    for _ in range(40):
        found = account_attempt(found, now, LIMITS)
        waits.append(found.wait_ms(now) // 1000)
        now += max(found.wait_ms(now), 1)
    assert waits[:14] == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(waits[14:]) == {300}


def test_an_attempt_without_a_wait_holds_up_nobody() -> None:
    """Nor a request whose clock was read a moment before."""
    assert account_attempt(Attempts(), 1000, LIMITS).wait_ms(999) == 0


def test_a_pause_forgets() -> None:
    """A quarter of an hour without an attempt, after the wait."""
    found = Attempts()
    for _ in range(6):
        found = account_attempt(found, 0, LIMITS)
    assert account_attempt(found, 2000 + 899_999, LIMITS).failures == 7
    assert account_attempt(found, 2000 + 900_000, LIMITS).failures == 1
