"""Recording rules of a KPI: its value, what is usual at this hour of the week, and how far it is from that.

What is usual is the median of the same hour of the last three weeks, as far as there are any: how many, stands beside
it. Before the first week is over the last day's average takes its place, for screens: no alert is to believe it.

A value is never NaN, and never infinite: a ratio that has nothing to divide by is absent. Taking it for 0 would make
an outage of every quiet night, taking it for 1 would raise what is usual by the hours in which nothing happened. So
the baseline of a ratio is the average over the minutes in which there was one, an alert on it is silent where there
is none, and what stops altogether is told by other alerts: on counts, which are 0 then, and on SLIs that disappear.
"""

from __future__ import annotations

from slo import conventions as names
from slo import promql
from slo.model import Kpi, Pairs
from slo.rule import Group, Record
from slo.rule_context import SLOW_SECONDS
from slo.windows import DAY, HOUR, spell

WINDOW = "5m"
WEEKS = (1, 2, 3)
"""A median of three outlives one odd week; a single week's offset fires falsely after every promotion."""
WEEK_SECONDS = 7 * DAY
HOUR_SECONDS = HOUR
FALLBACK_SECONDS = DAY


def group(kpi: Kpi) -> Group:
    """The group of one KPI, in the order in which its records feed one another."""
    labels = identity(kpi)
    value, baseline = (selector(kpi, record) for record in (names.KPI_VALUE, names.KPI_BASELINE))
    weeks = _weeks(value)
    return Group(
        names.kpi_group(kpi.service, kpi.name),
        SLOW_SECONDS,
        (
            Record(names.KPI_VALUE, _value(kpi), labels),
            Record(
                names.KPI_BASELINE,
                f"quantile {promql.without((names.KPI_WEEK,))} (0.5,\n{weeks}\n)\nor\n"
                f"avg_over_time({value}[{spell(FALLBACK_SECONDS)}])",
                labels,
            ),
            Record(
                names.KPI_WEEKS, f"count {promql.without((names.KPI_WEEK,))} (\n{weeks}\n)\nor\n0 * {baseline}", labels
            ),
            Record(names.KPI_DEVIATION, f"{value} / ({baseline} > 0) - 1", labels),
        ),
    )


def identity(kpi: Kpi) -> Pairs:
    """The labels that every record of *kpi* has, beside those that its query groups by."""
    return ((names.KPI, kpi.name), (names.KPI_SERVICE, kpi.service))


def selector(kpi: Kpi, record: str) -> str:
    """The series of *kpi* in *record*."""
    return record + promql.matchers(identity(kpi))


def offset_seconds(week: int) -> int:
    """How long ago the hour around this moment, so many weeks ago, has ended.

    Half of it lies before that moment and half behind: an hour that ended at it would be late by half an hour, which
    where a day's traffic rises or falls by a fifth an hour is a deviation of a tenth.
    """
    return week * WEEK_SECONDS - HOUR_SECONDS // 2


def _value(kpi: Kpi) -> str:
    value = f"({kpi.query.at(WINDOW)})"
    return f"{value} > -Inf < Inf" if kpi.query.divides else value


def _weeks(value: str) -> str:
    """The average of the same hour of each of the last weeks that is there."""
    return "\n  or\n".join(
        f"  label_replace(avg_over_time({value}[{spell(HOUR_SECONDS)}] offset {spell(offset_seconds(week))}),"
        f' "{names.KPI_WEEK}", "{week}", "", "")'
        for week in WEEKS
    )
