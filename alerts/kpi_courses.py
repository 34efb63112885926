"""The courses that the alerts of every KPI are tested with: values an hour apart, and what must follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from alerts import kpi_texts
from alerts.kpi import KEEP_FIRING_SECONDS
from slo.model import Kpi, KpiAlert
from slo.windows import DAY, HOUR

STEP_SECONDS = HOUR
WITHIN, BEYOND = Decimal("0.9"), Decimal("1.2")
"""Of the deviation that is told."""
MARGIN = Decimal("0.2")
"""By which a value is beyond a limit, or within."""

Phases = tuple[tuple[Decimal, int], ...]
"""Values, and for how many steps each holds."""


@dataclass(frozen=True, slots=True)
class Firing:
    """The alert fires from step *start* on and not before; *over* is the first step without it.

    value: what is measured then. usual, weeks: the baseline and on how many weeks it stands; not read by limits.
    """

    start: int
    over: int
    value: Decimal
    usual: Decimal = Decimal(0)
    weeks: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """A course of one KPI; *silent* are steps at which its alert does not fire."""

    name: str
    phases: Phases
    silent: tuple[int, ...]
    firing: Firing | None = None


class _Writer:
    """Phases as they are strung together."""

    def __init__(self) -> None:
        self.phases: list[tuple[Decimal, int]] = []
        self.step = 0
        """The first step of what comes next."""

    def hold(self, value: Decimal, steps: int) -> int:
        """Let *value* hold for so many steps; the last of them."""
        self.phases.append((value, steps))
        self.step += steps
        return self.step - 1

    def until(self, value: Decimal, seconds: int) -> int:
        """Let *value* hold until so long after the start."""
        return self.hold(value, seconds // STEP_SECONDS - self.step)


def of_deviation(kpi: Kpi, alert: KpiAlert) -> Iterator[Course]:
    """The courses of the alert on the deviation."""
    usual = _usual(kpi, alert)
    yield _three_weeks(kpi, alert, usual)
    yield _one_week(kpi, alert, usual)
    yield _little(kpi, alert)


def _three_weeks(kpi: Kpi, alert: KpiAlert, usual: Decimal) -> Course:
    held, course, worse = _steps(alert.for_seconds), _Writer(), _worse(kpi, alert, usual, BEYOND)
    course.until(usual / 2, 7 * DAY)
    course.until(usual * 2, 14 * DAY)
    steady = course.until(usual, 21 * DAY + 6 * HOUR)
    within = course.hold(_worse(kpi, alert, usual, WITHIN), held + 2)
    course.hold(usual, 2)
    start, end = course.step + held, course.hold(worse, held + 3)
    course.hold(usual, _steps(KEEP_FIRING_SECONDS) + 2)
    firing = Firing(start, end + 1 + _steps(KEEP_FIRING_SECONDS), worse, usual, 3)
    return Course(
        "three weeks, two of them odd, then it is worse: told, over when it is over",
        _done(course),
        (steady, within),
        firing,
    )


def _one_week(kpi: Kpi, alert: KpiAlert, usual: Decimal) -> Course:
    held, course, worse = _steps(alert.for_seconds), _Writer(), _worse(kpi, alert, usual, BEYOND)
    course.until(usual, 3 * DAY)
    without = course.hold(worse, held + 2)
    steady = course.until(usual, 8 * DAY)
    start, end = course.step + held, course.hold(worse, held + 2)
    course.hold(usual, _steps(KEEP_FIRING_SECONDS) + 2)
    firing = Firing(start, end + 1 + _steps(KEEP_FIRING_SECONDS), worse, usual, 1)
    return Course(
        "a week of history: told, and on how little it stands; without one silent",
        _done(course),
        (without, steady),
        firing,
    )


def _little(kpi: Kpi, alert: KpiAlert) -> Course:
    course, least = _Writer(), alert.least_baseline
    usual = least - MARGIN * abs(least)
    course.until(usual, 8 * DAY)
    worse = _worse(kpi, alert, usual, BEYOND) if usual > 0 else usual + (-1 if kpi_texts.is_drop(kpi) else 1)
    end = course.hold(worse, _steps(alert.for_seconds) + 3)
    return Course("little is usual, and it is worse: nobody is told", _done(course), (end - 1, end))


def of_limits(alert: KpiAlert) -> Iterator[Course]:
    """The courses of the alert on limits, one for each of them."""
    for word, limit, away in (("upper", alert.above, 1), ("lower", alert.below, -1)):
        if limit is None:
            continue
        other = alert.below if away == 1 else alert.above
        margin = MARGIN * abs(limit) or Decimal(1)
        good = limit - away * margin if other is None else (limit + other) / 2
        held, course, worse = _steps(alert.for_seconds), _Writer(), limit + away * margin
        steady = course.hold(good, held + 3)
        at_limit = course.hold(limit, held + 3)
        start, end = course.step + held, course.hold(worse, held + 3)
        course.hold(good, _steps(KEEP_FIRING_SECONDS) + 2)
        firing = Firing(start, end + 1 + _steps(KEEP_FIRING_SECONDS), worse)
        yield Course(
            f"the {word} limit is passed: told, over when it is over", _done(course), (steady, at_limit), firing
        )


def _usual(kpi: Kpi, alert: KpiAlert) -> Decimal:
    if alert.least_baseline > 0:
        return 2 * alert.least_baseline
    return Decimal("0.5") if kpi.unit == kpi_texts.RATIO else Decimal(10)


def _worse(kpi: Kpi, alert: KpiAlert, usual: Decimal, times: Decimal) -> Decimal:
    """*usual*, worse by so many times the deviation that is told."""
    assert alert.deviation is not None
    return usual * (1 + (-times if kpi_texts.is_drop(kpi) else times) * alert.deviation)


def _steps(seconds: int) -> int:
    """How many steps it takes until so long has passed."""
    return -(-seconds // STEP_SECONDS)


def _done(course: _Writer) -> Phases:
    return tuple(course.phases)
