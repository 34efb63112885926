"""Recording rules of a KPI: its value, what is usual at this hour of the week, and how far it is from that."""

from __future__ import annotations

from slo import conventions as names
from slo import promql
from slo.model import Kpi
from slo.rule import Group, Record
from slo.rule_context import SLOW_SECONDS

WINDOW = "5m"
WEEKS = (1, 2, 3)
"""A median of three outlives one odd week; a single week's offset fires falsely after every promotion."""


def group(kpi: Kpi) -> Group:
    """The group of one KPI."""
    labels = ((names.KPI, kpi.name), (names.KPI_SERVICE, kpi.service))
    value, baseline = (record + promql.matchers(labels) for record in (names.KPI_VALUE, names.KPI_BASELINE))
    return Group(
        names.kpi_group(kpi.service, kpi.name),
        SLOW_SECONDS,
        (
            Record(names.KPI_VALUE, f"({kpi.query.at(WINDOW)})", labels),
            Record(names.KPI_BASELINE, _median(value), labels),
            Record(names.KPI_DEVIATION, f"{value} / ({baseline} > 0) - 1", labels),
        ),
    )


def _median(value: str) -> str:
    """The median of the same hour of the last weeks, as far as there are any."""
    weeks = "\n  or\n  ".join(
        f'label_replace(avg_over_time({value}[1h] offset {week}w), "{names.KPI_WEEK}", "{week}", "", "")'
        for week in WEEKS
    )
    return f"quantile without ({names.KPI_WEEK}) (0.5,\n  {weeks}\n)"
