"""The page and the ticket of an SLO: multi-window, multi-burn-rate alerts with a guard for low traffic.

The page belongs into the group of the SLI records, the ticket into that of the period: each reads what its own
group has just recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from alerts import links
from slo import conventions as names
from slo import promql
from slo.model import Events, Notice, Pairs, RawRatio, Slo, pairs
from slo.query import Unit
from slo.routing_model import Links
from slo.rule import Alert
from slo.rule_context import BASE, SLOW_SECONDS, STEP, SloRules, is_additive, is_doubled, is_recent, unit
from slo.windows import BurnRateWindow, for_period, spell

# Bad events are counted from extrapolated rates: n events read as 0.84 n (the average of sparse 5m records) to
# 1.05 n. Half an event of slack lets n through and holds n − 1 back.
SLACK = 0.5
LITERAL_BRACES = '{{"{{"}}'


def page(rules: SloRules, addresses: Links | None = None) -> Alert | None:
    """The alert that wakes somebody; None where it is disabled. *addresses* of runbooks and dashboards, if any."""
    quick, slow = rules.windows.page_quick, rules.windows.page_slow
    guards = ("", "") if not rules.slo.alerting.min_failures else _page_guards(rules)
    return _alert(rules, names.PAGE, rules.slo.alerting.page, addresses, ((quick, guards[0]), (slow, guards[1])))


def ticket(rules: SloRules, addresses: Links | None = None) -> Alert | None:
    """The alert that can wait for the morning; None where it is disabled. *addresses*: as for the page."""
    quick, slow = rules.windows.ticket_quick, rules.windows.ticket_slow
    guards = ("", "") if not rules.slo.alerting.min_failures else _ticket_guards(rules)
    return _alert(rules, names.TICKET, rules.slo.alerting.ticket, addresses, ((quick, guards[0]), (slow, guards[1])))


def route_labels(slo: Slo, severity: str, own: Pairs) -> Pairs:
    """The labels that routes read, as far as neither the spec nor its query has one of that name.

    Args:    own: the alert's own labels from the spec.
    """
    taken = {name for name, _ in own} | {name for name, _ in slo.labels}
    match slo.sli:
        case Events(total=query) | RawRatio(ratio=query):
            taken |= query.labels or frozenset()
    given = {"service": slo.service, "slo": slo.name, "severity": severity, "team": slo.team}
    return tuple((name, value) for name, value in given.items() if value and name not in taken)


def _alert(
    rules: SloRules,
    severity: str,
    notice: Notice,
    addresses: Links | None,
    pairs_of_windows: tuple[tuple[BurnRateWindow, str], ...],
) -> Alert | None:
    if not notice.enabled:
        return None
    alerting = rules.slo.alerting
    own = pairs(alerting.labels, notice.labels)
    labels = pairs(route_labels(rules.slo, severity, own), ((names.SEVERITY, severity),), own)
    subject = f"{{{{$labels.{names.SERVICE}}}}} {{{{$labels.{names.SLO}}}}} SLO error budget burn rate"
    title, summary = f"({severity}) {subject} is too fast.", f"{subject} is over expected."
    ours = added_annotations(rules.slo, severity, addresses)
    annotations = pairs({"title": title, "summary": summary}, ours, alerting.annotations, notice.annotations)
    ratio_of = partial(_ratio, rules, severity)
    expr = "\nor\n".join(_burning(rules, window, guard, ratio_of) for window, guard in pairs_of_windows)
    return Alert(alerting.name, expr, labels, annotations)


def dashboard_variables(slo: Slo) -> Pairs:
    """What the dashboard of SLOs is opened with."""
    return (("service", slo.service), ("slo", slo.name))


def added_annotations(slo: Slo, severity: str, addresses: Links | None) -> Pairs:
    """What the page or the ticket says beside sloth's texts, which stay as they are and name no number."""
    linked = links.linked(addresses, slo.alerting.name, names.SLO_DASHBOARD, dashboard_variables(slo))
    return pairs({"description": _description(slo, severity)}, linked)


def _description(slo: Slo, severity: str) -> str:
    """The number, and what it is held against."""
    windows = for_period(slo.period_days)
    both = (
        (windows.page_quick, windows.page_slow)
        if severity == names.PAGE
        else (windows.ticket_quick, windows.ticket_slow)
    )
    short = " or ".join(spell(window.short_seconds) for window in both)
    promise = f"{promql.number(slo.objective)}% over {slo.period_days}d allows {promql.number(100 - slo.objective)}%"
    number = f"{{{{$value | humanizePercentage}}}} bad over {short}, where {promise}."
    # What is plain text in the spec must not become a template here.
    return f"{number} {slo.description.replace('{{', LITERAL_BRACES)}".rstrip()


def _ratio(rules: SloRules, severity: str, seconds: int) -> str:
    """The record of a window that the page or the ticket reads."""
    sli = rules.slo.sli
    derived = isinstance(sli, Events) and is_additive(sli) and is_recent(rules.windows, seconds)
    return (names.recent_ratio if derived and severity == names.PAGE else names.sli_ratio)(spell(seconds))


def _burning(rules: SloRules, window: BurnRateWindow, guard: str, ratio_of: Callable[[int], str]) -> str:
    terms = [
        f"    max({rules.of(ratio_of(seconds))} > ({promql.number(window.factor)} * {rules.budget}))"
        f" without ({names.WINDOW})"
        for seconds in (window.short_seconds, window.long_seconds)
    ]
    if guard:
        guard = f"    and{promql.ignoring(rules.other_labels)}\n    {guard}\n"
    return f"(\n{terms[0]}\n    and\n{terms[1]}\n{guard})"


# --- guards: enough bad events to be worth waking somebody ------------------------------------------------------


def _page_guards(rules: SloRules) -> tuple[str, str]:
    quick, slow = rules.windows.page_quick.long_seconds, rules.windows.page_slow.long_seconds
    least = rules.slo.alerting.min_failures
    sli = rules.slo.sli
    if not isinstance(sli, Events) or unit(sli) is Unit.UNKNOWN:
        return "", ""
    slow_count, quick_count = _rate_count(rules, slow), _rate_count(rules, quick)
    if is_additive(sli):
        slow_count = _averaged_count(rules, slow)
        if not is_doubled(rules.windows, quick):
            quick_count = _averaged_count(rules, quick)
    return _guard(quick_count, least), _guard(slow_count, least + 1)


def _guard(count: str, least: int) -> str:
    return f"{count} > {promql.number(least - SLACK)}"


def _averaged_count(rules: SloRules, seconds: int) -> str:
    """Bad events of a window that is averaged from 5m records; the step is explicit, whatever the group's interval."""
    return f"sum_over_time({rules.of(names.bad_rate(BASE))}[{spell(seconds)}:1m]) * 60"


def _rate_count(rules: SloRules, seconds: int) -> str:
    """Bad events of a window that has a record of its own."""
    return f"{rules.of(names.bad_rate(spell(seconds)))} * {seconds}"


def _ticket_guards(rules: SloRules) -> tuple[str, str]:
    quick, slow = rules.windows.ticket_quick.long_seconds, rules.windows.ticket_slow.long_seconds
    least = rules.slo.alerting.min_failures
    sli = rules.slo.sli
    if not isinstance(sli, Events) or unit(sli) is Unit.UNKNOWN:
        return "", ""
    if not is_additive(sli):
        return _guard(_rate_count(rules, quick), least), _guard(_rate_count(rules, slow), least + 1)
    return _guard(_summed_count(rules, quick), least), _guard(_summed_count(rules, slow), least + 1)


def _summed_count(rules: SloRules, seconds: int) -> str:
    """Bad events of a window of the ticket."""
    return f"sum_over_time({rules.of(names.bad_average(STEP))}[{spell(seconds)}:{STEP}]) * {SLOW_SECONDS}"
