"""Specs with KPIs for tests."""

from __future__ import annotations

from pathlib import Path

from slo.load import load
from slo.model import Kpi, SpecFile
from slo.routing_model import Links

LINKS = Links(runbook="https://runbooks.example/{alert}.md", dashboards="https://grafana.example", folder="runbooks")

SPEC = """\
version: prometheus/v1
service: orders
team: shop
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(r_total{c="5"}[{{.window}}]))
        total_query: sum(rate(r_total[{{.window}}]))
    alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
kpis:
"""
QUERY = "60 * sum(rate(orders_total[{{.window}}]))"


def kpi_text(
    name: str = "orders", *, query: str = QUERY, unit: str = "orders/min", better: str = "higher", alert: str = ""
) -> str:
    """One KPI. *alert*: the keys of its alert, as YAML on one line without the braces."""
    told = f"    alert: {{name: {name.title()}, description: It matters., {alert}}}\n" if alert else ""
    return (
        f"  - name: {name}\n    title: The {name}\n    query: '{query}'\n    unit: {unit}\n    better: {better}\n{told}"
    )


def spec_file(folder: Path, *kpis: str) -> SpecFile:
    """The file that holds these."""
    (folder / "orders.yaml").write_text(SPEC + "".join(kpis))
    (found,) = load([str(folder / "orders.yaml")]).files
    return found


def the_kpi(folder: Path, text: str) -> Kpi:
    """The only KPI of *text*."""
    (found,) = spec_file(folder, text).specs[0].kpis
    return found
