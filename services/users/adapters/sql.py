"""Accounts in a database: SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from services.shared.database import Database
from services.shared.upsert import insert_into
from services.users.adapters.sql_attempts import SqlAttempts
from services.users.adapters.sql_families import SqlFamilies
from services.users.adapters.sql_letters import SqlLetters
from services.users.adapters.tables import RESET_TOKENS, USERS
from services.users.domain.account import Account
from services.users.domain.throttle import Limits


class SqlStore:
    """A `Store` in *database*."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    @contextmanager
    def writing(self) -> Iterator["SqlTransaction"]:
        with self._database.writing() as connection:
            yield SqlTransaction(connection, self._limits)

    @contextmanager
    def reading(self) -> Iterator["SqlTransaction"]:
        with self._database.reading() as connection:
            yield SqlTransaction(connection, self._limits)


class SqlTransaction(SqlAttempts, SqlFamilies, SqlLetters):
    """A `Transaction` over one connection."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        SqlAttempts.__init__(self, connection, limits)
        SqlFamilies.__init__(self, connection)
        SqlLetters.__init__(self, connection)
        self._connection = connection

    def account(self, user_id: str) -> Account | None:
        return self._account(select(USERS).where(USERS.c.user_id == user_id))

    def locked_account(self, user_id: str) -> Account | None:
        # Its key does not change: whoever adds a row that refers to it need not wait.
        return self._account(select(USERS).where(USERS.c.user_id == user_id).with_for_update(key_share=True))

    def account_of(self, email: str) -> Account | None:
        return self._account(select(USERS).where(USERS.c.email == email))

    def add(self, account: Account) -> bool:
        row = {
            "user_id": account.user_id,
            "email": account.email,
            "name": account.name,
            "roles": _as_text(account.roles),
            "password_hash": account.password_hash,
            "created_at_ms": account.created_at_ms,
        }
        statement = insert_into(self._connection, USERS).values(**row).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(USERS.c.user_id)).first() is not None

    def set_password(self, user_id: str, password_hash: str) -> None:
        self._set(user_id, password_hash=password_hash)

    def set_name(self, user_id: str, name: str) -> None:
        self._set(user_id, name=name)

    def set_roles(self, user_id: str, roles: frozenset[str]) -> None:
        self._set(user_id, roles=_as_text(roles))

    def set_disabled(self, user_id: str, now_ms: int | None) -> None:
        self._set(user_id, disabled_at_ms=now_ms)

    def keep_reset(self, user_id: str, token: str, *, expires_at_ms: int) -> None:
        row = {"token_sha256": token, "user_id": user_id, "expires_at_ms": expires_at_ms}
        self._connection.execute(insert(RESET_TOKENS).values(**row))

    def reset_of(self, token: str, *, now_ms: int) -> str | None:
        good = (RESET_TOKENS.c.token_sha256 == token, RESET_TOKENS.c.expires_at_ms > now_ms)
        found: str | None = self._connection.execute(select(RESET_TOKENS.c.user_id).where(*good)).scalar()
        return found

    def use_reset(self, token: str, *, now_ms: int) -> str | None:
        # Deleted, not read: of two at once one gets it.
        statement = delete(RESET_TOKENS).where(RESET_TOKENS.c.token_sha256 == token)
        row = self._connection.execute(
            statement.returning(RESET_TOKENS.c.user_id, RESET_TOKENS.c.expires_at_ms)
        ).first()
        if row is None or row.expires_at_ms <= now_ms:
            return None
        user_id: str = row.user_id
        return user_id

    def forget_resets(self, user_id: str) -> None:
        self._connection.execute(delete(RESET_TOKENS).where(RESET_TOKENS.c.user_id == user_id))

    def _account(self, statement: Select[Any]) -> Account | None:
        row = self._connection.execute(statement).first()
        if row is None:
            return None
        return Account(
            user_id=row.user_id,
            email=row.email,
            name=row.name,
            roles=frozenset(row.roles.split()),
            password_hash=row.password_hash,
            created_at_ms=row.created_at_ms,
            disabled=row.disabled_at_ms is not None,
        )

    def _set(self, user_id: str, **values: Any) -> None:
        self._connection.execute(update(USERS).where(USERS.c.user_id == user_id).values(**values))


def _as_text(roles: frozenset[str]) -> str:
    return " ".join(sorted(roles))
