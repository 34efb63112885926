"""When the page or the ticket of an SLO would have fired, had the events of a range been the only ones since its start.

The conditions are those of the rules (`alerts.burn_rate`): both windows of a pair burn faster than its factor, and the
long one holds enough failures. A window that reaches back before the range is cut there. The rules are evaluated every
30 s, the ticket's every two minutes: what is told here comes up to a step and an evaluation earlier. Where the slow
pair of the page or the ticket decides, up to five minutes more: the rules sum their long windows from 5m records.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from budget.verdict_counts import Counts
from slo import conventions, promql, rule_context
from slo.budget import error_budget
from slo.model import Events, Slo
from slo.query import Unit
from slo.windows import BurnRateWindow, for_period

SLACK = 0.5  # that of the rules: half an event lets n through and holds n − 1 back, though counts may be estimates


def fires_after(slo: Slo, counts: Counts, severity: str) -> float | None:
    """Seconds from the start until *severity* (page or ticket) fires; None where it never does, or is disabled."""
    notice = slo.alerting.page if severity == conventions.PAGE else slo.alerting.ticket
    if not notice.enabled:
        return None
    windows, least = for_period(slo.period_days), _failures(slo)
    quick, slow = (
        (windows.page_quick, windows.page_slow)
        if severity == conventions.PAGE
        else (windows.ticket_quick, windows.ticket_slow)
    )
    course = _Course(counts, float(promql.number(error_budget(slo))))
    for place in range(1, len(counts.total) + 1):
        if course.burns(place, quick, least) or course.burns(place, slow, least and least + 1):
            return place * counts.step_seconds
    return None


def _failures(slo: Slo) -> int:
    """Bad events below which nobody is told; 0 where the rules have no such guard."""
    countable = isinstance(slo.sli, Events) and rule_context.unit(slo.sli) is not Unit.UNKNOWN
    return slo.alerting.min_failures if countable else 0


class _Course:
    """Events since the start, at each step."""

    def __init__(self, counts: Counts, budget: float) -> None:
        self._step_seconds, self._budget = counts.step_seconds, budget
        self._bad, self._total = _sums(counts.bad), _sums(counts.total)

    def burns(self, place: int, pair: BurnRateWindow, least: int) -> bool:
        """Whether both windows of *pair* burn too fast, and *least* events failed in the long one."""
        limit = float(promql.number(pair.factor)) * self._budget
        bad, total = self._window(place, pair.long_seconds)
        if not (total > 0 and bad / total > limit and (not least or bad > least - SLACK)):
            return False
        bad, total = self._window(place, pair.short_seconds)
        return total > 0 and bad / total > limit

    def _window(self, place: int, seconds: int) -> tuple[float, float]:
        """(bad, all) events of the window that ends at *place*: the steps that lie wholly within it."""
        begin = max(0, place - math.floor(seconds / self._step_seconds + 1e-9))
        return self._bad[place] - self._bad[begin], self._total[place] - self._total[begin]


def _sums(events: Sequence[float]) -> list[float]:
    return list(accumulate(events, initial=0.0))
