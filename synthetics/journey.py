"""What a journey is: steps in order, each a request and the judgement of its answer, and what a visit remembers.

A journey knows no HTTP client. Whoever walks it (Locust, a test) sends each step's request, hands the answer to
`Step.judge`, and says in a `Taken` how that went and how long it took.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from random import Random
from typing import Any

from synthetics import expect
from synthetics.accounts import Account, Lender
from synthetics.expect import Answer, StepFailed

OK = (200,)


class RunIn(StrEnum):
    """Where a journey may be walked: around the clock by the probes, under load, or in a drill that breaks the shop."""

    PROBE = "probe"
    LOAD = "load"
    DRILL = "drill"


class Outcome(StrEnum):
    """How a visit ended: as a shopper would have it, too late, or not at all. The journey's SLO counts the first."""

    PASSED = "passed"
    SLOW = "slow"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Visit:
    """What one shopper remembers on the way through a journey.

    probes:  whether it is to keep to the products that are reserved for probes.
    others:  accounts of others who have a part in it, by their part.
    visit_id: no other visit has it. barrier: waits until all who are to do something at once are there.
    units:   of the product before anything was bought. etag: of the product, as it was read.
    outcome: of a checkout: "" before, then `ordered`, or the word of the shop for why not. state: of the order.
    cursor:  of the page of orders that is to be looked at next. left: ids of orders that are to be cancelled.
    """

    random: Random
    probes: bool = False
    account: Account = field(default_factory=Account.new)
    others: dict[str, Account] = field(default_factory=dict)
    visit_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    barrier: Callable[[], object] = lambda: None
    payment_method: str = ""
    category: str = ""
    skus: list[str] = field(default_factory=list)
    prices: dict[str, int] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    words: str = ""
    units: int = 0
    etag: str = ""
    cart_id: str = ""
    total: int = 0
    order_id: str = ""
    outcome: str = ""
    state: str = ""
    settled: bool = False
    cursor: str = ""
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `body` is sent as JSON; None: there is none."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)


class Verdict(Enum):
    """What a good answer means for the visit."""

    PASSED = "the step is done"
    AGAIN = "not there yet: the same is asked again after a while"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request and the judgement of its answer. `name` groups requests in reports: it holds no ids.

    expected:  the statuses of a correct answer.
    check:     what else must be so; notes in the visit what later steps need.
    when:      whether this visit takes the step. settled: whether what is waited for is there; else it is asked
               again, *tries* times in all.
    within_seconds: later, the visit is slow; None: the journey's. since: the name of the step with whose beginning
               that time begins, an earlier one; "": its own.
    who:       whose tokens it shows. together: whether whoever walks it calls the visit's barrier first.
    """

    name: str
    method: str = "GET"
    path: Callable[[Visit], str]
    headers: Callable[[Visit], Mapping[str, str]] = lambda visit: {}
    body: Callable[[Visit], Any] = lambda visit: None
    expected: tuple[int, ...] = OK
    check: Callable[[Visit, Answer], None]
    when: Callable[[Visit], bool] = lambda visit: True
    settled: Callable[[Visit], bool] = lambda visit: True
    tries: int = 1
    within_seconds: float | None = None
    since: str = ""
    who: Callable[[Visit], Account] = lambda visit: visit.account
    together: bool = False

    def request(self, visit: Visit) -> Request:
        """What *visit* asks for."""
        return Request(method=self.method, path=self.path(visit), headers=self.headers(visit), body=self.body(visit))

    def judge(self, visit: Visit, answer: Answer, *, last: bool = True) -> Verdict:
        """What *answer* means; *last*: there is no other try.

        Raises:  StepFailed: a shopper could not have used it.
        """
        if answer.status == 401:
            self.who(visit).distrust()
        expect.status(answer, self.expected)
        self.check(visit, answer)
        if self.settled(visit):
            return Verdict.PASSED
        if last:
            raise StepFailed(f"still not there after {self.tries} tries")
        return Verdict.AGAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """Steps in order, and how long a shopper thinks between two of them, in seconds.

    run_in:   where it may be walked.
    signs_in: whether a visit needs an account that no other visit uses meanwhile. others: who else has a part in it.
    within_seconds: how long each step may take; None: as long as it takes.
    clean_up: what is done after the steps, however they ended, so that nothing of the visit stays.
    """

    name: str
    steps: tuple[Step, ...]
    think_seconds: tuple[float, float]
    run_in: frozenset[RunIn]
    signs_in: bool = False
    others: tuple[str, ...] = ()
    within_seconds: float | None = None
    clean_up: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One try of a step. verdict: None: it failed. began, ended: of the request, in monotonic seconds."""

    verdict: Verdict | None
    began: float
    ended: float


Take = Callable[[Step, Visit, bool], Taken]
"""Pauses, sends the step's request and judges the answer; the flag says that there is no other try."""


def arrive(journey: Journey, lender: Lender, random: Random, *, probes: bool = False) -> Visit:
    """Begin a visit of *journey*, with the accounts that it needs; `leave` gives them back."""
    visit = Visit(random=random, probes=probes, others={part: lender.borrow(part) for part in journey.others})
    if journey.signs_in:
        visit.account = lender.borrow()
    return visit


def leave(journey: Journey, lender: Lender, visit: Visit) -> None:
    """End *visit*: others may use its accounts."""
    for account in (*((visit.account,) if journey.signs_in else ()), *visit.others.values()):
        lender.give_back(account)


def walk(journey: Journey, visit: Visit, take: Take) -> Outcome:
    """Walk one visit; it ends early at the first step that fails, as the later ones build on it. Cleans nothing up."""
    outcome, begun = Outcome.PASSED, dict[str, float]()
    for step in journey.steps:
        if not step.when(visit):
            continue
        tries = _tried(step, visit, take)
        if tries[-1].verdict is not Verdict.PASSED:
            return Outcome.FAILED
        begun.setdefault(step.name, tries[0].began)
        limit = journey.within_seconds if step.within_seconds is None else step.within_seconds
        if limit is not None and tries[-1].ended - begun.get(step.since, tries[0].began) > limit:
            outcome = Outcome.SLOW
    return outcome


def clean_up(journey: Journey, visit: Visit, take: Take) -> bool:
    """Take each step of *journey*'s clean-up that *visit* needs, though one before it failed; whether all passed."""
    taken = [_tried(step, visit, take)[-1] for step in journey.clean_up if step.when(visit)]
    return all(each.verdict is Verdict.PASSED for each in taken)


def _tried(step: Step, visit: Visit, take: Take) -> list[Taken]:
    """The tries of *step*, up to the one that passed or failed."""
    found: list[Taken] = []
    for left in reversed(range(step.tries)):
        found.append(take(step, visit, left == 0))
        if found[-1].verdict is not Verdict.AGAIN:
            break
    return found
