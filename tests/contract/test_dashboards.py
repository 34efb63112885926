"""What a dashboard asks for is recorded by a rule, or shown by the running shop or an exporter."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from alerts import rule_files
from dashboards import index
from dashboards.queries import Asked, moments, offered, queries
from services.shared.client_metrics import ClientMetrics
from services.storefront.adapters.metrics import PageMetrics
from slo import artifact
from slo.catalogue import Catalogue
from slo.load import load
from tests.contract.selectors import Exposed, Listed, Named, faults, listed, listed_faults, named, recorded_faults
from tests.contract.test_metrics import CALLS, POSSIBLE, outcomes

ROOT = Path(__file__).parents[2]
LISTS = ("dashboards/metrics.yaml", "alerts/metrics.yaml")
SERVICE = {"service": "orders", "slo": "latency"}
"""What a page of one SLO is opened with."""
# Labels that a scrape adds where there is such a thing, and one machine has none.
PLACES = ("cluster", "namespace")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The shop's."""
    return load([str(ROOT / "slo/specs")], str(ROOT / "alerts/routing.yaml"), str(ROOT / "alerts/specs"), plugins=False)


@pytest.fixture(scope="module")
def records(catalogue: Catalogue) -> dict[str, list[dict[str, Any]]]:
    """The rules that write each record."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for made in rule_files.build(catalogue, frozenset({artifact.RULES, artifact.ALERTS}), None):
        for group in yaml.safe_load(made.text)["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    found[rule["record"]].append(rule)
    return found


@pytest.fixture(scope="module")
def exporters() -> dict[str, Listed]:
    """What exporters show, by both lists: a metric of both has the labels of both."""
    found: dict[str, Listed] = {}
    for file in LISTS:
        for name, metric in listed(yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))).items():
            known = found.get(name, metric)
            found[name] = Listed(type=metric.type, labels=known.labels | metric.labels)
    return found


@pytest.fixture(scope="module")
def shown(exposed: Exposed) -> Exposed:
    """What the shop shows, and what comes with the first browser that reports and the first call that is retried."""
    everything = Exposed(types=dict(exposed.types))
    everything.series.update({name: list(series) for name, series in exposed.series.items()})
    registry = CollectorRegistry()
    pages, calls = PageMetrics(registry), ClientMetrics(registry)
    for vital in ("LCP", "INP", "FCP", "TTFB", "CLS"):
        pages.vital(vital, 1.0, page="/")
    calls.retried("catalog", "price")
    page = generate_latest(registry).decode()
    for name in ("storefront", "orders"):
        everything.read(page, name)
    return everything


def asked(catalogue: Catalogue) -> Iterator[Asked]:
    """Every question of Prometheus, annotations and what variables offer as well."""
    for board in index.dashboards(catalogue):
        chosen = SERVICE if board.uid == "tw-slo-detail" else {}
        yield from (each for each in queries([board], chosen) if each.datasource == "prometheus")
        yield from moments([board], chosen)
        yield from offered([board], chosen)


def wrong(
    selector: Named, exposed: Exposed, records: dict[str, list[dict[str, Any]]], exporters: dict[str, Listed]
) -> Iterator[str]:
    """What *selector* names that nothing records or shows."""
    # What a variable stands for when all is chosen matches anything: only its label is looked at.
    chosen = tuple(each for each in selector.matchers if each[2] not in (".*", ".+") and each[0] not in PLACES)
    if ":" in selector.metric or selector.metric.startswith("sloth_"):
        yield from recorded_faults(selector, records[selector.metric])
    elif selector.metric in exporters and selector.metric not in exposed.series:
        yield from listed_faults(selector, exporters[selector.metric])
    else:
        calls = {"outcome": "|".join(outcomes())} if selector.metric.startswith(CALLS) else {}
        yield from faults(replace(selector, matchers=chosen), exposed, POSSIBLE | calls)


def test_what_dashboards_name_is_shown(
    catalogue: Catalogue, shown: Exposed, records: dict[str, list[dict[str, Any]]], exporters: dict[str, Listed]
) -> None:
    """A panel that asks for a metric which nobody shows stays empty, and nobody knows why."""
    found, looked_at = set(), 0
    for each in asked(catalogue):
        for selector in named(each.expression):
            looked_at += 1
            found |= {
                f"{each.dashboard}: {each.panel}: {fault}" for fault in wrong(selector, shown, records, exporters)
            }
    assert not found, "\n".join(sorted(found))
    assert looked_at > 800


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ('sum(rate(http_server_requests_total{job=~".+",cluster=~".*",namespace=~".*"}[2m]))', None),
        ('sum(rate(http_server_request_total{job=~".+"}[2m]))', "no service shows this metric"),
        ('max by (service) (kpi:value{kpi="request-rates"})', "no rule records it"),
        ("slo:period_burn_rate:ration", "no rule records this"),
        ('kube_pod_status_phase{phases="Pending"}', "no label phases"),
        ('histogram_quantile(0.75, rate(rum_web_vital_seconds_bucket{vital="LPC"}[5m]))', "is none of"),
    ],
)
def test_a_wrong_name_in_a_panel_is_told(
    shown: Exposed,
    records: dict[str, list[dict[str, Any]]],
    exporters: dict[str, Listed],
    expression: str,
    fault: str | None,
) -> None:
    """A KPI, a record, a label, a value."""
    said = [each for selector in named(expression) for each in wrong(selector, shown, records, exporters)]
    if fault is None:
        assert said == []
    else:
        assert any(fault in each for each in said), said


def test_every_choice_is_asked_for(catalogue: Catalogue) -> None:
    """A variable without values leaves every panel of its page empty, however well they ask."""
    found = {(each.dashboard, each.panel) for each in asked(catalogue) if each.kind == "variable"}
    assert found == {
        (board.uid, each.label)
        for board in index.dashboards(catalogue)
        for each in board.variables
        if not each.datasource
    }


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        (("tw-mesh", "Service"), "istio_requests_total", "no service shows this metric"),
        (("tw-mesh", "Service"), "destination_service_name", "no label"),
        (("tw-database", "Server"), "pg_up", "no service shows this metric"),
        (("tw-database", "Service"), "http_server_requests_total", "no service shows this metric"),
        (("tw-slo-overview", "SLO"), "sloth_slo_info", "no rule records this"),
    ],
)
def test_a_choice_of_a_wrong_name_is_told(
    catalogue: Catalogue,
    shown: Exposed,
    records: dict[str, list[dict[str, Any]]],
    exporters: dict[str, Listed],
    place: tuple[str, str],
    name: str,
    fault: str,
) -> None:
    """By the metric or the label that it takes its values from."""
    (question,) = [each for each in asked(catalogue) if (each.kind, each.dashboard, each.panel) == ("variable", *place)]
    assert name in question.expression
    expression = re.sub(rf"\b{name}\b", f"{name}_renamed", question.expression)
    said = [each for selector in named(expression) for each in wrong(selector, shown, records, exporters)]
    assert any(fault in each for each in said), said


def test_a_metric_that_a_service_renames_is_missed(
    catalogue: Catalogue, shown: Exposed, records: dict[str, list[dict[str, Any]]], exporters: dict[str, Listed]
) -> None:
    """By every page that shows it."""
    renamed = Exposed(types=dict(shown.types))
    renamed.series.update({name: series for name, series in shown.series.items() if name != "shop_funnel_total"})
    renamed.series["shop_funnel_steps_total"] = shown.series["shop_funnel_total"]
    found = {
        f"{each.dashboard}: {each.panel}"
        for each in asked(catalogue)
        for selector in named(each.expression)
        if list(wrong(selector, renamed, records, exporters))
    }
    assert found == {"tw-business: The funnel"}
