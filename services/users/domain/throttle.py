"""How fast passwords may be tried: for each account slower and slower, for each client address so many in a while.

An attempt is counted before its password is looked at, so that many at once are no more than many one by one.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """account_free: attempts without a wait; then it doubles from 1 to account_longest_seconds.

    account_forget_seconds: after so long a pause all is forgotten. address_attempts: in address_seconds.
    """

    account_free: int = 5
    account_longest_seconds: int = 300
    account_forget_seconds: int = 900
    address_attempts: int = 30
    address_seconds: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What is known of one account or one address. Times are Unix milliseconds."""

    failures: int = 0
    since_ms: int = 0
    last_ms: int = 0
    blocked_until_ms: int = 0

    def wait_ms(self, now_ms: int) -> int:
        """How long no attempt is let through; 0: at once."""
        return max(0, self.blocked_until_ms - now_ms)


def account_attempt(found: Attempts, now_ms: int, limits: Limits) -> Attempts:
    """*found* with one attempt more, as if it failed. Call it only where there is no wait."""
    if now_ms - max(found.last_ms, found.blocked_until_ms) >= limits.account_forget_seconds * 1000:
        found = Attempts(since_ms=now_ms)
    failures = found.failures + 1
    beyond = failures - limits.account_free
    # Bounded before it is shifted: the count may grow for weeks.
    wait = 0 if beyond < 0 else min(limits.account_longest_seconds, 1 << min(beyond, 20))
    # Without a wait it names no time: a request whose clock was read a moment earlier would wait for it.
    blocked_until_ms = now_ms + wait * 1000 if wait else 0
    return replace(found, failures=failures, last_ms=now_ms, blocked_until_ms=blocked_until_ms)


def address_attempt(found: Attempts, now_ms: int, limits: Limits) -> Attempts:
    """*found* with one attempt more, as if it failed. Call it only where there is no wait."""
    window_ms = limits.address_seconds * 1000
    if now_ms - found.since_ms >= window_ms:
        found = Attempts(since_ms=now_ms)
    failures = found.failures + 1
    blocked_until_ms = found.since_ms + window_ms if failures >= limits.address_attempts else 0
    return replace(found, failures=failures, last_ms=now_ms, blocked_until_ms=blocked_until_ms)


def address_forgiven(found: Attempts) -> Attempts:
    """*found* without its last attempt, which was a good one."""
    return replace(found, failures=max(0, found.failures - 1), blocked_until_ms=0)
