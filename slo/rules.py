"""The native engine: the recording rules of one SLO.

Events of an additive SLI are read from raw series once, as 5m rates; every longer window is derived from those
two records, weighted by events. Other SLIs are asked anew for each window, as sloth does.

What pages stands in the fast group, everything else in the period group, which also holds the ticket; an alert
belongs into the group whose records it reads, or it lags by one evaluation.
"""

from __future__ import annotations

from slo import conventions as names
from slo import event_records, promql
from slo.model import Events, RawRatio, pairs
from slo.query import Query
from slo.rule import Group, Record
from slo.rule_context import BASE, FAST_SECONDS, SLOTH_VERSION, SLOW_SECONDS, STEP, SloRules, is_additive
from slo.windows import spell


def groups(rules: SloRules) -> tuple[Group, Group, Group]:
    """The fast, the period and the meta group of one SLO, in the order in which they feed one another."""
    slo = rules.slo
    if not isinstance(slo.sli, Events):
        fast, slow = _raw(rules)
    elif is_additive(slo.sli):
        fast, slow = event_records.derived(rules, slo.sli)
    else:
        fast, slow = _asked_anew(rules, slo.sli)
    return (
        Group(names.sli_group(rules.group_name), FAST_SECONDS, (*fast, _current_burn_rate(rules))),
        Group(names.period_group(rules.group_name), SLOW_SECONDS, (*slow, *_period_burn(rules))),
        Group(names.meta_group(rules.group_name), SLOW_SECONDS, _meta(rules)),
    )


def _asked_anew(rules: SloRules, sli: Events) -> tuple[list[Record], list[Record]]:
    fast = [r for seconds in rules.windows.page_seconds for r in event_records.asked(rules, sli, seconds)]
    slow = [r for seconds in rules.windows.ticket_only_seconds for r in event_records.asked(rules, sli, seconds)]
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
