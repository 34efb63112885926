"""Says in on-call's words what a change of the specs will do: who is woken when, and what budget there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slo import promql, routing_changes
from slo.budget import error_budget, threshold
from slo.catalogue import Catalogue
from slo.model import Alerting, Events, Notice, Plugin, RawRatio, Slo
from slo.windows import for_period, spell

_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one SLO (or team, or service). `what` is added, removed or changed; `effects` are sentences."""

    slo: str
    what: str
    effects: tuple[str, ...]


def compare(old: Catalogue, new: Catalogue) -> tuple[Change, ...]:
    """Every difference that somebody on call would notice, by SLO, then by team, then in who is told of what."""
    before = {(slo.id, slo.identity): slo for slo in old.slos}
    after = {(slo.id, slo.identity): slo for slo in new.slos}
    changes: list[Change] = []
    for key in sorted({*before, *after}):
        name = key[0] + "".join(f" {label}={value}" for label, value in key[1])
        if key not in before:
            changes.append(Change(name, "added", tuple(_promise(after[key]))))
        elif key not in after:
            lost = "its series end: budgets and alerts of this SLO are gone from the next reload on"
            changes.append(Change(name, "removed", (lost,)))
        elif effects := tuple(_effects(before[key], after[key])):
            changes.append(Change(name, "changed", effects))
    changed = (Change(name, "changed", effects) for name, effects in routing_changes.compare(old, new))
    return (*changes, *_teams(old, new), *changed)


def _teams(old: Catalogue, new: Catalogue) -> Iterator[Change]:
    before, after = ({team.name for team in catalogue.teams} for catalogue in (old, new))
    for name in sorted(after - before):
        yield Change(f"team {name}", "added", ("its alerts go to a PagerDuty key of their own",))
    for name in sorted(before - after):
        yield Change(f"team {name}", "removed", ("nobody has its PagerDuty key any more",))


def _promise(slo: Slo) -> Iterator[str]:
    yield f"promises {_percent(slo)} over {slo.period_days} days: {_allowed(slo)}"
    if slo.alerting.page.enabled:
        yield f"{slo.alerting.name} pages {_recipient(slo)}: a full outage {_outage(slo, 'pages')}"
    if slo.alerting.ticket.enabled:
        yield f"{slo.alerting.name} opens tickets for slow burns"


def _effects(old: Slo, new: Slo) -> Iterator[str]:
    if old.objective != new.objective or old.period_days != new.period_days:
        yield f"{_percent(old)} over {old.period_days} days becomes {_percent(new)} over {new.period_days} days"
        yield f"the budget was {_allowed(old)}, and becomes {_allowed(new)}"
        for severity in ("page", "ticket"):
            yield f"{severity}: {_limits(old, severity)} becomes {_limits(new, severity)}"
        if new.alerting.page.enabled:
            yield f"a full outage {_outage(old, 'paged')}, and will {_outage(new, 'page')}"
    yield from _measured(old, new)
    yield from _told(old.alerting, new.alerting)
    if old.team != new.team:
        yield f"goes to {_recipient(new)} instead of {_recipient(old)}"
    if old.labels != new.labels:
        yield f"labels: {_dict_change(dict(old.labels), dict(new.labels))}; long windows keep their history"


def _measured(old: Slo, new: Slo) -> Iterator[str]:
    if old.sli == new.sli:
        return
    yield "what counts as good or bad changes; for the rest of the period the budget holds events of both kinds"
    for name, text in _queries(new).items():
        was = _queries(old).get(name)
        if was != text:
            yield f"{name} before: {was or 'not asked'}"
            yield f"{name} now: {text}"


def _queries(slo: Slo) -> dict[str, str]:
    match slo.sli:
        case Events(bad=bad, total=total):
            return {
                "bad events": " ".join(bad.at("5m").split()),
                "all events": " ".join(total.at("5m").split()),
            }
        case RawRatio(ratio=ratio):
            return {"error ratio": " ".join(ratio.at("5m").split())}
        case Plugin(id=plugin, options=options):
            return {"plugin": f"{plugin} {dict(options)}"}


def _told(old: Alerting, new: Alerting) -> Iterator[str]:
    if old.name != new.name and new.enabled:
        yield (
            f"the alert {old.name or '(none)'} is now called {new.name}: what is open under the old name ends within"
            " five minutes, and opens anew"
        )
    for severity, was, now in (("page", old.page, new.page), ("ticket", old.ticket, new.ticket)):
        yield from _notice(severity, was, now)
    if old.labels != new.labels:
        yield f"alert labels: {_dict_change(dict(old.labels), dict(new.labels))}; routes may match differently"
    if old.annotations != new.annotations:
        yield f"annotations: {_dict_change(dict(old.annotations), dict(new.annotations))}"
    if old.min_failures != new.min_failures:
        yield f"wakes nobody below {new.min_failures} bad events (was {old.min_failures}; 0 is no guard)"
    if old.absent_after_seconds != new.absent_after_seconds:
        yield f"a vanished SLI is {_told_after(new.absent_after_seconds)} (was {_told_after(old.absent_after_seconds)})"


def _notice(severity: str, old: Notice, new: Notice) -> Iterator[str]:
    if old.enabled != new.enabled:
        yield f"the {severity} is {'sent again' if new.enabled else 'no longer sent'}"
    if old.labels != new.labels:
        yield f"{severity} labels: {_dict_change(dict(old.labels), dict(new.labels))}; routes may match differently"
    if old.annotations != new.annotations:
        yield f"{severity} annotations: {_dict_change(dict(old.annotations), dict(new.annotations))}"


# --- figures ----------------------------------------------------------------------------------------------------


def _percent(slo: Slo) -> str:
    return f"{promql.number(slo.objective)} %"


def _allowed(slo: Slo) -> str:
    """The budget as time of full outage and as events."""
    budget = error_budget(slo)
    minutes = float(budget) * slo.period_days * _MINUTES_A_DAY
    return f"{_clock(minutes * 60)} of full outage, or {round(float(budget) * 1_000_000)} of a million events"


def _limits(slo: Slo, severity: str) -> str:
    pairs = for_period(slo.period_days)
    two = (pairs.page_quick, pairs.page_slow) if severity == "page" else (pairs.ticket_quick, pairs.ticket_slow)
    budget = error_budget(slo)
    return " or ".join(
        f"> {float(threshold(pair.factor, budget)) * 100:.4g} % bad over {spell(pair.long_seconds)}" for pair in two
    )


def _outage(slo: Slo, pages: str) -> str:
    """When a full outage pages, from the budget alone (steady traffic, enough of it for the guard)."""
    pairs = for_period(slo.period_days)
    budget = error_budget(slo)
    needed = [
        limit * pair.long_seconds
        for pair in (pairs.page_quick, pairs.page_slow)
        if (limit := threshold(pair.factor, budget)) < 1
    ]
    return f"{pages} after about {_clock(float(min(needed)))}" if needed else f"never {pages}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def _told_after(seconds: int) -> str:
    return f"told after {spell(seconds)}" if seconds else "never told"


def _recipient(slo: Slo) -> str:
    return slo.team or "whoever watches what nobody owns"


def _dict_change(old: dict[str, str], new: dict[str, str]) -> str:
    gone = [f"-{name}={old[name]}" for name in sorted(old) if new.get(name) != old[name]]
    come = [f"+{name}={new[name]}" for name in sorted(new) if old.get(name) != new[name]]
    return " ".join((*gone, *come))
