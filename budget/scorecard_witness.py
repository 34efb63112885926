"""Whether a server saw a drill: each has a Prometheus of its own, and any other one knows nothing of it."""

from __future__ import annotations

import math
import re
from typing import Protocol

from budget.answers import Sample
from budget.postmortem_scorecard import Scorecard
from budget.readings import ALERTS
from slo import conventions, promql


class Source(Protocol):
    """What is asked: `budget.prometheus.Prometheus`, or a fake of it."""

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """Value of *query* at the Unix time *at*."""


def stranger(source: Source, scorecard: Scorecard | None, *, server: str, start: float, end: float) -> tuple[str, ...]:
    """A warning where *source* saw no page of those that came in the drill: then it is another server than the drill's.

    Where none was expected, or none came, there is nothing to know it by, and the warning says so.

    Raises:  Unreachable, QueryFailed.
    """
    if scorecard is None:
        return ()
    came = _came(scorecard)
    if not came:
        expected = any(drill.pages for drill in scorecard.drills)
        why = "none of the pages that the drill expected came" if expected else "the drill expected no page"
        return (f"{why}, and so nothing proves that {server} saw it: what it tells may be another platform's.",)
    if _fired(source, came, start, end):
        return ()
    return (
        f"{server} saw none of the drill's pages ({', '.join(came)}): what it tells is another platform's. "
        "Name the drill's own server with --prometheus, if it is still there.",
    )


def _came(scorecard: Scorecard) -> tuple[str, ...]:
    pages = (page for drill in scorecard.drills for page in drill.pages)
    return tuple(dict.fromkeys(page.alert for page in pages if page.after_seconds is not None))


def _fired(source: Source, alerts: tuple[str, ...], start: float, end: float) -> bool:
    names = promql.quote("|".join(map(re.escape, alerts)))
    matchers = f'{{alertstate="firing",{conventions.ALERT_NAME}=~{names}}}'
    seconds = max(1, math.ceil(end - start))
    return bool(source.instant(f"count_over_time({ALERTS}{matchers}[{seconds}s])", at=end))
