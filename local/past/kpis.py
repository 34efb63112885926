"""What the rules of a KPI would have recorded: its own query over what was counted, and what is usual by then.

slo/kpi_rules.py has the expressions that this agrees with; a test asks a real Prometheus for each of them. A value that
is not there is NaN here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from local.past import over_time, reckoning
from local.past.draw import Floats, Series
from local.past.records import Recorded
from local.past.timeline import MINUTE
from slo import conventions as names
from slo import kpi_rules
from slo.catalogue import Catalogue
from slo.event_series import Leaf
from slo.model import Kpi
from slo.rule import Record
from slo.windows import read_seconds

WINDOW_MINUTES = read_seconds(kpi_rules.WINDOW) // MINUTE


def countable(catalogue: Catalogue) -> tuple[list[Kpi], list[str]]:
    """The KPIs that can be counted here, and the names of those whose queries reckon with more than sums of rates."""
    found: list[Kpi] = []
    others: list[str] = []
    for kpi in (kpi for spec in catalogue.specs for kpi in spec.kpis):
        try:
            _leaves(kpi)
            found.append(kpi)
        except reckoning.Unknown:
            others.append(f"{kpi.service}-{kpi.name}")
    return found, others


def count(kpi: Kpi, series: Iterable[Series]) -> list[Floats]:
    """By how much what each of the query's selectors selects grew in each minute; NaN where there is no such series."""
    known = list(series)
    return [_grown(leaf, known) for leaf in _leaves(kpi)]


def _grown(leaf: Leaf, series: Sequence[Series]) -> Floats:
    read = [each for each in series if leaf.matches((each.name, (("job", each.job), *each.labels)))]
    nothing = np.full(len(series[0].growth), np.nan)
    return np.sum([each.growth for each in read], axis=0) if read else nothing


def recorded(kpi: Kpi, grown: Sequence[Floats]) -> Iterator[Recorded]:
    """Every record of *kpi*, from the first minute of *grown* (as `count` has it, joined) on.

    Raises:  KeyError: the rules have a record that is not known here.
    """
    value = _value(kpi, grown)
    weeks = np.sort([_before(value, week) for week in kpi_rules.WEEKS], axis=0)  # those that are not there come last
    there = np.sum(~np.isnan(weeks), axis=0)
    median = np.choose(there, (_day(value), weeks[0], (weeks[0] + weeks[1]) / 2, weeks[1]))
    usual = np.where(median > 0, median, np.nan)
    values = {
        names.KPI_VALUE: value,
        names.KPI_BASELINE: median,
        names.KPI_WEEKS: np.where(np.isnan(median), np.nan, there),
        names.KPI_DEVIATION: value / usual - 1,
    }
    for rule in kpi_rules.group(kpi).rules:
        assert isinstance(rule, Record)
        yield Recorded(rule.name, rule.labels, values[rule.name])


def _value(kpi: Kpi, grown: Sequence[Floats]) -> Floats:
    rates = iter([over_time.last(each, WINDOW_MINUTES) / (WINDOW_MINUTES * MINUTE) for each in grown])
    found = np.asarray(reckoning.evaluated(_text(kpi), lambda leaf: next(rates)), dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _leaves(kpi: Kpi) -> list[Leaf]:
    """The selectors of the query, in the order in which it is evaluated."""
    found: list[Leaf] = []

    def read(leaf: Leaf) -> Floats:
        found.append(leaf)
        return np.ones(1)

    reckoning.evaluated(_text(kpi), read)
    return found


def _text(kpi: Kpi) -> str:
    return kpi.query.at(kpi_rules.WINDOW)


def _before(values: Floats, week: int) -> Floats:
    """What the average of the hour was, so many weeks before."""
    places = kpi_rules.offset_seconds(week) // MINUTE
    averages = over_time.average(values, kpi_rules.HOUR_SECONDS)
    return np.concatenate((np.full(places, np.nan), averages))[: len(values)]


def _day(values: Floats) -> Floats:
    """What stands in for the baseline before there is a week."""
    return over_time.average(values, kpi_rules.FALLBACK_SECONDS)
