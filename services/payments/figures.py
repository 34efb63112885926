"""What the gateway's jobs have found, as its /metrics shows it."""

from services.payments.domain.ledger import DISCREPANCIES
from services.shared.jobs import COUNTER, GAUGE, Figure

BACKUP = "backup"
RECONCILE = "reconcile"
JOBS = (BACKUP, RECONCILE)

OK = "ok"
DISCREPANCY = "discrepancy"
RECONCILIATIONS = Figure(
    name="shop_reconciliations",
    kind=COUNTER,
    help="Reconciliations, by whether they found all in order.",
    labels=("result",),
    start=((OK,), (DISCREPANCY,)),
)
DISCREPANT = Figure(
    name="shop_ledger_discrepancies",
    kind=GAUGE,
    help="Payments that the last reconciliation found to differ from their ledger entries, by what differs.",
    labels=("kind",),
    start=tuple((kind,) for kind in DISCREPANCIES),
)
FIGURES = (RECONCILIATIONS, DISCREPANT)
