"""The shop's own KPIs: what other alerts and screens count on."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from services.orders.adapters.metrics import STEPS
from slo.load import load
from slo.model import Kpi

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def kpis() -> dict[tuple[str, str], Kpi]:
    """By service and name."""
    found = load([str(ROOT / "slo" / "specs")])
    return {(kpi.service, kpi.name): kpi for spec in found.specs for kpi in spec.kpis}


def test_every_service_has_a_request_rate(kpis: dict[tuple[str, str], Kpi]) -> None:
    """Of its shoppers; without an alert of its own, for RequestRateDeviation and TrafficGone read its records."""
    services = {service for service, _ in kpis}
    assert services == {"catalog", "inventory", "orders", "payments", "storefront", "users"}
    for service in services:
        kpi = kpis[service, "request-rate"]
        assert kpi.query.at("5m") == f'sum(rate(http_server_requests_total{{job="{service}",traffic="user"}}[5m]))'
        assert (kpi.unit, kpi.better, kpi.alert) == ("requests/s", "higher", None)


def test_every_step_of_the_funnel_is_a_share_of_the_one_before(kpis: dict[tuple[str, str], Kpi]) -> None:
    """Else a step at which all shoppers are lost is nobody's number."""
    queries = [kpi.query.at("5m").split("/") for (service, _), kpi in kpis.items() if service == "orders"]
    shares = [pair for pair in queries if len(pair) == 2 and "shop_funnel_total" in pair[0]]
    for before, step in pairwise(STEPS):
        of = "cart" if step == "checkout" else before  # several items go into one cart
        assert any(f'step="{step}"' in part and f'step="{of}"' in whole for part, whole in shares), step


def test_a_share_needs_a_few_events(kpis: dict[tuple[str, str], Kpi]) -> None:
    """One of two refused at night is a half, and nothing to tell anybody of."""
    shares = [kpi for kpi in kpis.values() if kpi.unit == "ratio"]
    assert len(shares) > 5
    assert [kpi.name for kpi in shares if "> 0.02)" not in kpi.query.at("5m")] == []


def test_whoever_is_told_has_a_team_and_daylight(kpis: dict[tuple[str, str], Kpi]) -> None:
    """What sells is looked at by day: what must wake somebody is a threshold or a promise."""
    told = [kpi for kpi in kpis.values() if kpi.alert is not None]
    assert {kpi.alert.name for kpi in told if kpi.alert} == {
        "OrdersPerMinute", "AverageBasket", "Conversion", "Refunds", "PaymentSuccess", "StockOuts"
    }  # fmt: skip
    assert {(bool(kpi.team), kpi.alert.severity) for kpi in told if kpi.alert} == {(True, "ticket")}
