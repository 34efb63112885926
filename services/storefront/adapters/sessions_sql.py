"""Sessions in the storefront's database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from services.shared.database import POSTGRESQL, Database
from services.shared.upsert import insert_into
from services.storefront.adapters.sealing import Box
from services.storefront.adapters.tables import SESSIONS
from services.storefront.domain.ports import Claim
from services.storefront.domain.session import Customer, GuestLine, Session, Tokens


class SqlSessions:
    """A `SessionStore` in *database*; *box* seals what it holds of customers."""

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box

    def create(self, session: Session) -> None:
        with self._database.writing() as connection:
            connection.execute(insert_into(connection, SESSIONS).on_conflict_do_nothing().values(self._values(session)))

    def find(self, key: str) -> Session | None:
        with self._database.reading() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.key == key)).one_or_none()
        return None if row is None else self._session(row)

    def change(self, key: str, work: Callable[[Session], Session]) -> Session | None:
        with self._database.writing() as connection:
            row = _locked(connection, key)
            if row is None:
                return None
            changed = work(self._session(row))
            connection.execute(update(SESSIONS).where(SESSIONS.c.key == key).values(self._values(changed)))
        return changed

    def replace(self, old_key: str, new: Session) -> bool:
        gone = delete(SESSIONS).where(SESSIONS.c.key == old_key).returning(SESSIONS.c.key)
        with self._database.writing() as connection:
            if connection.execute(gone).one_or_none() is None:
                return False
            connection.execute(insert(SESSIONS).values(self._values(new)))
        return True

    def delete(self, key: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.key == key))

    def of_user(self, user_id: str) -> tuple[Session, ...]:
        with self._database.reading() as connection:
            rows = connection.execute(select(SESSIONS).where(SESSIONS.c.user_id == user_id)).all()
        return tuple(self._session(row) for row in rows)

    def claim_refresh(self, key: str, *, now_ms: int, until_ms: int) -> Claim | None:
        free = SESSIONS.c.refreshing_until_ms <= now_ms
        with self._database.writing() as connection:
            statement = (
                update(SESSIONS)
                .where(SESSIONS.c.key == key, free)
                .values(refreshing_until_ms=until_ms)
                .returning(SESSIONS.c.key)
            )
            is_ours = connection.execute(statement).one_or_none() is not None
            # Read after the claim: whoever had it before may have stored new tokens since we looked.
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.key == key)).one_or_none()
        return None if row is None else Claim(self._session(row), is_ours)

    def end_refresh(self, key: str, tokens: Tokens | None) -> Session | None:
        with self._database.writing() as connection:
            row = _locked(connection, key)
            if row is None:
                return None
            session = self._session(row)
            if tokens is not None and session.customer is not None:
                session = replace(session, customer=replace(session.customer, tokens=tokens))
            values = {**self._values(session), "refreshing_until_ms": 0}
            connection.execute(update(SESSIONS).where(SESSIONS.c.key == key).values(values))
        return session

    def _values(self, session: Session) -> Mapping[str, Any]:
        customer = session.customer
        return {
            "key": session.key,
            "user_id": None if customer is None else customer.user_id,
            "customer": None if customer is None else self._box.seal(_customer_text(customer), row=session.key),
            "lines": json.dumps([[line.sku, line.quantity] for line in session.lines]),
            "cart_id": session.cart_id,
            "items": session.items,
            "is_cart_sought": session.is_cart_sought,
            "notice": session.notice,
            "created_at_ms": session.created_at_ms,
            "seen_at_ms": session.seen_at_ms,
        }

    def _session(self, row: Row[Any]) -> Session:
        opened = None if row.customer is None else self._box.open(row.customer, row=row.key)
        return Session(
            key=row.key,
            # What cannot be opened any more, as the key was changed, is a customer who has to sign in again.
            customer=None if opened is None else _customer(opened),
            lines=tuple(GuestLine(sku=sku, quantity=quantity) for sku, quantity in json.loads(row.lines)),
            cart_id=row.cart_id,
            items=row.items,
            is_cart_sought=row.is_cart_sought,
            notice=row.notice,
            created_at_ms=row.created_at_ms,
            seen_at_ms=row.seen_at_ms,
        )


def _locked(connection: Connection, key: str) -> Row[Any] | None:
    """The row, which nobody else changes until the end of this transaction."""
    statement = select(SESSIONS).where(SESSIONS.c.key == key)
    if connection.dialect.name == POSTGRESQL:
        statement = statement.with_for_update()
    return connection.execute(statement).one_or_none()


def _customer_text(customer: Customer) -> str:
    tokens = customer.tokens
    return json.dumps([customer.user_id, customer.name, tokens.access, tokens.refresh, tokens.expires_at_ms])


def _customer(text: str) -> Customer:
    user_id, name, access, refresh, expires_at_ms = json.loads(text)
    return Customer(
        user_id=user_id, name=name, tokens=Tokens(access=access, refresh=refresh, expires_at_ms=expires_at_ms)
    )
