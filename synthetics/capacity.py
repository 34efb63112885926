"""The highest rate of visits at which all SLOs hold: found by bisection, within a number of trials and a time.

A trial is a load run at one rate. What it is told by: the verdict on the SLOs, steps that failed at the client, and
whether the generator could keep up. It is a rate that holds, one that does not, or one that nobody could try. A trial
that proves nothing ends the search, as the next one would prove as little.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# Two rates that differ by less are the same: a tenth is less than two trials of the same rate differ by.
PRECISION = 1.1
MAX_TRIALS = 12


class Limit(StrEnum):
    """What ended the search: why the capacity is not higher."""

    SHOP = "the shop"
    GENERATOR = "the generator"
    HIGHEST = "the highest rate that was to be tried"
    UNKNOWN = "a trial that proves nothing"
    TIME = "the time or the number of trials"
    STOPPED = "somebody stopped it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a run at *rate* visits per second showed. generator: whether that was the bottleneck, so nothing is known.

    unknown: nothing is, for another reason: there is no verdict, a worker died.
    facts: for the file. bottleneck: of the shop, what was fullest.
    """

    rate: float
    held: bool
    why: tuple[str, ...] = ()
    generator: bool = False
    unknown: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    bottleneck: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """rate: the highest that held; None: not even the lowest did. trials: all, in their order."""

    rate: float | None
    limit: Limit
    trials: tuple[Trial, ...]

    @property
    def first_failed(self) -> Trial | None:
        """The first trial whose rate the shop did not bear."""
        shops = (trial for trial in self.trials if not (trial.held or trial.generator or trial.unknown))
        return next(shops, None)


def search(
    attempt: Callable[[float], Trial | None], *, low: float, high: float, more: Callable[[], bool] = lambda: True
) -> Found:
    """Bisect between *low* and *high*, above 0.

    Args:    attempt: makes the trial; None: it was stopped. more: whether there is time for another one.
    """
    trials: list[Trial] = []
    held: float | None = None
    failed: Trial | None = None
    while True:
        rate = _next(held, None if failed is None else failed.rate, low, high)
        if rate is None:
            break
        if len(trials) == MAX_TRIALS or not more():
            return Found(rate=held, limit=Limit.TIME, trials=tuple(trials))
        trial = attempt(rate)
        if trial is None:
            return Found(rate=held, limit=Limit.STOPPED, trials=tuple(trials))
        trials.append(trial)
        if trial.unknown:
            return Found(rate=held, limit=Limit.UNKNOWN, trials=tuple(trials))
        if trial.held:
            held = rate
        else:
            failed = trial
    return Found(rate=held, limit=_limit(failed), trials=tuple(trials))


def _limit(failed: Trial | None) -> Limit:
    if failed is None:
        return Limit.HIGHEST
    return Limit.GENERATOR if failed.generator else Limit.SHOP


def _next(held: float | None, failed: float | None, low: float, high: float) -> float | None:
    """The next rate to try; None when it is known. In the middle of what is left, by the ratio."""
    if held is None:
        return low if failed is None else None
    if failed is not None:
        return None if failed / held <= PRECISION else round(math.sqrt(held * failed), 2)
    if held >= high:
        return None
    # Nothing has failed yet: the highest itself once the middle is as good as it.
    return high if high / held <= PRECISION**2 else round(math.sqrt(held * high), 2)
