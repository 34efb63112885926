"""Forgets logins that have ended, tokens and links that have expired, and old attempts.

Of accounts only those that probes made and nobody uses: each minute one makes a new one.
"""

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, exists, or_, select

from services.shared.database import Database
from services.users.adapters.tables import ATTEMPTS, FAMILIES, LAST_LETTERS, REFRESH_TOKENS, RESET_TOKENS, USERS
from services.users.domain.account import CUSTOMER
from services.users.domain.sessions import REFRESH_SECONDS

# A token that is used twice is known as such for as long.
KEEP_REVOKED_MS = 7 * 24 * 3600 * 1000
# Longer than any wait, and than attempts are remembered.
KEEP_ATTEMPTS_MS = 24 * 3600 * 1000
# The domain of probes' and load tests' accounts; nothing is delivered there (RFC 2606).
PROBES = "@probe.tillwatch.invalid"
KEEP_PROBES_MS = 24 * 3600 * 1000
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
    # A second use of one that is still good ends its login; one that has expired is good for nothing, used or not.
    expired = select(REFRESH_TOKENS.c.token_sha256).where(REFRESH_TOKENS.c.expires_at_ms <= now_ms).limit(BATCH)
    # Somebody may be trying just now: their row is left to them, and is old no more.
    old = (
        select(ATTEMPTS.c.key)
        .where(ATTEMPTS.c.last_ms < now_ms - KEEP_ATTEMPTS_MS)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    with database.writing() as connection:
        families = connection.execute(ended).scalars().all()
        connection.execute(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.family.in_(families)))
        connection.execute(delete(FAMILIES).where(FAMILIES.c.family.in_(families)))
        tokens = _deleted(connection, REFRESH_TOKENS.c.token_sha256, REFRESH_TOKENS.c.token_sha256.in_(expired))
        resets = _deleted(connection, RESET_TOKENS.c.token_sha256, RESET_TOKENS.c.expires_at_ms < now_ms)
        attempts = _deleted(connection, ATTEMPTS.c.key, ATTEMPTS.c.key.in_(old))
    return len(families) + tokens + resets + attempts


def purge_probes(database: Database, *, now_ms: int) -> int:
    """Forget a batch of the customers' accounts of probes that are a day old and were not used for a day; how many.

    Those that probes use day after day stay, and so do staff.

    Raises:  DatabaseUnavailable
    """
    since_ms = now_ms - KEEP_PROBES_MS
    # Each login and each refresh leaves a token that is good for so long from then.
    used = exists().where(
        and_(
            FAMILIES.c.user_id == USERS.c.user_id,
            REFRESH_TOKENS.c.family == FAMILIES.c.family,
            REFRESH_TOKENS.c.expires_at_ms >= since_ms + REFRESH_SECONDS * 1000,
        )
    )
    unused = (
        select(USERS.c.user_id)
        .where(
            USERS.c.email.endswith(PROBES, autoescape=True),
            USERS.c.roles == CUSTOMER,
            USERS.c.created_at_ms < since_ms,
            ~used,
        )
        .limit(BATCH)
        # Whoever logs in just now locks it too, and is left alone.
        .with_for_update(skip_locked=True)
    )
    with database.writing() as connection:
        users = connection.execute(unused).scalars().all()
        families = connection.execute(select(FAMILIES.c.family).where(FAMILIES.c.user_id.in_(users))).scalars().all()
        connection.execute(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.family.in_(families)))
        for table in (FAMILIES, RESET_TOKENS, LAST_LETTERS, USERS):
            connection.execute(delete(table).where(table.c.user_id.in_(users)))
    return len(users)


def _deleted(connection: Connection, key: Column[str], condition: ColumnElement[bool]) -> int:
    return len(connection.execute(delete(key.table).where(condition).returning(key)).all())
