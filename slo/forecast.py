"""Predicts when the alerts of an SLO fire and stop for a given course of traffic, by the arithmetic of its rules.

The generated unit tests hold the real rules against this forecast. It is computed twice: Prometheus 2 counts a
sample at the very start of a range, Prometheus 3 does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from slo import promql, rule_context
from slo.windows import BASE_SECONDS, MINUTE, BurnRateWindow, for_period

SLACK = 0.5


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of steady traffic: events per second."""

    seconds: int
    total: float
    bad: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated. `sample_seconds` is between samples of the counters, `step_seconds` between evaluations.

    `additive` says whether long windows are derived from 5m records, or asked of the counters anew.
    """

    phases: tuple[Phase, ...]
    additive: bool
    sample_seconds: int
    step_seconds: int
    period_days: int
    budget: str
    min_failures: int

    @property
    def seconds(self) -> int:
        """Length of the course."""
        return sum(phase.seconds for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Firing:
    """For each evaluation, whether page and ticket fire: first by Prometheus 2's ranges, then by 3's."""

    page: tuple[tuple[bool, ...], tuple[bool, ...]]
    ticket: tuple[tuple[bool, ...], tuple[bool, ...]]


@lru_cache(maxsize=64)
def firing(plan: Plan) -> Firing:
    """When the alerts of *plan* fire."""
    closed, opened = _Model(plan, left_open=False), _Model(plan, left_open=True)
    return Firing((closed.page(), opened.page()), (closed.ticket(), opened.ticket()))


class _Model:
    """The records of one SLO over one course of traffic, evaluation by evaluation."""

    def __init__(self, plan: Plan, *, left_open: bool) -> None:
        self.plan = plan
        self.steps = plan.seconds // plan.step_seconds + 1
        self._open = left_open
        self._samples = [self._events(k * plan.sample_seconds) for k in range(plan.seconds // plan.sample_seconds + 1)]
        self._base = [self._base_rate(step) for step in range(self.steps)]
        self._average = [self._slow_average(step) for step in range(self.steps)]
        self._base_sums = self._prefix(self._base, MINUTE)
        self._average_sums = self._prefix(self._average, rule_context.SLOW_SECONDS)

    # --- course ---

    def _events(self, at: float) -> tuple[float, float]:
        """(total, bad) events since the start."""
        total = bad = 0.0
        for phase in self.plan.phases:
            spent = min(at, phase.seconds)
            total, bad, at = total + spent * phase.total, bad + spent * phase.bad, at - spent
        return total, bad

    # --- records ---

    def _base_rate(self, step: int) -> tuple[float, float] | None:
        return self._rate(step, BASE_SECONDS)

    def _rate(self, step: int, seconds: int) -> tuple[float, float] | None:
        """rate(counter[seconds]) of total and bad events, as Prometheus' extrapolatedRate() has it."""
        now, every = step * self.plan.step_seconds, self.plan.sample_seconds
        first, last = self._range(now, seconds, every)
        if last <= first:
            return None
        sampled = (last - first) * every
        to_start, to_end = first * every - (now - seconds), now - last * every
        near = every * 1.1
        reach = sampled + (to_start if to_start < near else every / 2) + (to_end if to_end < near else every / 2)
        factor = reach / sampled / seconds
        begin, end = self._samples[first], self._samples[last]
        return (end[0] - begin[0]) * factor, (end[1] - begin[1]) * factor

    def _range(self, end: float, seconds: float, every: int) -> tuple[int, int]:
        """First and last index of samples, *every* so many seconds from 0, in the range that ends at *end*."""
        start = end - seconds
        first = int(start // every) + 1 if self._open else -int(-start // every)
        return max(first, 0), int(end // every)

    def _slow_average(self, step: int) -> tuple[float, float] | None:
        every = self.plan.step_seconds
        first, last = self._range(step * every, rule_context.SLOW_SECONDS, every)
        found = [rate for rate in self._base[first : last + 1] if rate is not None]
        return (sum(r[0] for r in found) / len(found), sum(r[1] for r in found) / len(found)) if found else None

    def _prefix(self, series: list[tuple[float, float] | None], every: int) -> list[tuple[float, float]]:
        """Running sums of what *series* holds at each multiple of *every* seconds, the newest sample each time."""
        moments = (series[at // self.plan.step_seconds] or (0.0, 0.0) for at in range(0, self.plan.seconds + 1, every))
        return list(accumulate(moments, lambda sums, rate: (sums[0] + rate[0], sums[1] + rate[1]), initial=(0.0, 0.0)))

    # --- windows ---

    def _ratio(self, step: int, seconds: int, *, paging: bool) -> float:
        windows = for_period(self.plan.period_days)
        shared = seconds in windows.page_seconds
        if not self.plan.additive or (shared and seconds <= rule_context.LONGEST_RAW_SECONDS):
            total, bad = self._rate(step, seconds) or (0, 0)
        elif shared and rule_context.is_doubled(windows, seconds):
            total, bad = self._doubled(step, seconds)
        elif paging:
            total, bad = self._recent(step, seconds, rule_context.newest_seconds(windows))
        else:
            total, bad = self._summed(self._average_sums, step, seconds, rule_context.SLOW_SECONDS)
        return bad / total if total > 0 else 0.0

    def _doubled(self, step: int, seconds: int) -> tuple[float, float]:
        """(total, bad) per second of a window that is the mean of its halves, a missing one being empty."""
        half, earlier = seconds // 2, step - seconds // 2 // self.plan.step_seconds
        new = self._rate(step, half) or (0, 0)
        old = (self._rate(earlier, half) if earlier >= 0 else None) or (0, 0)
        return (new[0] + old[0]) / 2, (new[1] + old[1]) / 2

    def _recent(self, step: int, seconds: int, newest: int) -> tuple[float, float]:
        """(total, bad) events of a window: its newest part exactly, the older one summed from 5m records."""
        total, bad = self._rate(step, newest) or (0, 0)
        older = self._summed(self._base_sums, step, seconds - newest - BASE_SECONDS, MINUTE, newest)
        return newest * total + older[0], newest * bad + older[1]

    def _summed(
        self, sums: list[tuple[float, float]], step: int, seconds: int, every: int, offset: int = 0
    ) -> tuple[float, float]:
        """sum_over_time(series[seconds:every] offset …) × every: (total, bad) events. *sums* are the series'."""
        first, last = self._range(step * self.plan.step_seconds - offset, seconds, every)
        behind = max(last + 1, 0)
        begin, end = sums[min(first, behind)], sums[behind]
        return (end[0] - begin[0]) * every, (end[1] - begin[1]) * every

    # --- alerts ---

    def page(self) -> tuple[bool, ...]:
        windows = for_period(self.plan.period_days)
        quick, slow = windows.page_quick, windows.page_slow
        return self._fires(quick, slow, self._quick_page_count, self._slow_page_count, paging=True)

    def ticket(self) -> tuple[bool, ...]:
        windows = for_period(self.plan.period_days)
        quick, slow = windows.ticket_quick, windows.ticket_slow
        return self._fires(quick, slow, self._ticket_count, self._ticket_count, paging=False)

    def _fires(
        self,
        quick: BurnRateWindow,
        slow: BurnRateWindow,
        quick_count: Callable[[int, int], float],
        slow_count: Callable[[int, int], float],
        *,
        paging: bool,
    ) -> tuple[bool, ...]:
        least = self.plan.min_failures
        return tuple(
            (
                self._burns(step, quick, paging=paging)
                and (not least or quick_count(step, quick.long_seconds) > least - SLACK)
            )
            or (
                self._burns(step, slow, paging=paging)
                and (not least or slow_count(step, slow.long_seconds) > least + 1 - SLACK)
            )
            for step in range(self.steps)
        )

    def _burns(self, step: int, window: BurnRateWindow, *, paging: bool) -> bool:
        limit = float(promql.number(window.factor)) * float(self.plan.budget)
        return all(
            self._ratio(step, seconds, paging=paging) > limit for seconds in (window.short_seconds, window.long_seconds)
        )

    def _whole_window_count(self, step: int, seconds: int) -> float:
        rate = self._rate(step, seconds)
        return 0.0 if rate is None else rate[1] * seconds

    def _quick_page_count(self, step: int, seconds: int) -> float:
        if not self.plan.additive:
            return self._whole_window_count(step, seconds)
        if rule_context.is_doubled(for_period(self.plan.period_days), seconds):
            return self._doubled(step, seconds)[1] * seconds
        return self._slow_page_count(step, seconds)

    def _slow_page_count(self, step: int, seconds: int) -> float:
        if not self.plan.additive:
            return self._whole_window_count(step, seconds)
        return self._summed(self._base_sums, step, seconds, MINUTE)[1]

    def _ticket_count(self, step: int, seconds: int) -> float:
        if not self.plan.additive:
            return self._whole_window_count(step, seconds)
        return self._summed(self._average_sums, step, seconds, rule_context.SLOW_SECONDS)[1]
