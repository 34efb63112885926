"""Runs a backtest from end to end: over a server's history or a file's, in as few courses as the variants allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from budget import backtest_csv, backtest_openmetrics
from budget.backtest import Backtest
from budget.backtest_file import Held
from budget.backtest_origin import InStore, Origin, Server
from budget.backtest_records import Course, courses, variant
from budget.backtest_replay import Range, Say, replay, whole
from budget.backtest_server import Programs, Store, store
from budget.prometheus import Prometheus
from slo import event_series
from slo.model import Slo
from slo.rule import Alert
from slo.windows import DAY

CSV = ".csv"
USUAL_DAYS = 30
AlertsOf = Callable[[Slo], tuple[Iterable[Alert], Iterable[Alert]]]
"""The alerts of an SLO's fast and slow group: this package knows records, and another one alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to backtest: *slos*, an SLO as it is and perhaps as it would be, from *start* to *end* (Unix seconds).

    Without a start it is *days* before the end, or `USUAL_DAYS` as far as a file goes; without an end it is a file's
    last moment, and *now* of a server.
    """

    slos: Sequence[Slo]
    now: float
    days: int | None = None
    start: float | None = None
    end: float | None = None

    def over(self, last: float, first: float = 0.0) -> Range:
        """The range, where the history is known to end at *last*, and to begin at *first*.

        Raises:  ValueError: it is reversed, or too short for an evaluation.
        """
        end = last if self.end is None else self.end
        start = end - (self.days or USUAL_DAYS) * DAY if self.start is None else self.start
        found = whole(max(start, first) if self.start is None and self.days is None else start, end)
        if found.start >= found.end:
            raise ValueError("the range is empty: it must begin two minutes before its end")
        return found


def on_server(
    asked: Asked, source: Prometheus, alerts_of: AlertsOf, programs: Programs, *, raw: bool, say: Say
) -> Backtest:
    """Over the history that a Prometheus has.

    Args:    raw: ask for the raw series even where the rules recorded what they saw.
    Raises:  ValueError, NoHistory, NotEvaluated, Unreachable, QueryFailed.
    """
    over, found = asked.over(asked.now), list[Backtest]()
    for course in courses(variant(slo, *alerts_of(slo)) for slo in asked.slos):
        with store(programs) as place:
            found.append(replay(course, Server(source=source, raw=raw), place, over, say))
    return _joined(asked.slos, found)


def on_file(asked: Asked, path: Path, alerts_of: AlertsOf, programs: Programs, *, say: Say) -> Backtest:
    """Over the history of a file: CSV by its name's ending, else OpenMetrics.

    Raises:  SpecErrors: with every fault of the file. ValueError, NoHistory, NotEvaluated.
    """
    is_csv = path.suffix.lower() == CSV
    # A row has nothing but numbers: the SLO's own queries may ask for more than counters can be made up for.
    fed = [event_series.stand_in(slo) for slo in asked.slos] if is_csv else list(asked.slos)
    found = list[Backtest]()
    for course in courses(variant(slo, *alerts_of(slo)) for slo in fed):
        with store(programs) as place:
            say(f"reading {path}")
            held = _put(path, course, place, asked.now, is_csv=is_csv)
            origin: Origin = InStore(name=str(path), is_seeded=held.seeded)
            found.append(replay(course, origin, place, asked.over(held.last, held.first), say))
    return _joined(fed, found, asked.slos)


def _put(path: Path, course: Course, place: Store, now: float, *, is_csv: bool) -> Held:
    with place.writing() as text:
        if is_csv:
            return backtest_csv.convert(path, event_series.stand_in_series(course.variants[0].slo), text, now)
        return backtest_openmetrics.convert(path, text, now)


def _joined(slos: Sequence[Slo], found: Sequence[Backtest], originals: Sequence[Slo] | None = None) -> Backtest:
    """The outcomes of every course in the order of *slos*, spoken of as *originals*."""
    outcomes = [each for backtest in found for each in backtest.outcomes]
    ordered = [next(each for each in outcomes if each.slo == slo) for slo in slos]
    named = (replace(each, slo=slo) for each, slo in zip(ordered, originals or slos, strict=True))
    return Backtest(past=found[0].past, outcomes=tuple(named))
