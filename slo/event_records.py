"""Records of events: read from raw series once, every longer window derived from those, weighted by events."""

from __future__ import annotations

from slo import conventions as names
from slo import promql, windows
from slo.model import Events
from slo.query import Query, Unit
from slo.rule import Record
from slo.rule_context import (
    BASE,
    LONGEST_RAW_SECONDS,
    SLOW_SECONDS,
    STEP,
    SloRules,
    is_recent,
    newest_seconds,
    unit,
)
from slo.windows import MINUTE, spell


def derived(rules: SloRules, sli: Events) -> tuple[list[Record], list[Record]]:
    """The records of the fast and of the period group, for an SLI that is additive over time."""
    fast: list[Record] = []
    for seconds in rules.windows.page_seconds:
        if seconds <= LONGEST_RAW_SECONDS:
            fast += asked(rules, sli, seconds)
        elif is_recent(rules.windows, seconds):
            fast.append(_recent_ratio(rules, seconds))
        else:
            fast += _doubled(rules, seconds)
    slow = [
        Record(average(STEP), f"avg_over_time({rules.of(rate(BASE))}[{STEP}])", rules.ids)
        for average, rate in (
            (names.total_average, names.total_rate),
            (names.bad_average, names.bad_rate),
        )
    ]
    summed = {seconds for seconds in rules.windows.page_seconds if is_recent(rules.windows, seconds)}
    slow += [_summed_ratio(rules, seconds) for seconds in sorted({*rules.windows.ticket_only_seconds, *summed})]
    slow += _increases(rules)
    if unit(sli) is not Unit.UNKNOWN:
        slow.append(_events_remaining(rules))
    return fast, slow


def asked(rules: SloRules, sli: Events, seconds: int) -> list[Record]:
    """Total and bad events of one window, read from raw series, and their ratio."""
    window = spell(seconds)
    total, bad = names.total_rate(window), names.bad_rate(window)
    per_window = unit(sli) is Unit.PER_WINDOW
    missing = promql.ignoring(name for name, _ in rules.ids)
    return [
        Record(total, _per_second(sli.total, seconds, per_window), rules.ids),
        Record(
            bad,
            f"{_per_second(sli.bad, seconds, per_window)}\nor{missing}\n0 * {rules.of(total)}",
            rules.ids,
        ),
        _event_ratio(rules, window),
    ]


def _event_ratio(rules: SloRules, window: str) -> Record:
    """Bad among all events of a window that has records of its own; 0 without traffic."""
    bad, total = rules.of(names.bad_rate(window)), rules.of(names.total_rate(window))
    return Record(names.sli_ratio(window), f"{bad} / ({total} > 0)\nor\n0 * {total}", rules.windowed(window))


def _per_second(query: Query, seconds: int, per_window: bool) -> str:
    return f"({query.at(spell(seconds))})" + (f" / {seconds}" if per_window else "")


def _doubled(rules: SloRules, seconds: int) -> list[Record]:
    """A window as the mean of its two halves: each event counts once, as in raw data."""
    window, half = spell(seconds), spell(seconds // 2)
    records = []
    for rate in (names.total_rate, names.bad_rate):
        newest = rules.of(rate(half))
        # A half that is missing, before birth or in a gap, holds no events.
        expr = f"(\n  {newest}\n  + ({newest} offset {half} or 0 * {newest})\n) / 2"
        records.append(Record(rate(window), expr, rules.ids))
    return [*records, _event_ratio(rules, window)]


def _recent_ratio(rules: SloRules, seconds: int) -> Record:
    """A long window: its newest part exactly, the older one summed from 5m records, each event counting once.

    The sum ends 5m early, for its oldest record reaches that far back: the window does not outlast its name. Before
    birth there are no records, hence no events.
    """
    window, newest = spell(seconds), newest_seconds(rules.windows)
    older = spell(seconds - newest - windows.BASE_SECONDS)
    bad, total = (
        f"{newest} * {rules.of(rate(spell(newest)))}"
        f" + ({MINUTE} * sum_over_time({rules.of(rate(BASE))}[{older}:{spell(MINUTE)}] offset {spell(newest)})"
        f" or 0 * {rules.of(rate(BASE))})"
        for rate in (names.bad_rate, names.total_rate)
    )
    return Record(
        names.recent_ratio(window),
        f"(\n  {bad}\n)\n/\n(\n  {total}\n  > 0\n)\nor\n0 * {rules.of(names.total_rate(BASE))}",
        rules.windowed(window),
    )


def _summed_ratio(rules: SloRules, seconds: int) -> Record:
    window = spell(seconds)
    bad, total = (
        f"sum_over_time({rules.of(average(STEP))}[{window}:{STEP}])"
        for average in (names.bad_average, names.total_average)
    )
    return Record(
        names.sli_ratio(window),
        f"{bad} / ({total} > 0)\nor\n0 * {rules.of(names.total_average(STEP))}",
        rules.windowed(window),
    )


def _increases(rules: SloRules) -> list[Record]:
    """Events of the whole period. The step is explicit: the sum then holds whatever the group's interval is."""
    period = rules.period
    bad, total = names.bad_increase(period), names.total_increase(period)
    records = [
        Record(
            increase,
            f"sum_over_time({rules.of(average)}[{period}:{STEP}]) * {SLOW_SECONDS}",
            rules.ids,
        )
        for increase, average in ((total, names.total_average(STEP)), (bad, names.bad_average(STEP)))
    ]
    ratio = f"{rules.of(bad)} / ({rules.of(total)} > 0)\nor\n0 * {rules.of(total)}"
    return [*records, Record(names.sli_ratio(period), ratio, rules.windowed(period))]


def _events_remaining(rules: SloRules) -> Record:
    bad, total = names.bad_increase(rules.period), names.total_increase(rules.period)
    return Record(
        names.BUDGET_EVENTS_REMAINING,
        f"{rules.budget} * {rules.of(total)} - {rules.of(bad)}",
        rules.labels,
    )
