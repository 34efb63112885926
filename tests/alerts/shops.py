"""A small shop for tests of routes: who owns what, and what depends on what."""

from __future__ import annotations

from pathlib import Path

from slo.catalogue import Catalogue
from slo.load import load
from tests.slo.answers import EVENTS, document, slo

ROOT = Path(__file__).resolve().parents[2]
SPECS = {
    "payments": document(
        slo("availability").replace("Burning", "PaymentsAvailability"),
        slo("latency").replace("Burning", "PaymentsLatency"),
        service="payments",
        head="team: payments\n",
    ),
    "orders": document(
        slo("availability").replace("Burning", "OrdersAvailability"),
        slo("latency", EVENTS.replace("sum(", "sum by (route) (")).replace("Burning", "OrdersLatency"),
        slo("correctness", alerting="      muted_by_dependencies: false\n").replace("Burning", "OrdersCorrectness"),
        service="orders",
        head="team: orders\ndepends_on: [payments]\n",
    ),
    "storefront": document(
        slo("availability").replace("Burning", "StorefrontAvailability"),
        service="storefront",
        head="team: storefront\ndepends_on: [orders]\n",
    ),
}
ROUTING = """
hours:
  office: {time_zone: Europe/Berlin, weekdays: [monday:friday], times: ['09:00-12:00', '13:00-17:00']}
  weekend: {time_zone: UTC, weekdays: [saturday, sunday], times: ['00:00-24:00'], holidays: [2026-12-25, 2026-12-26]}
teams:
  payments: {description: Money.}
  orders: {description: Orders., slack: '#orders', hours: office}
  storefront: {description: Pages., slack: '#storefront', hours: weekend}
  platform: {description: Machines., slack: '#platform'}
email: {to: oncall@a.example, sender: b@a.example, smarthost: 'mail.a.example:587', username: c}
escalation: {team: platform, after: 30m}
dead_mans_switch: {url: 'https://switch.a.example/x', every: 5m}
"""


def shop(folder: Path, routing: str | None = ROUTING, **specs: str) -> Catalogue:
    """The catalogue of this shop; *specs* in place of its own."""
    folder.mkdir(exist_ok=True)
    for name, text in (SPECS | specs).items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    path = folder.parent / f"{folder.name}-routing.yaml"
    if routing is not None:
        path.write_text(routing, encoding="utf-8")
    return load([str(folder)], None if routing is None else str(path))


SERVICE_DOWN = """\
version: tillwatch/alerts/v1
team: platform
alerts:
  - name: ServiceDown
    per_service: true
    severity: page
    query: max by (cluster) (up{job="{{.service}}"})
    below: 1
    unit: replicas
    summary: '{{.service}} has {{ $value }} replicas.'
    description: It is gone.
    dashboard: tw-application
    cases:
      - name: gone
        series: {'up{job="{{.service}}"}': 1x9 0x9}
        fires_at: 10m
        alerts: [{summary: '{{.service}} has 0 replicas.'}]
      - name: there
        series: {'up{job="{{.service}}"}': 1x9}
        silent_at: [9m]
"""


def scraped_shop(folder: Path) -> Catalogue:
    """This shop with ServiceDown."""
    shop(folder)
    alerts = folder.parent / f"{folder.name}-alerts.yaml"
    alerts.write_text(SERVICE_DOWN, encoding="utf-8")
    return load([str(folder)], str(folder.parent / f"{folder.name}-routing.yaml"), str(alerts))


def ours(folder: Path) -> Catalogue:
    """The catalogue of the project itself, but for its threshold alerts and where its runbooks are."""
    text = (ROOT / "alerts/routing.yaml").read_text(encoding="utf-8")
    path = folder / "routing.yaml"
    path.write_text(text[: text.index("\nlinks:")], encoding="utf-8")
    return load([str(ROOT / "slo/specs")], str(path))


def burning(service: str, name: str = "availability", severity: str = "page", **labels: str) -> dict[str, str]:
    """The labels of an SLO's alert."""
    ids = {"sloth_id": f"{service}-{name}", "sloth_service": service, "sloth_slo": name, "sloth_severity": severity}
    alert = service.title() + "".join(part.title() for part in name.split("-"))
    own = {"alertname": alert, "service": service, "slo": name, "severity": severity, "team": service}
    return {**ids, **own, **labels}


def held(service: str, name: str = "availability", cause: str = "payments", **labels: str) -> dict[str, str]:
    """The labels of the alert that holds a page back."""
    own = {"alertname": "DependencyDown", "service": service, "slo": name, "cause": cause}
    return {**own, "severity": "info", "team": service, **labels}
