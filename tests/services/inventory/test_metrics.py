"""What the inventory exports: the metrics of its SLOs, from the start, in series of bounded number."""

import pytest

from services.inventory.adapters import metrics
from services.inventory.adapters.metrics import OUTCOMES
from services.shared import traffic
from tests.services.inventory.conftest import FAULT_TOKEN

ROUTES = {
    "/api/v1/events",
    "/api/v1/reservations",
    "/api/v1/reservations/<ref>",
    "/api/v1/reservations/<ref>/commit",
    "/api/v1/reservations/<ref>/extend",
    "/api/v1/reservations/<ref>/release",
    "/api/v1/reservations/<ref>/return",
    "/api/v1/stock",
    "/api/v1/stock/<sku>",
    "/api/v1/stock/<sku>/detail",
    "/api/v1/stock/<sku>/movements",
}
TOKEN = {"Authorization": f"Bearer {FAULT_TOKEN}"}


def outcomes(api) -> dict[str, float]:
    """Reservations of users by outcome, those that there were."""
    found = {each: api.value("shop_reservations_total", outcome=each, traffic="user") for each in OUTCOMES}
    return {outcome: count for outcome, count in found.items() if count}


def test_every_series_of_an_slo_is_there_at_the_start(small_api) -> None:
    """At 0, so that the first error and the first discrepancy show an increase."""
    for route in ROUTES:
        found = [
            sample.labels
            for metric in small_api.registry.collect()
            for sample in metric.samples
            if sample.name == "http_server_requests_total" and sample.labels["http_route"] == route
        ]
        codes = {(labels["http_response_status_code"], labels["traffic"]) for labels in found}
        assert codes >= {(code, kind) for code in ("500", "503") for kind in ("user", "probe")}
    for outcome in OUTCOMES:
        for kind in ("user", "probe"):
            assert small_api.value("shop_reservations_total", outcome=outcome, traffic=kind) == 0
    assert small_api.value("shop_oversold_units_total") == 0
    assert small_api.value("shop_reconciliations_total", result="discrepancy") == 0
    assert small_api.value("shop_fault_active", fault="stock-drift") == 0
    assert small_api.value("idempotency_requests_total", result="new") == 0


def test_each_outcome_is_counted(small_api) -> None:
    """Once what it tells of is committed; a repeat is a repeat."""
    small_api.reserve("r1", {"A-1": 1})
    small_api.reserve("r1", {"A-1": 1})
    small_api.reserve("r1", {"A-1": 2})
    small_api.reserve("r2", {"A-1": 100})
    small_api.ask("POST", "/reservations/r1/extend", json={"ttl_seconds": 60})
    small_api.ask("POST", "/reservations/r1/commit")
    small_api.ask("POST", "/reservations/r1/commit")
    small_api.ask("POST", "/reservations/r1/release")
    small_api.ask("POST", "/reservations/r1/return")
    small_api.ask("POST", "/reservations/r3/release")
    small_api.reserve("r3", {"A-1": 1})
    small_api.reserve("r4", {"A-1": 1})
    event = {
        "event_id": "e1",
        "type": "OrderExpired",
        "occurred_at": "2026-11-23T10:00:00Z",
        "data": {"order_id": "r4"},
    }
    small_api.ask("POST", "/events", json=event)
    assert outcomes(small_api) == {
        "held": 2,
        "repeated": 2,
        "conflict": 1,
        "out_of_stock": 1,
        "extended": 1,
        "committed": 1,
        "refused": 1,
        "returned": 1,
        "released": 2,
        "closed": 1,
    }


def test_the_traffic_class_is_a_label(small_api) -> None:
    """What a drill or a load test holds is not a customer's."""
    token = traffic.current.set(traffic.LOAD)
    try:
        small_api.reserve("r1", {"A-1": 1})
    finally:
        traffic.current.reset(token)
    found = {kind: small_api.value("shop_reservations_total", outcome="held", traffic=kind) for kind in traffic.CLASSES}
    # The observer decides by the signed header alone, whatever was there before.
    assert found == {"user": 1, "probe": 0, "load": None}


def test_stock_is_shown_by_family(api) -> None:
    """Units that can be bought and products that cannot, on both databases; never a SKU."""
    api.shelves.stock(A_2=4, KIT_1001=6, PROBE_OUT=0)
    api.reserve("r1", {"A-1": 3, "B-1": 5})
    values = {family: api.value("shop_stock_available", family=family) for family in ("A", "B", "KIT", "PROBE")}
    sold_out = {family: api.value("shop_stock_sold_out_products", family=family) for family in values}
    assert values == {"A": 11, "B": 0, "KIT": 6, "PROBE": 0}
    assert sold_out == {"A": 0, "B": 1, "KIT": 0, "PROBE": 1}


def test_families_are_bounded(small_api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond the bound are one together: nobody's SKUs can fill the monitoring."""
    monkeypatch.setattr(metrics, "MAX_FAMILIES", 2)
    small_api.shelves.stock(C_1=1, D_1=2)
    assert small_api.value("shop_stock_available", family="other") == 3
    assert small_api.value("shop_stock_available", family="C") is None


def test_the_service_stays_far_below_its_series_limit(small_api) -> None:
    """Used as widely as it can be, the inventory exports about a thousand series; 5,000 is the limit."""
    for number in range(50):
        small_api.reserve(f"r{number}", {"NONE-1": 1})
        small_api.ask("GET", f"/stock/NONE-{number}", role=None)
        small_api.client.get(f"/{number}")
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MADE-UP"):
        for route in ROUTES:
            small_api.client.open(route.replace("<sku>", "A-1").replace("<ref>", "r1"), method=method)
    assert sum(len(metric.samples) for metric in small_api.registry.collect()) < 2000


def test_stock_drifts_when_it_is_told_to(small_api) -> None:
    """Once, at the injection; the metric lasts as long as the fault, the drift until somebody finds it."""
    fault = {"fault": "stock-drift", "units": -2, "sku": "A-1", "seconds": 60}
    answer = small_api.client.post("/internal/faults", json=fault, headers=TOKEN)
    assert (answer.status_code, answer.json["faults"][0]["units"]) == (201, -2)
    assert small_api.value("shop_fault_active", fault="stock-drift") == 1
    assert small_api.shelves.levels("A-1") == (8, 0)
    assert [(each.sku, each.units) for each in small_api.shelves.audit().findings] == [("A-1", 2)]
    small_api.client.delete("/internal/faults", headers=TOKEN)
    assert small_api.value("shop_fault_active", fault="stock-drift") == 0
    assert small_api.shelves.levels("A-1") == (8, 0)


def test_a_drift_of_no_product_is_not_found(small_api) -> None:
    """Whoever mistyped the SKU is told."""
    fault = {"fault": "stock-drift", "units": 1, "sku": "NONE-1", "seconds": 60}
    answer = small_api.client.post("/internal/faults", json=fault, headers=TOKEN)
    assert (answer.status_code, answer.json["code"]) == (404, "stock_not_found")


@pytest.mark.parametrize(
    "fault",
    [
        {"units": 0, "seconds": 1},
        {"units": 1001, "seconds": 1},
        {"units": 1.5, "seconds": 1},
        {"units": 1, "seconds": 0},
        {"units": 1, "seconds": 901},
        {"units": 1, "seconds": 1, "sku": "a-1"},
    ],
)
def test_a_drift_is_bounded(small_api, fault: dict) -> None:
    """A drill that was typed wrong moves nothing."""
    answer = small_api.client.post("/internal/faults", json={"fault": "stock-drift"} | fault, headers=TOKEN)
    assert answer.status_code == 422
    assert small_api.shelves.audit().findings == ()
