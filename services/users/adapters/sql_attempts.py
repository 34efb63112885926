"""Attempts at passwords, counted where all replicas see them."""

from sqlalchemy import Connection, update

from services.shared.upsert import insert_into
from services.users.adapters.tables import ATTEMPTS
from services.users.domain.throttle import Attempts, Limits, account_attempt, address_attempt, address_forgiven


class SqlAttempts:
    """The part of a `Transaction` that counts."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._attempts_connection = connection
        self._limits = limits

    def attempt(self, *, account: str, address: str, now_ms: int) -> int:
        # In this order everywhere, so that two never wait for each other. An address that has to wait leaves no row
        # for each account that it names.
        of_address = self._locked(address)
        if (wait_ms := of_address.wait_ms(now_ms)) > 0:
            return wait_ms
        of_account = self._locked(account)
        if (wait_ms := of_account.wait_ms(now_ms)) == 0:
            self._put(account, account_attempt(of_account, now_ms, self._limits))
            self._put(address, address_attempt(of_address, now_ms, self._limits))
        return wait_ms

    def forgive(self, *, account: str, address: str | None) -> None:
        if address is not None:
            self._put(address, address_forgiven(self._locked(address)))
        # Not deleted: others may be waiting for this row.
        none = update(ATTEMPTS).where(ATTEMPTS.c.key == account).values(failures=0, since_ms=0, blocked_until_ms=0)
        self._attempts_connection.execute(none)

    def _locked(self, key: str) -> Attempts:
        """What is known of *key*, which nobody else changes until this transaction ends."""
        empty = {"key": key, "failures": 0, "since_ms": 0, "last_ms": 0, "blocked_until_ms": 0}
        # One statement: between two, housekeeping could forget the row. Its update changes nothing but holds the row.
        statement = (
            insert_into(self._attempts_connection, ATTEMPTS)
            .values(**empty)
            .on_conflict_do_update(index_elements=[ATTEMPTS.c.key], set_={"failures": ATTEMPTS.c.failures})
        )
        row = self._attempts_connection.execute(statement.returning(ATTEMPTS)).one()
        return Attempts(
            failures=row.failures, since_ms=row.since_ms, last_ms=row.last_ms, blocked_until_ms=row.blocked_until_ms
        )

    def _put(self, key: str, attempts: Attempts) -> None:
        self._attempts_connection.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.key == key)
            .values(
                failures=attempts.failures,
                since_ms=attempts.since_ms,
                last_ms=attempts.last_ms,
                blocked_until_ms=attempts.blocked_until_ms,
            )
        )
