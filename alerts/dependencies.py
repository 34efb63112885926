"""Along `depends_on`: what holds a dependant's burn page back while a service that it depends on is down.

Alertmanager never sends the end of an alert that is muted at that moment, so that an incident which was opened before
would stay open for ever. Muting is therefore decided here, in a rule that knows who was told already: the alert
DependencyDown wakes nobody, and mutes the one page whose service and SLO it names (docs/adr/0004).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from alerts import links
from slo import conventions as names
from slo import promql
from slo.catalogue import Catalogue
from slo.model import Events, Pairs, RawRatio, Slo, Spec, pairs
from slo.routing_model import Links
from slo.rule import Alert, Group
from slo.windows import spell

CAUSE = "cause"
EVERY_SECONDS = 15
TOLD_SECONDS = 60
"""A page that fired so long ago counts as told. Its notice goes out after 90 s: what is muted later than that would be
too late, and these 60 s, one evaluation and the way to Alertmanager fit in between."""
REMEMBERED_SECONDS = 300
"""So long before, a page that has ended still counts: Alertmanager keeps its group for up to 90 s, and sends what fires
anew in it without a wait; and while Prometheus restarts, it keeps the alert itself for four minutes."""
LINGER_SECONDS = 120
"""A cause counts for so long after its end: dependants recover with it, but their pages end some evaluations later."""
SCOPE = tuple(label for label in names.IDENTITY_LABELS if label != "namespace")
"""A cause and what it breaks share a cluster and an environment; services that call one another may have namespaces
of their own."""
_FIRING = ("alertstate", "firing")
_PAGE = (names.SEVERITY, names.PAGE)
_SPECIAL = re.compile(r"[.+*?()|\[\]{}^$\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MutedPage:
    """The page of *slo*, and the values of the labels by which routes and inhibitions know it.

    causes: the SLOs whose pages hold it back. scraped: whether ServiceDown of their services does so, too.
    """

    slo: Slo
    service: str
    name: str
    team: str
    causes: tuple[Slo, ...]
    scraped: bool = False


def muted_pages(catalogue: Catalogue) -> tuple[MutedPage, ...]:
    """Every page that a dependency can hold back, in the order of the catalogue; copies of an SLO one by one."""
    return tuple(page for spec in catalogue.specs for page in pages_of(spec, catalogue))


def groups(spec: Spec, catalogue: Catalogue, addresses: Links | None = None) -> tuple[Group, ...]:
    """A group for each page of *spec* that a dependency can hold back. *addresses* of runbooks and dashboards."""
    return tuple(
        Group(names.dependencies_group(_identity(page.slo)), EVERY_SECONDS, (_alert(page, addresses),))
        for page in pages_of(spec, catalogue)
    )


def pages_of(spec: Spec, catalogue: Catalogue) -> tuple[MutedPage, ...]:
    """The pages of *spec* that a dependency can hold back."""
    scraped = any(alert.name == names.SERVICE_DOWN for alert in catalogue.alerts)
    return tuple(replace(page, scraped=scraped) for page in _pages(spec, _availability(spec, catalogue)))


def _availability(spec: Spec, catalogue: Catalogue) -> tuple[Slo, ...]:
    """The SLOs whose pages say that what *spec* depends on is down: one for each service, or one for each copy."""
    if not spec.depends_on:
        return ()
    others = [other for file in catalogue.files for other in file.specs if other.service in spec.depends_on]
    slos = (slo for other in others for slo in other.slos)
    found = [slo for slo in slos if slo.name == names.AVAILABILITY and slo.alerting.page.enabled]
    return tuple(sorted(found, key=lambda slo: spec.depends_on.index(slo.service)))


def _pages(spec: Spec, known: tuple[Slo, ...]) -> Iterator[MutedPage]:
    for slo in spec.slos if known else ():
        causes = tuple(cause for cause in known if all(_may_share(label, slo, cause) for label in SCOPE))
        labels = _known_labels(slo)
        if causes and slo.alerting.page.enabled and slo.alerting.muted_by_dependencies and labels is not None:
            yield MutedPage(slo=slo, service=labels["service"], name=labels["slo"], team=labels["team"], causes=causes)


def _may_share(label: str, one: Slo, other: Slo) -> bool:
    """Whether the alerts of both can have the same value of *label*, or both none."""
    first, second = (dict(slo.identity).get(label) for slo in (one, other))
    if first == second or None not in (first, second):
        return first == second
    asked = _asked(one if first is None else other)
    return asked is None or label in asked


def _asked(slo: Slo) -> frozenset[str] | None:
    """The labels that the query itself brings; None where it does not tell."""
    match slo.sli:
        case Events(total=query) | RawRatio(ratio=query):
            return query.labels
    return None


def _known_labels(slo: Slo) -> dict[str, str] | None:
    """What the page has for routes to read; None where that is a template's, or a series', to say."""
    own = dict(pairs(slo.labels, slo.alerting.labels, slo.alerting.page.labels))
    given = {"service": slo.service, "slo": slo.name, "team": slo.team}
    asked = _asked(slo) or frozenset()
    if any("{{" in own.get(name, "") or (name in asked and name not in own) for name in given):
        return None
    return {name: own.get(name, value) for name, value in given.items()}


# --- the rule ---------------------------------------------------------------------------------------------------------


def _alert(page: MutedPage, addresses: Links | None) -> Alert:
    slo = page.slo
    labels = {"service": page.service, "slo": page.name, "severity": names.INFO_SEVERITY}
    if page.team:
        labels["team"] = page.team
    told = f"{page.service} {page.name}"
    texts = {
        "summary": f"The page of {told} is held back: {{{{ $labels.{CAUSE} }}}}, which it depends on, is down.",
        "description": f"Whoever owns {{{{ $labels.{CAUSE} }}}} is told. If {told} still burns"
        f" {spell(LINGER_SECONDS)} after that has ended, its own page follows.",
    }
    variables = (("service", slo.service), ("slo", slo.name))
    linked = links.linked(addresses, names.DEPENDENCY_DOWN, names.SLO_DASHBOARD, variables)
    return Alert(names.DEPENDENCY_DOWN, expression(page), pairs(slo.identity, labels), pairs(texts, linked))


def expression(page: MutedPage) -> str:
    """A cause fires, unless somebody was told of *page*: it fired a minute ago or before, and is not held back yet."""
    on = f"on ({', '.join(SCOPE)})"
    scope = promql.by(SCOPE)
    own = promql.matchers((("alertname", page.slo.alerting.name), _FIRING, _PAGE, *_ids(page.slo)))
    told = f"last_over_time(ALERTS{own}[{spell(REMEMBERED_SECONDS)}] offset {spell(TOLD_SECONDS)})"
    about = (("service", page.service), ("slo", page.name), *page.slo.identity)
    held = promql.matchers((("alertname", names.DEPENDENCY_DOWN), _FIRING, *about))
    return (
        f"{_causes(page)}\nunless {on}\n(\n"
        f"    group {scope} ({told})\n"
        f"  unless {on}\n"
        f"    group {scope} (ALERTS{held})\n)"
    )


def _causes(page: MutedPage) -> str:
    """The firing pages that say that what *page* depends on is down, each under the name of its service."""
    alerts = any_of(sorted({slo.alerting.name for slo in page.causes}))
    services = promql.quote(any_of(sorted({slo.service for slo in page.causes})))
    scope = tuple(pair for pair in page.slo.identity if pair[0] in SCOPE)
    burning = promql.matchers((_FIRING, _PAGE, (names.SLO, names.AVAILABILITY), *scope))[1:-1]
    found = [_named(names.SERVICE, f"alertname=~{promql.quote(alerts)}, {burning}, {names.SERVICE}=~{services}")]
    if page.scraped:
        gone = promql.matchers((("alertname", names.SERVICE_DOWN), _FIRING, ("severity", names.PAGE), *scope))[1:-1]
        found.append(_named("service", f"{gone}, service=~{services}"))
    return f"group {promql.by((CAUSE, *SCOPE))} ({' or '.join(found)})"


def _named(label: str, selector: str) -> str:
    """The alerts of *selector*, with their *label* as the cause."""
    # Also over a minute without an evaluation, and beyond the mark that ends a series.
    recent = f"last_over_time(ALERTS{{{selector}}}[{spell(LINGER_SECONDS)}])"
    return f'label_replace({recent}, "{CAUSE}", "$1", "{label}", "(.*)")'


def any_of(texts: Iterable[str]) -> str:
    """A regular expression, for Prometheus and Alertmanager alike, that is one of *texts*."""
    return "|".join(_SPECIAL.sub(_literal, text) for text in texts)


def _literal(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}" if sign[0] in "^[]\\" else f"[{sign[0]}]"


def _ids(slo: Slo) -> Pairs:
    return ((names.ID, slo.id), *slo.identity)


def _identity(slo: Slo) -> str:
    return slo.id + (promql.matchers(slo.identity) if slo.identity else "")
