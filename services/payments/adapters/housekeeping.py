"""Forgets what nobody asks for any more: old keys, and webhooks that arrived long ago. Never the ledger."""

from sqlalchemy import delete, select

from services.payments.adapters.tables import METADATA
from services.shared import idempotency
from services.shared.database import Database

# Longer than anybody looks into what was sent when.
KEEP_DELIVERED_MS = 7 * 24 * 3600 * 1000
# So many a transaction, so that no request waits long for it.
BATCH = 1000
_OUTBOX = METADATA.tables["outbox"]


def purge(database: Database, *, now_ms: int) -> int:
    """Forget one batch of each; how many there were. 0 means that nothing is left to forget.

    Raises:  DatabaseUnavailable.
    """
    old = select(_OUTBOX.c.id).where(_OUTBOX.c.delivered_at_ms < now_ms - KEEP_DELIVERED_MS).limit(BATCH)
    with database.writing() as connection:
        keys = idempotency.purge(connection, now_ms=now_ms, most=BATCH)
        events = connection.execute(delete(_OUTBOX).where(_OUTBOX.c.id.in_(old)).returning(_OUTBOX.c.id)).all()
    return keys + len(events)
