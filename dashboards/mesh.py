"""Service Mesh: what the proxies saw between workloads, and whether the control plane keeps up."""

from __future__ import annotations

from dashboards import alert_panels, shop_series, variables
from dashboards.model import Column, Dashboard, Panel, Query, Row
from dashboards.pictures import lines
from dashboards.shop_series import RATE
from dashboards.slo_overview import TAG
from slo.catalogue import Catalogue

UID = "tw-mesh"
_REPORTER = 'reporter=~"source|waypoint"'
"""Who sees a request that never arrives: the caller's side."""
_TO = 'cluster=~"$cluster",destination_service_namespace=~"$namespace",destination_service_name=~"$service"'
_SELECTED = f"{_REPORTER},{_TO}"
_SERVICE = "destination_service_name"


def build(catalogue: Catalogue) -> Dashboard:
    """The page of the mesh."""
    metric = "istio_requests_total"
    cluster = variables.place("cluster", metric)
    namespace = variables.chosen(
        "namespace",
        "destination_service_namespace",
        metric,
        title="Namespace",
        within=variables.scope("cluster"),
        several=True,
    )
    service = variables.chosen(
        "service",
        _SERVICE,
        metric,
        title="Service",
        within=f'{variables.scope("cluster")},destination_service_namespace=~"$namespace"',
        several=True,
    )
    return Dashboard(
        uid=UID,
        title="Service Mesh",
        description="What the proxies saw between workloads, and whether the control plane keeps up.",
        rows=(
            Row(title="The numbers of the alerts, with their limits", panels=alert_panels.of_dashboard(catalogue, UID)),
            Row(title="Between services", panels=_requests()),
            Row(title="Workloads", panels=_workloads()),
            Row(title="Control plane", panels=_control()),
        ),
        variables=(variables.DATASOURCE, cluster, namespace, service),
        annotations=shop_series.drawn(catalogue),
        tags=(TAG, "mesh"),
    )


def _rate(more: str = "", by: str = _SERVICE) -> str:
    inside = f"{_SELECTED},{more}" if more else _SELECTED
    return f"sum by ({by}) (rate(istio_requests_total{{{inside}}}{RATE}))"


def _flagged(flag: str) -> str:
    return f'response_flags=~"(.*,)?{flag}(,.*)?"'


def _requests() -> tuple[Panel, ...]:
    good = _rate('response_code!~"5.*"')
    return (
        lines(
            "Requests",
            "reqps",
            "Requests a second to each service, as callers saw them. More here than the service itself counts: they"
            " are lost on the way.",
            (_rate(), "{{destination_service_name}}"),
        ),
        lines(
            "Success",
            "percentunit",
            "Share of requests without a 5xx, as callers saw them. Worse than what the service itself says: the"
            " network, the proxy, or pods that end.",
            (f"({good} or 0 * {_rate()}) / ({_rate()} > 0)", "{{destination_service_name}}"),
            highest=1,
        ),
        lines(
            "Why requests failed",
            "reqps",
            "By Envoy's flag: UF no connection, UC it was cut, UH no healthy instance, NR no route, UO the breaker is"
            " open, URX tried again in vain, DC the caller left. NR after a deploy: the routes are wrong.",
            (_rate('response_flags!="-"', "response_flags"), "{{response_flags}}"),
        ),
        lines(
            "Retried in vain",
            "reqps",
            "Requests that failed after every retry. They add load to what is already weak: mend that before raising"
            " retries.",
            (_rate(_flagged("URX")), "{{destination_service_name}}"),
        ),
        lines(
            "Circuit breakers",
            "reqps",
            "Requests that were turned away because a limit of connections or requests was reached. The limit is too"
            " low, or the service too slow: look at its time to answer.",
            (_rate(_flagged("UO")), "{{destination_service_name}}"),
        ),
    )


def _workloads() -> tuple[Panel, ...]:
    def quantile(which: str) -> str:
        inside = f"rate(istio_request_duration_milliseconds_bucket{{{_SELECTED}}}[5m])"
        return f"histogram_quantile({which}, sum by (destination_workload, le) ({inside})) / 1000"

    rate = f"sum by (destination_workload) (rate(istio_requests_total{{{_SELECTED}}}[5m]))"
    table = Panel(
        kind="table",
        title="Workloads",
        description="Requests and times of each workload, as callers saw them, the slowest first. Slower than the"
        " service's own page says: its proxy or its node is full.",
        unit="short",
        queries=tuple(
            Query(expression=each, instant=True) for each in (rate, quantile("0.5"), quantile("0.9"), quantile("0.99"))
        ),
        columns=(
            Column(source="destination_workload", title="Workload"),
            Column(source="A", title="Requests", unit="reqps", decimals=2),
            Column(source="B", title="p50", unit="s", decimals=3),
            Column(source="C", title="p90", unit="s", decimals=3),
            Column(source="D", title="p99", unit="s", decimals=3),
        ),
        sort_by="p99",
        descending=True,
        width=12,
    )
    inside = f"rate(istio_request_duration_milliseconds_bucket{{{_SELECTED}}}{RATE})"
    slow = lines(
        "p99 of workloads",
        "s",
        "99 % of the answers come within this time, as callers saw it. One workload: that one; all on one node: the"
        " node.",
        (
            f"histogram_quantile(0.99, sum by (destination_workload, le) ({inside})) / 1000",
            "{{destination_workload}}",
        ),
    )
    return table, slow


def _control() -> tuple[Panel, ...]:
    where = 'cluster=~"$cluster"'
    converge = f"sum by (le) (rate(pilot_proxy_convergence_time_bucket{{{where}}}{RATE}))"
    return (
        lines(
            "Pushes",
            "suffix: /s",
            "Configurations sent to proxies, by kind. A steady stream without deploys: something changes services or"
            " endpoints all the time, most often pods that restart.",
            (f"sum by (type) (rate(pilot_xds_pushes{{{where}}}{RATE}))", "{{type}}"),
        ),
        lines(
            "Rejected configurations",
            "suffix: /s",
            "Proxies refuse them and keep the old one: what was deployed is not what runs. istiod's log names the"
            " resource.",
            (f"sum by (type) (rate(pilot_total_xds_rejects{{{where}}}[5m]))", "{{type}}"),
        ),
        lines(
            "Time until proxies have a change",
            "s",
            "99 % of the changes reach the proxies within this time. Above ten seconds requests go to pods that have"
            " ended: istiod needs more CPU, or there are too many services for it.",
            (f"histogram_quantile(0.99, {converge})", "p99"),
        ),
        lines(
            "Proxies that are connected",
            "short",
            "Proxies that istiod serves. A fall without a scale-down: istiod restarted, or the network to it is"
            " broken.",
            (f"sum by (cluster) (pilot_xds{{{where}}})", "proxies {{cluster}}"),
        ),
    )
