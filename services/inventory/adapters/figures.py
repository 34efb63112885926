"""What the inventory's jobs found, as metrics that outlive them."""

from collections import Counter

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from services.inventory.domain.discrepancy import Fault, Finding
from services.shared import jobs
from services.shared.database import Database
from services.shared.jobs import COUNTER, GAUGE, Figure

EXPIRE = "expire"
RECONCILE = "reconcile"
BACKUP = "backup"
SEED = "seed"
JOBS = (EXPIRE, RECONCILE, BACKUP)

OK = "ok"
DISCREPANCY = "discrepancy"
_DISCREPANCY_UNITS = "shop_inventory_discrepancy_units"
_RECONCILIATIONS = "shop_reconciliations"
_OVERSOLD = "shop_oversold_units"
_EXPIRED = "shop_reservations_expired"

FIGURES = (
    Figure(
        name=_DISCREPANCY_UNITS,
        kind=GAUGE,
        help="Units by which the books disagreed when they were last reconciled.",
        labels=("kind",),
        start=tuple((fault.value,) for fault in Fault),
    ),
    Figure(
        name=_RECONCILIATIONS,
        kind=COUNTER,
        help="Reconciliations, by what they found.",
        labels=("result",),
        start=((OK,), (DISCREPANCY,)),
    ),
    Figure(name=_OVERSOLD, kind=COUNTER, help="Units sold or held that never came in.", start=((),)),
    Figure(name=_EXPIRED, kind=COUNTER, help="Reservations given back as their time was over.", start=((),)),
)


def show_in(registry: CollectorRegistry, database: Database) -> None:
    """Export the figures, read at each scrape."""
    jobs.show_in(registry, database, FIGURES, JOBS)


def reconciled(connection: Connection, findings: tuple[Finding, ...], *, newly_oversold: int, now: float) -> None:
    """Note what a reconciliation found; in its transaction."""
    units: Counter[Fault] = Counter()
    for finding in findings:
        units[finding.fault] += finding.units
    for fault in Fault:
        jobs.put(connection, _DISCREPANCY_UNITS, units[fault], {"kind": fault.value})
    jobs.add(connection, _RECONCILIATIONS, 1, {"result": DISCREPANCY if findings else OK})
    jobs.add(connection, _OVERSOLD, newly_oversold)
    jobs.succeeded(connection, RECONCILE, now=now)


def expired(connection: Connection, reservations: int, *, failed: int, now: float) -> None:
    """Note that an expiry gave back so many *reservations*; it has succeeded when none *failed*."""
    jobs.add(connection, _EXPIRED, reservations)
    if not failed:
        jobs.succeeded(connection, EXPIRE, now=now)
