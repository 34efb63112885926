"""A stampede with Locust's client: buyers who are signed in, with the same product in their carts, check out at once.

Importing it patches sockets, as locust does.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]

from synthetics.accounts import Account
from synthetics.course import Stampede
from synthetics.journey import Journey, Outcome, RunIn, Visit
from synthetics.ordering import ORDERED, OUT_OF_STOCK
from synthetics.signing_in import SIGN_IN
from synthetics.stampede import STAMPEDE, count_units
from synthetics.visitors import Visitors

# Buyers of one account: users counts failed logins of an address, and an account that is not there yet fails once.
SHARED_BY = 5
# The front door lets ten sign-ins a second through; a new account takes three.
SIGN_IN_SECONDS = 0.35
# Three requests of each buyer come before the barrier, of a hundred a second that the front door lets through.
COME_SECONDS = 0.05
GATHER_SECONDS, ANSWER_SECONDS = 60.0, 20.0
CONFIRMED, FAILED = "confirmed", "failed"
SIGN_IN_ALONE = Journey(
    name="sign in",
    run_in=frozenset({RunIn.LOAD}),
    think_seconds=(0.0, 0.0),
    signs_in=True,
    steps=SIGN_IN,
)


@dataclass(slots=True, kw_only=True)
class Gate:
    """Opens for all at once when nobody is on the way any more: each of *expected* has come, or has failed before."""

    expected: int
    _open: Event = field(default_factory=Event)
    opened_at: float | None = None

    def wait(self) -> None:
        """Come to the gate, and go through with all others."""
        self.gone()
        self._open.wait(GATHER_SECONDS)

    def gone(self) -> None:
        """One fewer is on the way."""
        self.expected -= 1
        if self.expected <= 0:
            self.opened_at = self.opened_at or time.time()
            self._open.set()


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Lends accounts that are signed in, each to several buyers."""

    accounts: list[Account]
    staff: Callable[[str], Account]
    lent: int = 0

    def borrow(self, part: str = "") -> Account:
        """One after the other, and then from the first again."""
        if part:
            return self.staff(part)
        self.lent += 1
        return self.accounts[self.lent % len(self.accounts)]

    def give_back(self, account: Account) -> None:
        """It stays where it is."""


def trample(visitors: Visitors, stampede: Stampede) -> dict[str, Any]:
    """What became of each buyer: counts by outcome, with how many there were to be."""
    visitors.answer_seconds = ANSWER_SECONDS
    asked = {"buyers": stampede.buyers, "units": stampede.units}
    _, counted = visitors.visit(count_units(stampede.units), pause=_at_once)
    if counted is not Outcome.PASSED:
        return {**asked, "outcomes": {}, "fault": "the product could not be counted by the staff account"}
    lender = visitors.accounts
    accounts = [lender.borrow() for _ in range(-(-stampede.buyers // SHARED_BY))]
    signed_in = [account for account in accounts if _signs_in(visitors, account)]
    if not signed_in:
        return {**asked, "outcomes": {}, "fault": "no buyer could sign in"}
    visitors.accounts = Crowd(accounts=signed_in, staff=lender.borrow)
    try:
        found = _rush(visitors, stampede.buyers)
    finally:
        visitors.accounts = lender
    return {**asked, "outcomes": dict(found), "fault": None}


def _rush(visitors: Visitors, buyers: int) -> Counter[str]:
    gate, group, found = Gate(expected=buyers), Group(), Counter[str]()

    def buy() -> None:
        came = False

        def wait() -> None:
            nonlocal came
            came = True
            gate.wait()

        visit, outcome = visitors.visit(STAMPEDE, pause=_at_once, barrier=wait)
        if not came:
            gate.gone()
        found[_word(visit, outcome)] += 1

    for _ in range(buyers):
        group.spawn(buy)
        gevent.sleep(COME_SECONDS)
    group.join(timeout=GATHER_SECONDS + 2 * ANSWER_SECONDS)
    if left := len(group):
        found[FAILED] += left
        group.kill()
    return found


def _word(visit: Visit, outcome: Outcome) -> str:
    if outcome is Outcome.FAILED:
        return FAILED
    return {(ORDERED, "CONFIRMED"): CONFIRMED, (OUT_OF_STOCK, ""): OUT_OF_STOCK}.get(
        (visit.outcome, visit.state), f"{visit.outcome} {visit.state}".strip().lower() or FAILED
    )


def _signs_in(visitors: Visitors, account: Account) -> bool:
    lender, visitors.accounts = visitors.accounts, Crowd(accounts=[account], staff=visitors.accounts.borrow)
    try:
        _, outcome = visitors.visit(SIGN_IN_ALONE, pause=_at_once)
    finally:
        visitors.accounts = lender
    gevent.sleep(SIGN_IN_SECONDS)
    return outcome is Outcome.PASSED


def _at_once() -> float:
    return 0.0
