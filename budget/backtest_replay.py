"""Has a real Prometheus evaluate an SLO's generated rules over a history, and reads what they say.

The first level of records, which reads raw series, is asked where the history is; what is derived from it is asked of
a Prometheus of one's own, a level at a time, and put back into it as a block for the next. Two days of one SLO took
`promtool test rules`, which says no more than pass or fail, 30 s, and this 2 s. What is left of error:

- Evaluations are a minute apart, where the fast group has 30 seconds: a page comes up to a minute later than it would
  have, and one that was on for less than a minute may be missed. Tickets have their group's own two minutes.
- Groups are evaluated at the same moments, in order. In production each has an offset of its own, so that what one
  reads of the other may be an interval old.
- `for` is counted in those evaluations.
- A series that ends is read for two minutes after its last sample, where Prometheus' rules end theirs at once.
- Between two samples of a record that was read from a server, that server's own lookback holds.
- Inhibition, silences and grouping are Alertmanager's, and are not replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from budget import backtest
from budget.answers import Series
from budget.backtest import Backtest, Outcome, Past
from budget.backtest_origin import Origin, asked
from budget.backtest_records import CURVE_SECONDS, Course, Step, Variant, budget_left
from budget.backtest_server import Store, labels_of, write
from budget.errors import BudgetError
from budget.time_range import spelt
from slo.rule_context import SLOW_SECONDS, shared

LOOKBACK = "2m"
"""In the store: one interval of the slow group, so that what has ended is not read on for five minutes."""
Say = Callable[[str], None]


class NoHistory(BudgetError):
    """Nothing was measured in the range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From when to when (Unix seconds): whole evaluations of the slow group."""

    start: float
    end: float


def whole(start: float, end: float) -> Range:
    """The range in whole evaluations."""
    return Range(start=start // SLOW_SECONDS * SLOW_SECONDS, end=end // SLOW_SECONDS * SLOW_SECONDS)


def replay(course: Course, origin: Origin, place: Store, over: Range, say: Say) -> Backtest:
    """What the variants of *course* would have told over the range.

    Args:    place: what a file held has been put into it. say: told what is done, for it takes a while.
    Raises:  NoHistory, NotEvaluated, Unreachable, QueryFailed.
    """
    known = _first_level(course, origin, place, over, say)
    for number, level in enumerate(course.levels[1:], start=2):
        say(f"evaluating records: level {number} of {len(course.levels)}")
        _level(course, level, place, over)
    say("evaluating alerts and the budget")
    with place.serving(LOOKBACK) as server:

        def ask(query: str, step_seconds: float) -> Iterable[Series]:
            return asked(server, query, over.start, over.end, step_seconds)

        return Backtest(past=known, outcomes=tuple(_outcome(each, ask, known) for each in course.variants))


def _first_level(course: Course, origin: Origin, place: Store, over: Range, say: Say) -> Past:
    measured: list[float] = []
    slo = course.variants[0].slo
    of = shared(slo).of
    with place.writing() as file, origin.opened(place) as ask:
        for number, step in enumerate(course.levels[0], start=1):
            say(f"reading the history: {number} of {len(course.levels[0])}")
            for series in ask(step, of(step.record.name), _begin(course, step, over), over.end):
                write(file, step.record.name, labels_of(series, step.record.labels), series.points)
                if step.record.name == course.measured:
                    measured += [at for at, _ in series.points]
        found = backtest.past(origin.named(), measured, start=over.start, end=over.end, seeded=origin.seeded(over.end))
        if found is None:
            # Raised in here: what is written so far may be nothing, of which promtool makes no block.
            raise NoHistory(
                f"{origin.named()}: nothing has measured {slo.id} from {spelt(over.start)} to {spelt(over.end)}"
            )
    return found


def _level(course: Course, level: Iterable[Step], place: Store, over: Range) -> None:
    with place.writing() as file, place.serving(LOOKBACK) as server:
        for step in level:
            begin = _begin(course, step, over)
            for series in asked(server, step.record.expr, begin, over.end, step.step_seconds):
                write(file, step.record.name, labels_of(series, step.record.labels), series.points)


def _begin(course: Course, step: Step, over: Range) -> float:
    """From when on *step* is needed: the curve reads the events of a period at each of its moments, not before."""
    if step.step_seconds == CURVE_SECONDS:
        return over.start
    return over.start - max(course.alert_seconds, course.period_seconds if step.whole_period else 0)


def _outcome(variant: Variant, ask: Callable[[str, float], Iterable[Series]], known: Past) -> Outcome:
    budget = backtest.curve(ask(budget_left(variant.slo), CURVE_SECONDS))
    fired = (
        each
        for told in variant.alerts
        for each in backtest.firings(
            told.alert,
            ask(told.alert.expr, told.step_seconds),
            step_seconds=told.step_seconds,
            of=known,
            budget=budget,
        )
    )
    return Outcome(
        slo=variant.slo, fired=tuple(sorted(fired, key=lambda each: (each.start, each.alert))), budget=budget
    )
