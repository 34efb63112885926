"""What the shop's own dashboards share: choices, annotations, and selectors of the services' metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import happenings, variables
from dashboards.model import Annotation, Variable
from slo import promql
from slo.catalogue import Catalogue

REQUESTS = "http_server_requests_total"
PLACES = ("cluster", "namespace")
WHERE = variables.scope(*PLACES)
RATE = "[$__rate_interval]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Whose metrics: of the servers alone, of them and their workers. Each a matcher of `job`, with the place."""

    servers: str
    all: str


CHOSEN = Jobs(servers=f'job=~"$service",{WHERE}', all=f'job=~"($service)(-worker)?",{WHERE}')


def of_service(service: str) -> Jobs:
    """The metrics of one service, wherever it runs."""
    return Jobs(
        servers=f"job={promql.quote(service)},{WHERE}", all=f"job=~{promql.quote(with_worker(service))},{WHERE}"
    )


def with_worker(service: str) -> str:
    """A pattern of *service* and its worker, and of no other: the one sign of a name that a pattern reads is "."."""
    return f"{service.replace('.', '[.]')}(-worker)?"


def places(metric: str = REQUESTS, labels: Sequence[str] = PLACES) -> tuple[Variable, ...]:
    """Data source, cluster, namespace."""
    found: list[Variable] = []
    for label in labels:
        found.append(variables.place(label, metric, [each.name for each in found]))
    return (variables.DATASOURCE, *found)


def services() -> Variable:
    """Services that answer requests, several or all."""
    return variables.chosen("service", "job", REQUESTS, title="Service", within=WHERE, several=True)


def drawn(catalogue: Catalogue, service: str = "") -> tuple[Annotation, ...]:
    """Deploys, alerts, injected faults and burning budgets, of all services or of one, by a matcher's right side."""
    return (
        happenings.deploys(f"service{service}" if service else ""),
        happenings.alerts(f"service{service}" if service else ""),
        happenings.faults(f"job{service}" if service else ""),
        happenings.burning(f"sloth_service{service}" if service else "", catalogue.slos),
    )
