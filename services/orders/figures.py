"""What the jobs of orders have found, as /metrics shows it."""

from services.shared.jobs import COUNTER, Figure

EXPIRE = "expire"
RESOLVE = "resolve-payments"
RECONCILE = "reconcile"
BACKUP = "backup"
PURGE = "purge"
JOBS = (EXPIRE, RESOLVE, RECONCILE, BACKUP, PURGE)

MATCH = "match"
MISMATCH = "mismatch"
OK = "ok"
DISCREPANCY = "discrepancy"
CAPTURES = Figure(
    name="shop_captures_checked",
    kind=COUNTER,
    help="Orders and payments that were compared, by whether each confirmed order has exactly one capture.",
    labels=("result",),
    start=((MATCH,), (MISMATCH,)),
)
RECONCILIATIONS = Figure(
    name="shop_reconciliations",
    kind=COUNTER,
    help="Reconciliations, by whether they found all in order.",
    labels=("result",),
    start=((OK,), (DISCREPANCY,)),
)
FIGURES = (CAPTURES, RECONCILIATIONS)
