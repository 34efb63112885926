"""The native engine: the recording rules of one SLO.

Events of an additive SLI are read from raw series once, as 5m rates; every longer window is derived from those
two records, weighted by events. Other SLIs are asked anew for each window, as sloth does.

What pages stands in the fast group, everything else in the period group, which also holds the ticket; an alert
belongs into the group whose records it reads, or it lags by one evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass

from slo import conventions as names
from slo import promql, windows
from slo.budget import error_budget
from slo.model import Events, Pairs, RawRatio, Slo, pairs
from slo.query import Query, Unit
from slo.rule import Group, Record
from slo.windows import AlertWindows, spell

FAST_SECONDS = 30
SLOW_SECONDS = 120
"""Twice this stays below the 5m after which Prometheus calls a series gone: one missed run is survived."""
STEP = spell(SLOW_SECONDS)
BASE = spell(windows.BASE_SECONDS)

LONGEST_RAW_SECONDS = 30 * windows.MINUTE
"""Page windows up to here read raw series: a window derived from 5m records smears its events over 5m and would
page later, and each rate() weighs an event a little more than one (1.05 over 5m, 1.008 over 30m, scraped every 15 s),
which low traffic feels."""
SLOTH_VERSION = "v0.16.0"
"""The release whose names and meanings these rules follow; sloth writes its own there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SloRules:
    """The names, selectors and labels that every rule of one SLO shares.

    `ids` are sloth's three identifiers and the labels that tell copies apart; `labels` add the user's own, and
    `other_labels` names those of them that event records lack, so that changing one breaks no long window.
    """

    slo: Slo
    windows: AlertWindows
    period: str
    budget: str
    ids: Pairs
    selector: str
    labels: Pairs
    other_labels: tuple[str, ...]
    group_name: str

    def of(self, record: str) -> str:
        """This SLO's series of *record*."""
        return record + self.selector

    def final(self, record: str) -> str:
        """The series of a final *record* as these rules write it: for 5m after a restart, one with another value of
        a user label stands beside it.
        """
        return record + promql.matchers(self.labels)

    def windowed(self, window: str) -> Pairs:
        """The labels of a final record over *window*."""
        return pairs(self.labels, ((names.WINDOW, window),))


def shared(slo: Slo, suffix: str = "") -> SloRules:
    """What the rules of *slo* share.

    Args:    suffix: set where two copies of one SLO share a file, whose group names must differ.
    """
    own = ((names.ID, slo.id), (names.SERVICE, slo.service), (names.SLO, slo.name))
    ids = own + slo.identity
    known = {name for name, _ in ids}
    alert_windows = windows.for_period(slo.period_days)
    return SloRules(
        slo=slo,
        windows=alert_windows,
        period=spell(alert_windows.period_seconds),
        budget=promql.number(error_budget(slo)),
        ids=ids,
        selector=promql.matchers(ids),
        labels=pairs(slo.labels, ids),
        other_labels=tuple(name for name, _ in slo.labels if name not in known),
        group_name=slo.id + suffix,
    )


def groups(rules: SloRules) -> tuple[Group, Group, Group]:
    """The fast, the period and the meta group of one SLO, in the order in which they feed one another."""
    slo = rules.slo
    if not isinstance(slo.sli, Events):
        fast, slow = _raw(rules)
    elif is_additive(slo.sli):
        fast, slow = _additive(rules, slo.sli)
    else:
        fast, slow = _asked_anew(rules, slo.sli)
    return (
        Group(names.sli_group(rules.group_name), FAST_SECONDS, (*fast, _current_burn_rate(rules))),
        Group(names.period_group(rules.group_name), SLOW_SECONDS, (*slow, *_period_burn(rules))),
        Group(names.meta_group(rules.group_name), SLOW_SECONDS, _meta(rules)),
    )


def is_additive(sli: Events) -> bool:
    """Whether long windows may be summed from 5m events."""
    return sli.bad.additive and sli.total.additive


def unit(sli: Events) -> Unit:
    """What the SLI's values count, where bad and total agree."""
    return sli.total.unit if sli.bad.unit is sli.total.unit else Unit.UNKNOWN


# --- additive events --------------------------------------------------------------------------------------------


def _additive(rules: SloRules, sli: Events) -> tuple[list[Record], list[Record]]:
    fast: list[Record] = []
    for seconds in rules.windows.page_seconds:
        if seconds <= LONGEST_RAW_SECONDS:
            fast += _events(rules, sli, seconds)
        elif is_doubled(rules.windows, seconds):
            fast += _doubled(rules, seconds)
        else:
            fast.append(_recent_ratio(rules, seconds))
    slow = [
        Record(average(STEP), f"avg_over_time({rules.of(rate(BASE))}[{STEP}])", rules.ids)
        for average, rate in (
            (names.total_average, names.total_rate),
            (names.bad_average, names.bad_rate),
        )
    ]
    slow += [_summed_ratio(rules, seconds) for seconds in rules.windows.ticket_only_seconds]
    slow += _increases(rules)
    if unit(sli) is not Unit.UNKNOWN:
        slow.append(_events_remaining(rules))
    return fast, slow


def _events(rules: SloRules, sli: Events, seconds: int) -> list[Record]:
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


def newest_seconds(alert_windows: AlertWindows) -> int:
    """The longest page window that is read from raw series: longer ones take their newest events from it."""
    return max(seconds for seconds in alert_windows.page_seconds if seconds <= LONGEST_RAW_SECONDS)


def is_doubled(alert_windows: AlertWindows, seconds: int) -> bool:
    """Whether a window is twice the longest one that is read from raw series."""
    return seconds == 2 * newest_seconds(alert_windows)


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
    """A long window: its newest part exactly, the older one as an average of 5m records.

    The average ends 5m early, for its oldest record reaches that far back: the window does not outlast its name.
    """
    window, newest = spell(seconds), newest_seconds(rules.windows)
    older = seconds - newest - windows.BASE_SECONDS
    bad, total = (
        f"{newest} * {rules.of(rate(spell(newest)))}"
        f" + ({older} * avg_over_time({rules.of(rate(BASE))}[{spell(older)}] offset {spell(newest)})"
        f" or 0 * {rules.of(rate(BASE))})"
        for rate in (names.bad_rate, names.total_rate)
    )
    return Record(
        names.sli_ratio(window),
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


# --- everything else --------------------------------------------------------------------------------------------


def _asked_anew(rules: SloRules, sli: Events) -> tuple[list[Record], list[Record]]:
    fast = [r for seconds in rules.windows.page_seconds for r in _events(rules, sli, seconds)]
    slow = [r for seconds in rules.windows.ticket_only_seconds for r in _events(rules, sli, seconds)]
    return fast, [*slow, _averaged_period(rules)]


def _raw(rules: SloRules) -> tuple[list[Record], list[Record]]:
    sli = rules.slo.sli
    assert isinstance(sli, RawRatio)  # plugins are refused before rules are built
    fast = [_raw_ratio(rules, sli.ratio, seconds) for seconds in rules.windows.page_seconds]
    slow = [_raw_ratio(rules, sli.ratio, seconds) for seconds in rules.windows.ticket_only_seconds]
    return fast, [*slow, _averaged_period(rules)]


def _raw_ratio(rules: SloRules, query: Query, seconds: int) -> Record:
    window = spell(seconds)
    expr = f"({query.at(window)})"
    if query.divides:  # 0 / 0 on a quiet service: no events, so no bad ones
        expr = f"({expr} >= -Inf)\nor\n0 * group without () ({query.at(window)})"
    return Record(names.sli_ratio(window), expr, rules.windowed(window))


def _averaged_period(rules: SloRules) -> Record:
    """The ratio over the period, averaged over what it was called before a label changed as well."""
    ratio = f"max {_identity(rules)} ({rules.of(names.sli_ratio(BASE))})"
    return Record(
        names.sli_ratio(rules.period),
        f"avg_over_time(({ratio})[{rules.period}:{STEP}])",
        rules.windowed(rules.period),
    )


def _identity(rules: SloRules) -> str:
    """What is left of a final record's labels without the user's; where the query's own are unknown, a good guess."""
    match rules.slo.sli:
        case Events(total=query) | RawRatio(ratio=query) if query.labels is not None:
            return promql.by(sorted({name for name, _ in rules.ids} | query.labels))
    return promql.without((names.WINDOW, *rules.other_labels))


# --- burn rates and constants -----------------------------------------------------------------------------------


def _current_burn_rate(rules: SloRules) -> Record:
    ratio = rules.final(names.sli_ratio(BASE))
    return Record(names.CURRENT_BURN_RATE, f"{ratio} / {rules.budget}", rules.labels)


def _period_burn(rules: SloRules) -> tuple[Record, Record]:
    ratio = rules.final(names.sli_ratio(rules.period))
    return (
        Record(names.PERIOD_BURN_RATE, f"{ratio} / {rules.budget}", rules.labels),
        Record(names.BUDGET_REMAINING, f"1 - {rules.final(names.PERIOD_BURN_RATE)}", rules.labels),
    )


def _meta(rules: SloRules) -> tuple[Record, ...]:
    slo = rules.slo
    info = pairs(
        rules.labels,
        (
            ("sloth_mode", "cli-gen-prom"),
            ("sloth_objective", promql.number(slo.objective)),
            ("sloth_spec", slo.dialect),
            ("sloth_version", SLOTH_VERSION),
        ),
    )
    return (
        Record(names.OBJECTIVE, f"vector({promql.number(slo.objective / 100)})", rules.labels),
        Record(names.ERROR_BUDGET, f"vector({rules.budget})", rules.labels),
        Record(names.PERIOD_DAYS, f"vector({slo.period_days})", rules.labels),
        Record(names.INFO, "vector(1)", info),
    )
