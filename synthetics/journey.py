"""What a journey is: steps in order, each a request and the judgement of its answer, and what a visit remembers.

A journey knows no HTTP client. Whoever walks it (Locust, a probe, a test) sends each step's request, hands the answer
to `Step.judge`, and ends the visit at the first `StepFailed`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any

from synthetics import expect
from synthetics.accounts import Account
from synthetics.expect import Answer, StepFailed

OK = (200,)


@dataclass(slots=True, kw_only=True)
class Visit:
    """What one shopper remembers on the way through a journey.

    outcome: of a checkout: "" before, then `ordered`, or the word of the shop for why not. state: of the order.
    """

    random: Random
    account: Account = field(default_factory=Account.new)
    payment_method: str = ""
    category: str = ""
    skus: list[str] = field(default_factory=list)
    prices: dict[str, int] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    cart_id: str = ""
    total: int = 0
    order_id: str = ""
    outcome: str = ""
    state: str = ""


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

    def request(self, visit: Visit) -> Request:
        """What *visit* asks for."""
        return Request(method=self.method, path=self.path(visit), headers=self.headers(visit), body=self.body(visit))

    def judge(self, visit: Visit, answer: Answer, *, last: bool = True) -> Verdict:
        """What *answer* means; *last*: there is no other try.

        Raises:  StepFailed: a shopper could not have used it.
        """
        if answer.status == 401:
            visit.account.distrust()
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

    signs_in: whether a visit needs an account that no other visit uses meanwhile.
    """

    name: str
    steps: tuple[Step, ...]
    think_seconds: tuple[float, float]
    signs_in: bool = False


def walk(journey: Journey, visit: Visit, take: Callable[[Step, Visit, bool], Verdict | None]) -> bool:
    """Walk one visit; it ends early at the first step that fails, as the later ones build on it.

    Args:    take: pauses, sends the step's request and judges the answer, which may be its last try; None: it failed.
    Returns: whether every step passed.
    """
    for step in journey.steps:
        if not step.when(visit):
            continue
        for left in reversed(range(step.tries)):
            verdict = take(step, visit, left == 0)
            if verdict is None:
                return False
            if verdict is Verdict.PASSED:
                break
    return True
