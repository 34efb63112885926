"""What staff write into the ledger: deliveries, corrections, counts."""

from services.inventory.domain.errors import StockHeld, StockNotFound
from services.inventory.domain.ports import Transaction
from services.inventory.domain.stock import Kind, Movement, Stock, check_quantity


def record(transaction: Transaction, wanted: Movement, *, now_ms: int) -> tuple[Movement, Stock]:
    """Write *wanted*; the movement as it stands in the ledger, and the stock after it.

    RECEIVE adds what came and begins the stock of a new SKU; ADJUST adds a correction, which may be below 0; COUNT says
    how many units are really there: on hand and ledger agree on it afterwards, whichever of the two was wrong.

    Raises:  StockNotFound.  StockHeld: fewer would be left than are held.  InvalidMovement
    """
    check_quantity(wanted.kind, wanted.quantity)
    stock = transaction.shelf.lock(wanted.sku, create=wanted.kind is Kind.RECEIVE, now_ms=now_ms)
    if stock is None:
        raise StockNotFound(wanted.sku)
    written = wanted if wanted.kind is not Kind.COUNT else _counted(wanted, transaction.shelf.ledger(wanted.sku))
    on_hand = wanted.quantity if wanted.kind is Kind.COUNT else stock.on_hand + wanted.quantity
    if on_hand < stock.reserved:
        raise StockHeld(f"{on_hand} units on hand would be fewer than the {stock.reserved} that are held")
    return written, transaction.shelf.write(written, on_hand=on_hand, now_ms=now_ms)


def _counted(wanted: Movement, ledger: int) -> Movement:
    """The movement that brings the *ledger* to what was counted; of 0 units where it was right."""
    return Movement(
        ref=wanted.ref,
        sku=wanted.sku,
        kind=wanted.kind,
        quantity=wanted.quantity - ledger,
        reason=wanted.reason,
        actor=wanted.actor,
    )
