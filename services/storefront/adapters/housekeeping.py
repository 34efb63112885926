"""Forgets sessions that nobody comes back to."""

from sqlalchemy import and_, delete, or_, select

from services.shared.database import Database
from services.storefront.adapters.tables import SESSIONS
from services.storefront.domain.session import EMPTY_IDLE_MS, IDLE_MS

# So many a transaction, so that no request waits long for it.
BATCH = 1000
NO_LINES = "[]"


def purge(database: Database, *, now_ms: int) -> int:
    """Forget one batch; how many there were. 0 means that nothing is left to forget.

    Raises:  DatabaseUnavailable.
    """
    seen = SESSIONS.c.seen_at_ms
    empty = and_(SESSIONS.c.user_id.is_(None), SESSIONS.c.lines == NO_LINES)
    over = or_(seen < now_ms - IDLE_MS, and_(seen < now_ms - EMPTY_IDLE_MS, empty))
    batch = select(SESSIONS.c.key).where(over).limit(BATCH)
    with database.writing() as connection:
        gone = connection.execute(delete(SESSIONS).where(SESSIONS.c.key.in_(batch)).returning(SESSIONS.c.key)).all()
    return len(gone)
