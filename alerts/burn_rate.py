"""The page and the ticket of an SLO: multi-window, multi-burn-rate alerts with a guard for low traffic.

The page belongs into the group of the SLI records, the ticket into that of the period: each reads what its own
group has just recorded.
"""

from __future__ import annotations

from fractions import Fraction

from slo import conventions as names
from slo import promql, windows
from slo.model import Events, Notice, Pairs, Slo, pairs
from slo.query import Unit
from slo.rule import Alert
from slo.rules import SLOW_SECONDS, STEP, SloRules, is_additive, unit
from slo.windows import BurnRateWindow, spell

# Bad events are counted from extrapolated rates: n events read as anything from 0.84 n to 1.25 n (60 s scrapes).
# A quick guard of n must let n through and hold back n − 1.
QUICK_SLACK = Fraction(49, 100)
SLOW_SLACK = Fraction(1, 2)


def page(rules: SloRules) -> Alert | None:
    """The alert that wakes somebody; None where it is disabled."""
    quick, slow = rules.windows.page_quick, rules.windows.page_slow
    guards = ("", "") if not rules.slo.alerting.min_failures else _page_guards(rules)
    return _alert(rules, names.PAGE, rules.slo.alerting.page, ((quick, guards[0]), (slow, guards[1])))


def ticket(rules: SloRules) -> Alert | None:
    """The alert that can wait for the morning; None where it is disabled."""
    quick, slow = rules.windows.ticket_quick, rules.windows.ticket_slow
    guards = ("", "") if not rules.slo.alerting.min_failures else _ticket_guards(rules)
    return _alert(rules, names.TICKET, rules.slo.alerting.ticket, ((quick, guards[0]), (slow, guards[1])))


def route_labels(slo: Slo, severity: str, own: Pairs) -> Pairs:
    """The labels that routes read, as far as neither the spec nor its query has one of that name.

    Args:    own: the alert's own labels from the spec.
    """
    taken = {name for name, _ in own} | {name for name, _ in slo.labels}
    if isinstance(slo.sli, Events):
        taken |= slo.sli.total.labels or frozenset()
    given = {"service": slo.service, "slo": slo.name, "severity": severity, "team": slo.team}
    return tuple((name, value) for name, value in given.items() if value and name not in taken)


def _alert(
    rules: SloRules, severity: str, notice: Notice, pairs_of_windows: tuple[tuple[BurnRateWindow, str], ...]
) -> Alert | None:
    if not notice.enabled:
        return None
    alerting = rules.slo.alerting
    own = pairs(alerting.labels, notice.labels)
    labels = pairs(route_labels(rules.slo, severity, own), ((names.SEVERITY, severity),), own)
    title = f"({severity}) {{{{$labels.{names.SERVICE}}}}} {{{{$labels.{names.SLO}}}}} SLO error budget burn rate is too fast."
    summary = (
        f"{{{{$labels.{names.SERVICE}}}}} {{{{$labels.{names.SLO}}}}} SLO error budget burn rate is over expected."
    )
    annotations = pairs({"title": title, "summary": summary}, alerting.annotations, notice.annotations)
    expr = "\nor\n".join(_burning(rules, window, guard) for window, guard in pairs_of_windows)
    return Alert(alerting.name, expr, labels, annotations)


def _burning(rules: SloRules, window: BurnRateWindow, guard: str) -> str:
    terms = [
        f"    max({rules.of(names.sli_ratio(spell(seconds)))} > ({promql.number(window.factor)} * {rules.budget}))"
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
    if not is_additive(sli):
        return _whole_window_guard(rules, quick, least), _whole_window_guard(rules, slow, least + 1)
    return (
        f"({_newest_and_older(rules, quick)}) > {promql.number(least - QUICK_SLACK)}",
        f"sum_over_time({rules.of(names.bad_rate('5m'))}[{spell(slow)}:1m]) * 60"
        f" > {promql.number(least + 1 - SLOW_SLACK)}",
    )


def _newest_and_older(rules: SloRules, seconds: int) -> str:
    """Bad events of a window: the newest 5m at once, older ones as they leave them; none is counted twice."""
    series = rules.of(names.bad_rate("5m"))
    older = spell(seconds - windows.BASE_SECONDS)
    return f"300 * {series} + (60 * sum_over_time({series}[{older}:1m] offset 5m) or 0 * {series})"


def _whole_window_guard(rules: SloRules, seconds: int, least: int) -> str:
    """Bad events of a window that is asked anew anyway."""
    count = f"{rules.of(names.bad_rate(spell(seconds)))} * {seconds}"
    return f"{count} > {promql.number(least - SLOW_SLACK)}"


def _ticket_guards(rules: SloRules) -> tuple[str, str]:
    quick, slow = rules.windows.ticket_quick.long_seconds, rules.windows.ticket_slow.long_seconds
    least = rules.slo.alerting.min_failures
    sli = rules.slo.sli
    if not isinstance(sli, Events) or unit(sli) is Unit.UNKNOWN:
        return "", ""
    if not is_additive(sli):
        return _whole_window_guard(rules, quick, least), _whole_window_guard(rules, slow, least + 1)
    return _summed_guard(rules, quick, least), _summed_guard(rules, slow, least + 1)


def _summed_guard(rules: SloRules, seconds: int, least: int) -> str:
    count = f"sum_over_time({rules.of(names.bad_average(STEP))}[{spell(seconds)}:{STEP}]) * {SLOW_SECONDS}"
    return f"{count} > {promql.number(least - SLOW_SLACK)}"
