"""An inventory's database with stock in it, and short words for what tests do to it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from services.inventory.adapters.seed import Opening, sow
from services.inventory.adapters.sql import SqlUnitOfWork
from services.inventory.adapters.tables import STOCK_MOVEMENT
from services.inventory.domain import settle
from services.inventory.domain.reconcile import Report, reconcile
from services.inventory.domain.reservation import Done, Reservation
from services.inventory.domain.reserve import reserve
from services.inventory.domain.stock import Line, Stock
from services.shared.database import Database

NOW = 1_000_000_000
TTL_SECONDS = 600


def lines(units: Mapping[str, int]) -> list[Line]:
    """Lines of so many units a SKU."""
    return [Line(sku=sku, quantity=quantity) for sku, quantity in units.items()]


@dataclass
class Shelves:
    """The stock of one test, each call a transaction of its own."""

    database: Database
    unit_of_work: SqlUnitOfWork = field(init=False)

    def __post_init__(self) -> None:
        self.unit_of_work = SqlUnitOfWork(self.database)

    def stock(self, **units: int) -> None:
        """Receive *units*: `A_1=5` is five of A-1."""
        openings = [Opening(sku=name.replace("_", "-"), units=each) for name, each in units.items()]
        sow(self.database, openings, now_ms=NOW)

    def reserve(self, ref: str, units: Mapping[str, int], ttl_seconds: int = TTL_SECONDS, now_ms: int = NOW) -> Done:
        with self.unit_of_work.writing() as transaction:
            return reserve(transaction, ref=ref, lines=lines(units), ttl_seconds=ttl_seconds, now_ms=now_ms)

    def commit(self, ref: str) -> Reservation:
        with self.unit_of_work.writing() as transaction:
            return settle.commit(transaction, ref, now_ms=NOW).reservation

    def release(self, ref: str) -> Reservation:
        with self.unit_of_work.writing() as transaction:
            return settle.release(transaction, ref, now_ms=NOW).reservation

    def extend(self, ref: str, ttl_seconds: int, now_ms: int = NOW) -> Reservation:
        with self.unit_of_work.writing() as transaction:
            return settle.extend(transaction, ref, ttl_seconds=ttl_seconds, now_ms=now_ms).reservation

    def take_back(self, ref: str) -> Reservation:
        with self.unit_of_work.writing() as transaction:
            return settle.take_back(transaction, ref, now_ms=NOW).reservation

    def expire(self, now_ms: int, most: int = 1000) -> int:
        """Expire what is due; no hold may fail."""

        def failed(ref: str, error: Exception) -> None:
            raise AssertionError(ref) from error

        return settle.expire_due(self.unit_of_work, now_ms=now_ms, most=most, failed=failed)

    def of(self, sku: str) -> Stock:
        """The stock of *sku*."""
        with self.unit_of_work.reading() as transaction:
            (found,) = transaction.stock.find([sku])
        return found

    def levels(self, sku: str) -> tuple[int, int]:
        """(on hand, reserved) of *sku*."""
        found = self.of(sku)
        return found.on_hand, found.reserved

    def get(self, ref: str) -> Reservation | None:
        with self.unit_of_work.reading() as transaction:
            return transaction.reservation_list.get(ref)

    def movements(self, sku: str) -> Counter[tuple[str, str, int]]:
        """The ledger of *sku*: (ref, kind, quantity), counted."""
        with self.database.reading() as connection:
            rows = connection.execute(select(STOCK_MOVEMENT).where(STOCK_MOVEMENT.c.sku == sku)).all()
        return Counter((row.ref, row.kind, row.quantity) for row in rows)

    def audit(self, now_ms: int = NOW) -> Report:
        """A reconciliation."""
        return reconcile(self.unit_of_work, now_ms=now_ms)
