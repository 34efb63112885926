"""Refresh tokens and the logins that they came of: only their hashes are here."""

import secrets

from sqlalchemy import Connection, insert, select, update

from services.users.adapters.tables import FAMILIES, REFRESH_TOKENS
from services.users.domain.ports import Rotation
from services.users.domain.sessions import FAMILY_SECONDS, REFRESH_SECONDS, Pace, Refresh


class SqlFamilies:
    """The part of a `Transaction` that knows who is logged in."""

    def __init__(self, connection: Connection) -> None:
        self._families_connection = connection

    def begin_family(self, user_id: str, token: str, *, now_ms: int) -> None:
        family = secrets.token_hex(16)
        row = {"family": family, "user_id": user_id, "expires_at_ms": now_ms + FAMILY_SECONDS * 1000}
        self._families_connection.execute(insert(FAMILIES).values(**row))
        self._keep(token, family, now_ms + REFRESH_SECONDS * 1000)

    def rotate(self, old: str, new: str, *, now_ms: int) -> Rotation:
        family = self._family_of(old)
        if family is None:
            return Rotation(outcome=Refresh.UNKNOWN)
        # The family first: of two that come with one token, the second sees what the first has done.
        row = self._families_connection.execute(
            select(FAMILIES).where(FAMILIES.c.family == family).with_for_update()
        ).first()
        token = self._families_connection.execute(
            select(REFRESH_TOKENS).where(REFRESH_TOKENS.c.token_sha256 == old)
        ).first()
        if row is None or token is None:
            # Expired long ago, and forgotten a moment ago.
            return Rotation(outcome=Refresh.UNKNOWN)
        if token.used_at_ms is not None:
            self._revoke(FAMILIES.c.family == family, now_ms)
            return Rotation(outcome=Refresh.REUSED, user_id=row.user_id)
        if row.revoked_at_ms is not None:
            return Rotation(outcome=Refresh.UNKNOWN, user_id=row.user_id)
        if min(token.expires_at_ms, row.expires_at_ms) <= now_ms:
            return Rotation(outcome=Refresh.EXPIRED, user_id=row.user_id)
        pace = Pace(refreshes=row.refreshes, since_ms=row.refreshes_since_ms)
        if (wait_ms := pace.wait_ms(now_ms)) > 0:
            return Rotation(outcome=Refresh.THROTTLED, user_id=row.user_id, wait_ms=wait_ms)
        used = update(REFRESH_TOKENS).where(REFRESH_TOKENS.c.token_sha256 == old)
        self._families_connection.execute(used.values(used_at_ms=now_ms))
        self._count(family, pace.counted(now_ms))
        self._keep(new, family, min(now_ms + REFRESH_SECONDS * 1000, row.expires_at_ms))
        return Rotation(outcome=Refresh.ROTATED, user_id=row.user_id)

    def revoke_family_of(self, token: str, *, now_ms: int) -> None:
        family = self._family_of(token)
        if family is not None:
            self._revoke(FAMILIES.c.family == family, now_ms)

    def revoke_all(self, user_id: str, *, now_ms: int) -> None:
        self._revoke(FAMILIES.c.user_id == user_id, now_ms)

    def _family_of(self, token: str) -> str | None:
        statement = select(REFRESH_TOKENS.c.family).where(REFRESH_TOKENS.c.token_sha256 == token)
        found: str | None = self._families_connection.execute(statement).scalar()
        return found

    def _count(self, family: str, pace: Pace) -> None:
        statement = update(FAMILIES).where(FAMILIES.c.family == family)
        self._families_connection.execute(statement.values(refreshes=pace.refreshes, refreshes_since_ms=pace.since_ms))

    def _keep(self, token: str, family: str, expires_at_ms: int) -> None:
        row = {"token_sha256": token, "family": family, "expires_at_ms": expires_at_ms}
        self._families_connection.execute(insert(REFRESH_TOKENS).values(**row))

    def _revoke(self, condition: object, now_ms: int) -> None:
        statement = update(FAMILIES).where(condition, FAMILIES.c.revoked_at_ms.is_(None))  # type: ignore[arg-type]
        self._families_connection.execute(statement.values(revoked_at_ms=now_ms))
