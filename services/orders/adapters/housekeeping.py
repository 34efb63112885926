"""Forgets what nobody asks for any more: old keys, delivered events, receipts, carts. Never an order."""

from sqlalchemy import delete, select

from services.orders.adapters import carts_sql
from services.orders.adapters.tables import METADATA
from services.shared import idempotency, outbox
from services.shared.database import Database

# Longer than anybody looks into what was sent when, and than the gateway repeats a webhook.
KEEP_MS = 7 * 24 * 3600 * 1000
# So many a transaction, so that no request waits long for it.
BATCH = 1000
_OUTBOX = METADATA.tables["outbox"]


def purge(database: Database, *, now_ms: int) -> int:
    """Forget one batch of each; how many there were. 0 means that nothing is left to forget.

    Raises:  DatabaseUnavailable.
    """
    delivered = select(_OUTBOX.c.id).where(_OUTBOX.c.delivered_at_ms < now_ms - KEEP_MS).limit(BATCH)
    with database.writing() as connection:
        keys = idempotency.purge(connection, now_ms=now_ms, most=BATCH)
        carts = carts_sql.purge(connection, now_ms=now_ms, most=BATCH)
        events = connection.execute(delete(_OUTBOX).where(_OUTBOX.c.id.in_(delivered)).returning(_OUTBOX.c.id)).all()
        receipts = outbox.forget_received(connection, before_ms=now_ms - KEEP_MS, most=BATCH)
    return keys + carts + len(events) + receipts
