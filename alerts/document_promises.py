"""The part of the alerts' document about SLOs: pages, tickets, SLIs that disappear, and what holds a page back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from alerts import conditions, dependencies, predictions
from alerts.conditions import Condition
from alerts.markdown import table, words
from alerts.predictions import Course, Seconds
from slo import conventions as names
from slo.catalogue import Catalogue
from slo.model import Slo, Spec
from slo.windows import spell

_HEAD = ("Alert", "Severity", "Promise", "Condition", "Fires", "Resets", "Runbook")
Runbook = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name, a sentence on who owns it, the table of its alerts."""

    title: str
    says: str
    table: str


def services(catalogue: Catalogue, runbook: Runbook, *, predicted: bool) -> Iterator[Service]:
    """Every service with an SLO that tells somebody of something, in the order of files."""
    found: dict[str, list[Spec]] = {}
    for spec in catalogue.specs:
        if any(slo.alerting.enabled for slo in spec.slos):
            found.setdefault(spec.service, []).append(spec)
    for service, specs in found.items():
        rows = (row for spec in specs for slo in spec.slos for row in _rows(slo, runbook, predicted=predicted))
        yield Service(words(service), _owner(specs), table(_HEAD, rows))


def _owner(specs: list[Spec]) -> str:
    teams = sorted({spec.team for spec in specs if spec.team})
    needed = sorted({service for spec in specs for service in spec.depends_on})
    said = [f"Team {words(', '.join(teams))}."] if teams else []
    said += [f"Depends on {words(', '.join(needed))}."] if needed else []
    return " ".join(said)


def _rows(slo: Slo, runbook: Runbook, *, predicted: bool) -> Iterator[tuple[str, ...]]:
    course = predictions.of(slo) if predicted else None
    promise = f"{slo.objective.normalize():f} % in {slo.period_days} days" + (
        f": {slo.description}" if slo.description else ""
    )
    for alert, severity in conditions.told(slo):
        told = _absent(slo, course) if alert != slo.alerting.name else _burning(slo, severity, course)
        yield words(alert), severity, words(promise), *told, runbook(alert)
        promise = ""  # said once


def _burning(slo: Slo, severity: str, course: Course | None) -> tuple[str, str, str]:
    """When the page or the ticket fires, after how long, and how long after."""
    pairs = [pair for pair in conditions.of(slo) if pair.severity == severity]
    when = ", or ".join(map(_pair, pairs))
    if pairs[0].least:
        when += f"; {pairs[0].least} at least ({pairs[1].least} over {pairs[1].long})"
    if course is None:
        return when, "", ""
    if severity == names.PAGE:
        return when, *_times("a full outage begins", course.page, course.page_over)
    return when, *_times(f"{conditions.percent(float(course.ratio))} begin to fail", course.ticket, course.ticket_over)


def _pair(pair: Condition) -> str:
    factor = f"{float(pair.factor):.4g}"
    if not pair.possible:
        return f"never over {pair.short} and {pair.long} ({factor}× would be {conditions.percent(pair.ratio)} bad)"
    return f"> {conditions.percent(pair.ratio)} bad over {pair.short} and {pair.long} ({factor}×)"


def _times(fault: str, fires: Seconds | None, over: Seconds | None) -> tuple[str, str]:
    if fires is None:
        return "not in its course", ""
    return (
        f"{_spelt(fires)} after {fault}",
        f"{_spelt(over)} after its end" if over is not None else "not in its course",
    )


def _absent(slo: Slo, course: Course | None) -> tuple[str, str, str]:
    when = f"no sample for {spell(slo.alerting.absent_after_seconds)}"
    if course is None:
        return when, "", ""
    return when, f"{spell(predictions.absent_after(slo))} after the last sample", "with the first samples"


def _spelt(seconds: Seconds) -> str:
    """ "2m", "40m to 42m"."""
    low, high = (spell(each) if each > 0 else "0s" for each in seconds)
    return low if low == high else f"{low} to {high}"


# --- dependencies -----------------------------------------------------------------------------------------------------


def held_back(catalogue: Catalogue) -> dict[str, str]:
    """The pages that a dependency can hold back, by what; nothing where there are none."""
    pages = dependencies.muted_pages(catalogue)
    if not pages:
        return {}
    rows = (
        (words(page.slo.alerting.name), words(page.service), words(", ".join(slo.alerting.name for slo in page.causes)))
        for page in pages
    )
    return {
        "alert": names.DEPENDENCY_DOWN,
        "every": spell(dependencies.EVERY_SECONDS),
        "lingers": spell(dependencies.LINGER_SECONDS),
        "table": table(("Page", "Service", "Held back while one of these pages fires"), rows),
    }
