"""One page a service: its promises, rate, errors, duration, and the numbers of its alerts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal

from dashboards import alert_panels, causes, links, red, shop_series, variables
from dashboards.model import GREEN, ORANGE, RED, Column, Dashboard, Limit, Panel, Query, Row
from dashboards.slo_overview import LEFT, TAG, burn_limits
from slo import conventions as names
from slo import promql
from slo.catalogue import Catalogue
from slo.model import Spec

_LONGEST = 40
"""Grafana takes no longer uid."""
_RATE = "request-rate"
"""The KPI that holds a service's requests, by its name in the specs."""


def uid(service: str) -> str:
    """The uid of a service's page: the same from build to build, and another for every service."""
    whole = f"tw-service-{service.replace('.', '-')}"
    if len(whole) <= _LONGEST and "." not in service:
        return whole
    return f"{whole[: _LONGEST - 9]}-{hashlib.sha256(service.encode()).hexdigest()[:8]}"


def build(catalogue: Catalogue, spec: Spec) -> Dashboard:
    """The page of the service of *spec*, whose job has its name."""
    service = spec.service
    known = {each.service for each in catalogue.specs}
    jobs = shop_series.of_service(service)
    return Dashboard(
        uid=uid(service),
        title=f"Service: {service}",
        description=f"Rate, errors and duration of {service}, its promises and its alerts.",
        rows=tuple(_rows(catalogue, spec, jobs)),
        variables=(*shop_series.places(), variables.LOGS, variables.TRACES),
        annotations=shop_series.drawn(catalogue, f'="{service}"'),
        links=(
            causes.logs_of(shop_series.with_worker(service)),
            links.traces(service),
            *(links.page(uid(each), f"Depends on {each}") for each in spec.depends_on if each in known),
        ),
        tags=(TAG, "service"),
    )


def _rows(catalogue: Catalogue, spec: Spec, jobs: shop_series.Jobs) -> Iterator[Row]:
    service = spec.service
    seen = (_traffic(catalogue, service, jobs), red.errors(catalogue, jobs), red.durations(jobs, _promised(spec)))
    yield Row(title=f"What users of {service} see", panels=seen)
    yield Row(title="What was promised", panels=_promises(catalogue, spec))
    yield Row(title="Alerts", panels=alert_panels.of_service(catalogue, service))
    by_route = (red.routes(jobs), red.durations_by(jobs, "http_route"), red.heatmap(jobs), red.codes(jobs))
    yield Row(title="Which route", panels=by_route)
    if spec.depends_on:
        yield Row(title="What it asks of others", panels=causes.calls(jobs))
    full = (causes.active(jobs), causes.pool(catalogue, jobs), causes.statements(jobs))
    yield Row(title="Is anything full?", panels=full)
    lines = causes.log_lines(f"service=~{promql.quote(shop_series.with_worker(service))}")
    yield Row(title="Logs and versions", panels=(lines, causes.versions(f'service="{service}"')))


def _traffic(catalogue: Catalogue, service: str, jobs: shop_series.Jobs) -> Panel:
    """Requests against what is usual; as they are where no KPI of the service keeps what is usual."""
    if not any(kpi.name == _RATE and kpi.service == service for spec in catalogue.specs for kpi in spec.kpis):
        return red.requests(jobs)
    chosen = f'{names.KPI}="{_RATE}",{names.KPI_SERVICE}="{service}"'
    return Panel(
        kind="timeseries",
        title="Requests, and what is usual",
        description="Requests of users a second, against the median of this hour one, two and three weeks ago. Far"
        " below with no errors: an outage before this service, look at what calls it.",
        unit="reqps",
        queries=(
            Query(expression=f"sum({names.KPI_VALUE}{{{chosen}}})", legend="now"),
            Query(expression=f"sum({names.KPI_BASELINE}{{{chosen}}})", legend="usual"),
        ),
        lowest=0,
    )


def _promised(spec: Spec) -> tuple[Limit, ...]:
    """The times within which the service promised to answer, from its latency SLOs about requests."""
    found = {Decimal(slo.latency.below) for slo in spec.slos if slo.latency and slo.latency.histogram == red.DURATION}
    return tuple(Limit(value=each, colour=ORANGE) for each in sorted(found))


def _promises(catalogue: Catalogue, spec: Spec) -> tuple[Panel, ...]:
    chosen = f'{names.SERVICE}={promql.quote(spec.service)},cluster=~"$cluster"'
    detail = links.dashboard(
        names.SLO_DASHBOARD, "SLO detail", {"service": spec.service, "slo": links.field(names.SLO)}
    )

    def of(record: str, how: str = "max") -> Query:
        return Query(expression=f"{how} by ({names.SLO}) ({record}{{{chosen}}})", instant=True)

    return (
        Panel(
            kind="table",
            title="Promises",
            description="What was promised, how fast the budget goes and what is left. Click one for its detail.",
            unit="short",
            queries=(
                of(names.OBJECTIVE),
                of(names.CURRENT_BURN_RATE),
                of(names.BUDGET_REMAINING, "min"),
                of(names.BUDGET_EVENTS_REMAINING, "min"),
            ),
            columns=(
                Column(source=names.SLO, title="SLO", links=(detail,)),
                Column(source="A", title="Objective", unit="percentunit", decimals=2),
                Column(source="B", title="Burn rate now", unit="suffix:×", decimals=2, limits=burn_limits(catalogue)),
                Column(source="C", title="Budget left", unit="percentunit", decimals=1, base=RED, limits=LEFT),
                Column(
                    source="D",
                    title="May still fail",
                    unit="short",
                    decimals=0,
                    base=RED,
                    limits=(Limit(value=0, colour=GREEN),),
                ),
            ),
            sort_by="Budget left",
            width=12,
        ),
        Panel(
            kind="timeseries",
            title="Burn rate",
            description="How fast each budget goes, over five minutes; 1 spends it in exactly the window. Beyond the"
            " lines alerts fire, once their longer window agrees.",
            unit="suffix:×",
            queries=(
                Query(
                    expression=f"max by ({names.SLO}) ({names.CURRENT_BURN_RATE}{{{chosen}}})",
                    legend=f"{{{{{names.SLO}}}}}",
                ),
            ),
            limits=burn_limits(catalogue),
            lowest=0,
            width=12,
        ),
    )
