"""Forgets logins that have ended, links that have expired and old attempts. Never an account."""

from sqlalchemy import delete, or_, select

from services.shared.database import Database
from services.users.adapters.tables import ATTEMPTS, FAMILIES, REFRESH_TOKENS, RESET_TOKENS

# A token that is used twice is known as such for as long.
KEEP_REVOKED_MS = 7 * 24 * 3600 * 1000
# Longer than any wait, and than attempts are remembered.
KEEP_ATTEMPTS_MS = 24 * 3600 * 1000
BATCH = 1000


def purge(database: Database, *, now_ms: int) -> int:
    """Forget one batch of each; how many there were. 0 means that nothing is left to forget.

    Raises:  DatabaseUnavailable
    """
    ended = (
        select(FAMILIES.c.family)
        .where(or_(FAMILIES.c.expires_at_ms < now_ms, FAMILIES.c.revoked_at_ms < now_ms - KEEP_REVOKED_MS))
        .limit(BATCH)
    )
    old = select(ATTEMPTS.c.key).where(ATTEMPTS.c.last_ms < now_ms - KEEP_ATTEMPTS_MS).limit(BATCH)
    with database.writing() as connection:
        families = connection.execute(ended).scalars().all()
        connection.execute(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.family.in_(families)))
        connection.execute(delete(FAMILIES).where(FAMILIES.c.family.in_(families)))
        expired = delete(RESET_TOKENS).where(RESET_TOKENS.c.expires_at_ms < now_ms)
        resets = connection.execute(expired.returning(RESET_TOKENS.c.token_sha256)).all()
        attempts = connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.key.in_(old)).returning(ATTEMPTS.c.key)).all()
    return len(families) + len(resets) + len(attempts)
