"""services/shared/jobs.py, on both databases."""

from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, MetaData

from services.shared import jobs
from services.shared.database import Database, open_database
from services.shared.errors import DatabaseUnavailable
from services.shared.jobs import COUNTER, GAUGE, Figure

CHECKED = Figure(
    name="shop_captures_checked",
    kind=COUNTER,
    help="Captures compared with orders.",
    labels=("result",),
    start=(("match",), ("mismatch",)),
)
UNITS = Figure(name="shop_inventory_discrepancy_units", kind=GAUGE, help="Units.", labels=("kind",))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the table of figures."""
    found = open_database(database_url)
    metadata = MetaData()
    jobs.job_figures_table(metadata)
    with found.writing() as connection:
        metadata.create_all(connection)
    yield found
    found.close()


@pytest.fixture
def registry(database: Database) -> CollectorRegistry:
    """A registry that shows the figures."""
    found = CollectorRegistry()
    jobs.show_in(found, database, (CHECKED, UNITS), ("reconcile",))
    return found


def fail_after(database: Database, work: Callable[[Connection], object]) -> None:
    """Do *work* in a transaction that then fails."""
    with database.writing() as connection:
        work(connection)
        raise ZeroDivisionError


def test_figures_are_there_before_a_job_ran(registry: CollectorRegistry) -> None:
    """A counter starts at 0, so that its first step is seen; a job that never ran has the time 0."""
    assert registry.get_sample_value("shop_captures_checked_total", {"result": "mismatch"}) == 0.0
    assert registry.get_sample_value("job_last_success_timestamp_seconds", {"job": "reconcile"}) == 0.0
    assert registry.get_sample_value("shop_inventory_discrepancy_units", {"kind": "on_hand"}) is None


def test_counters_grow_and_gauges_are_set(database: Database, registry: CollectorRegistry) -> None:
    """Over several runs of a job, each a process of its own."""
    for amount in (2, 3):
        with database.writing() as connection:
            jobs.add(connection, CHECKED.name, amount, {"result": "match"})
            jobs.put(connection, UNITS.name, amount, {"kind": "on_hand"})
            jobs.succeeded(connection, "reconcile", now=1_000.0 + amount)
    assert registry.get_sample_value("shop_captures_checked_total", {"result": "match"}) == 5.0
    assert registry.get_sample_value("shop_inventory_discrepancy_units", {"kind": "on_hand"}) == 3.0
    assert registry.get_sample_value("job_last_success_timestamp_seconds", {"job": "reconcile"}) == 1_003.0


def test_a_failed_job_moves_nothing(database: Database, registry: CollectorRegistry) -> None:
    """Figures belong to the transaction of the work: a success that was rolled back is none."""
    with pytest.raises(ZeroDivisionError):
        fail_after(database, lambda connection: jobs.succeeded(connection, "reconcile", now=1_000.0))
    assert registry.get_sample_value("job_last_success_timestamp_seconds", {"job": "reconcile"}) == 0.0


def test_a_database_that_is_down_costs_only_these_figures(database: Database, registry: CollectorRegistry) -> None:
    """The page that Prometheus reads goes on without them."""

    def down() -> None:
        raise DatabaseUnavailable("down")

    database.guard = down
    assert registry.get_sample_value("shop_captures_checked_total", {"result": "match"}) is None
