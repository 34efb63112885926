"""Reconciliation on both databases: what it finds, what it repairs, what the metrics say after it."""

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from services.inventory import jobs
from services.inventory.adapters import figures
from services.inventory.adapters.drift import drift
from services.inventory.domain.discrepancy import Fault
from services.inventory.domain.errors import StockNotFound
from tests.services.inventory.shelves import NOW, Shelves


@pytest.fixture
def stocked(shelves: Shelves) -> Shelves:
    """Ten of A-1, three of them held, and five of B-1."""
    shelves.stock(A_1=10, B_1=5)
    shelves.reserve("r1", {"A-1": 3})
    return shelves


def change(shelves: Shelves, statement: str) -> None:
    """Do what no code of ours does."""
    with shelves.database.writing() as connection:
        connection.execute(text(statement))


def found(shelves: Shelves) -> dict[tuple[str, Fault], int]:
    """The units of each finding."""
    return {(each.sku, each.fault): each.units for each in shelves.audit().findings}


def metrics(shelves: Shelves) -> CollectorRegistry:
    """What /metrics would show now."""
    registry = CollectorRegistry()
    figures.show_in(registry, shelves.database)
    return registry


def units(registry: CollectorRegistry) -> dict[str, float | None]:
    """What the gauge says of each kind."""
    return {
        fault.value: registry.get_sample_value("shop_inventory_discrepancy_units", {"kind": fault.value})
        for fault in Fault
    }


def test_books_that_agree_are_clean(stocked: Shelves) -> None:
    """Held, sold, returned, expired and released units leave nothing to find."""
    for ref, verb in (("r2", stocked.commit), ("r3", stocked.release)):
        stocked.reserve(ref, {"A-1": 1, "B-1": 1})
        verb(ref)
    report = stocked.audit()
    assert (report.skus, report.findings, report.newly_oversold) == (2, (), 0)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param("UPDATE stock SET reserved = 5 WHERE sku = 'A-1'", {("A-1", Fault.RESERVED_MISMATCH): 2}, id="up"),
        pytest.param("UPDATE stock SET reserved = 0", {("A-1", Fault.RESERVED_MISMATCH): 3}, id="down"),
        pytest.param("UPDATE stock SET reserved = 1 WHERE sku = 'B-1'", {("B-1", Fault.RESERVED_MISMATCH): 1}, id="B"),
        pytest.param("UPDATE stock SET on_hand = 12 WHERE sku = 'A-1'", {("A-1", Fault.ON_HAND_MISMATCH): 2}, id="on"),
        pytest.param("DELETE FROM reservation_line", {("A-1", Fault.RESERVED_MISMATCH): 3}, id="lost lines"),
    ],
)
def test_books_that_disagree_are_found(stocked: Shelves, statement: str, expected: dict) -> None:
    """By SKU and kind, with the units."""
    change(stocked, statement)
    assert found(stocked) == expected


def test_selling_what_never_came_in_is_oversold(stocked: Shelves) -> None:
    """Units that drifted onto the shelf are sold: the ledger shows that they were not there; counted once."""
    assert drift(stocked.database, sku="B-1", units=4, now_ms=NOW) == ("B-1", 4)
    stocked.reserve("r2", {"B-1": 8})
    assert found(stocked) == {("B-1", Fault.ON_HAND_MISMATCH): 4, ("B-1", Fault.OVERSOLD): 3}
    stocked.commit("r2")
    assert stocked.audit().newly_oversold == 0
    stocked.reserve("r3", {"B-1": 1})
    assert stocked.audit().newly_oversold == 1
    registry = metrics(stocked)
    assert registry.get_sample_value("shop_oversold_units_total") == 4
    assert units(registry)["oversold"] == 4


def test_metrics_show_each_reconciliation(stocked: Shelves) -> None:
    """All series from the start; after a run the units by kind, the result, and when."""
    before = metrics(stocked)
    assert units(before) == dict.fromkeys((fault.value for fault in Fault), 0)
    assert before.get_sample_value("shop_reconciliations_total", {"result": "ok"}) == 0
    assert before.get_sample_value("shop_oversold_units_total") == 0
    assert before.get_sample_value("job_last_success_timestamp_seconds", {"job": "reconcile"}) == 0
    stocked.audit()
    drift(stocked.database, sku="A-1", units=-2, now_ms=NOW)
    stocked.audit(NOW + 5000)
    after = metrics(stocked)
    assert units(after) == {"reserved_mismatch": 0, "on_hand_mismatch": 2, "negative": 0, "oversold": 0}
    results = [after.get_sample_value("shop_reconciliations_total", {"result": each}) for each in ("ok", "discrepancy")]
    assert results == [1, 1]
    assert after.get_sample_value("job_last_success_timestamp_seconds", {"job": "reconcile"}) == NOW / 1000 + 5
    drift(stocked.database, sku="A-1", units=2, now_ms=NOW)
    stocked.audit()
    assert units(metrics(stocked))["on_hand_mismatch"] == 0


def test_a_repair_is_asked_for(stocked: Shelves) -> None:
    """Without the flag nothing is changed; with it what is reserved becomes what is held, and no more."""
    change(stocked, "UPDATE stock SET reserved = 5 WHERE sku = 'A-1'")
    change(stocked, "UPDATE stock SET on_hand = 6 WHERE sku = 'B-1'")
    code, said = jobs.run_reconcile(stocked.database, now=NOW / 1000, repairing=False)
    assert (code, said["discrepancy_units"]["reserved_mismatch"]) == (1, 2)
    assert stocked.levels("A-1") == (10, 5)
    code, said = jobs.run_reconcile(stocked.database, now=NOW / 1000, repairing=True)
    assert (code, list(said["repaired"]), list(said["not_repaired"])) == (1, ["A-1"], [])
    assert said["found"] == [{"sku": "B-1", "kind": "on_hand_mismatch", "units": 1}]
    assert (stocked.levels("A-1"), stocked.levels("B-1")) == ((10, 3), (6, 0))


def test_what_cannot_be_repaired_is_said(stocked: Shelves) -> None:
    """More is held than is on hand: somebody has to decide who gets nothing."""
    change(stocked, "UPDATE stock SET on_hand = 2, reserved = 2 WHERE sku = 'A-1'")
    code, said = jobs.run_reconcile(stocked.database, now=NOW / 1000, repairing=True)
    assert (code, list(said["repaired"]), list(said["not_repaired"])) == (1, [], ["A-1"])
    assert stocked.levels("A-1") == (2, 2)


@pytest.mark.parametrize(
    ("sku", "wanted", "moved"),
    [
        pytest.param("B-1", 3, ("B-1", 3), id="more"),
        pytest.param("B-1", -3, ("B-1", -3), id="fewer"),
        pytest.param("A-1", -9, ("A-1", -7), id="never below what is held"),
        pytest.param(None, 1, ("A-1", 1), id="of what there is most"),
    ],
)
def test_drifted_units_are_found(stocked: Shelves, sku: str | None, wanted: int, moved: tuple[str, int]) -> None:
    """The fault moves them without a movement; reconciliation says how many."""
    assert drift(stocked.database, sku=sku, units=wanted, now_ms=NOW) == moved
    assert found(stocked) == {(moved[0], Fault.ON_HAND_MISMATCH): abs(moved[1])}


def test_stock_that_there_is_not_does_not_drift(stocked: Shelves) -> None:
    """An unknown SKU is an error, not a fault that never was."""
    with pytest.raises(StockNotFound):
        drift(stocked.database, sku="NONE-1", units=1, now_ms=NOW)
