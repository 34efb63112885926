"""The catalog in its database: SQLite or PostgreSQL, at one revision of the schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from services.catalog.adapters.tables import CATEGORIES, PRICE_CHANGES, PRODUCTS
from services.catalog.domain.errors import ProductNotFound
from services.catalog.domain.position import Position, Sort
from services.catalog.domain.price_change import PriceChange
from services.catalog.domain.product import PROBE_CATEGORY, Category, Money, Product
from services.shared.database import Database

# The EU's price indication rules ask for the lowest price of 30 days; beyond that the history is nobody's.
KEEP_CHANGES_MS = 60 * 24 * 3600 * 1000
_COLUMNS = tuple(column for column in PRODUCTS.columns if column.name != "search_text")
_SORT_COLUMNS = {
    Sort.SKU: PRODUCTS.c.sku,
    Sort.NAME: PRODUCTS.c.name,
    Sort.PRICE: PRODUCTS.c.minor_units,
    Sort.PRICE_DESCENDING: PRODUCTS.c.minor_units,
}


class SqlProducts:
    """A `CatalogStore` in *database*, whose schema must be at *revision* for it to be ready."""

    def __init__(self, database: Database, revision: str) -> None:
        self._database = database
        self._revision = revision

    def page(
        self,
        *,
        category: str | None,
        after: Position | None,
        limit: int,
        words: tuple[str, ...] = (),
        sort: Sort = Sort.SKU,
    ) -> tuple[Product, ...]:
        in_category = PRODUCTS.c.category != PROBE_CATEGORY if category is None else PRODUCTS.c.category == category
        key = _SORT_COLUMNS[sort]
        statement = (
            select(*_COLUMNS)
            .where(in_category, *(_has(word) for word in words))
            .order_by(key.desc() if sort is Sort.PRICE_DESCENDING else key, PRODUCTS.c.sku)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(_beyond(key, after, sort))
        with self._database.reading() as connection:
            return tuple(_product(row) for row in connection.execute(statement))

    def get(self, sku: str) -> Product:
        with self._database.reading() as connection:
            return _get(connection, sku)

    def categories(self) -> tuple[Category, ...]:
        statement = (
            select(CATEGORIES.c.slug, CATEGORIES.c.name, func.count(PRODUCTS.c.sku).label("products"))
            .join_from(CATEGORIES, PRODUCTS, isouter=True)
            .where(CATEGORIES.c.slug != PROBE_CATEGORY)
            .group_by(CATEGORIES.c.slug, CATEGORIES.c.name)
        )
        with self._database.reading() as connection:
            found = [
                Category(slug=row.slug, name=row.name, products=row.products) for row in connection.execute(statement)
            ]
        # A dozen names, in an order that does not depend on the database's locale.
        return tuple(sorted(found, key=lambda each: each.name))

    @contextmanager
    def writing(self) -> Iterator["_Transaction"]:
        with self._database.writing() as connection:
            yield _Transaction(connection)

    def changes_since(self, at_ms: int, *, limit: int) -> tuple[PriceChange, ...]:
        time = PRICE_CHANGES.c.changed_at_ms
        statement = select(PRICE_CHANGES).where(time >= at_ms).order_by(time).limit(limit)
        with self._database.reading() as connection:
            return tuple(_change(row) for row in connection.execute(statement))

    def check(self) -> None:
        self._database.check(self._revision)


class _Transaction:
    """Price changes on one connection, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def product(self, sku: str) -> Product:
        return _get(self._connection, sku, locked=True)

    def save(self, product: Product, change: PriceChange) -> None:
        self._connection.execute(
            update(PRODUCTS)
            .where(PRODUCTS.c.sku == product.sku)
            .values(minor_units=product.price.minor_units, version=product.version)
        )
        self._connection.execute(
            insert(PRICE_CHANGES).values(
                sku=change.sku,
                version=change.version,
                minor_units=change.price.minor_units,
                currency=change.price.currency,
                changed_at_ms=change.at_ms,
                changed_by=change.by,
            )
        )
        # Here, not in a job: what is changed each minute, as a probe's price is, never piles up.
        too_old = PRICE_CHANGES.c.changed_at_ms < change.at_ms - KEEP_CHANGES_MS
        self._connection.execute(delete(PRICE_CHANGES).where(PRICE_CHANGES.c.sku == product.sku, too_old))


def _get(connection: Connection, sku: str, *, locked: bool = False) -> Product:
    statement = select(*_COLUMNS).where(PRODUCTS.c.sku == sku)
    row = connection.execute(statement.with_for_update() if locked else statement).first()
    if row is None:
        raise ProductNotFound(sku)
    return _product(row)


def _has(word: str) -> ColumnElement[bool]:
    """Whether *word* is in the text; % and _ in it are letters like others."""
    text = func.coalesce(PRODUCTS.c.search_text, func.lower(PRODUCTS.c.name))
    return text.contains(word, autoescape=True)


def _beyond(key: ColumnElement[Any], after: Position, sort: Sort) -> ColumnElement[bool]:
    further = key < after.key if sort is Sort.PRICE_DESCENDING else key > after.key
    return or_(further, and_(key == after.key, PRODUCTS.c.sku > after.sku))


def _product(row: Row[Any]) -> Product:
    return Product(
        sku=row.sku,
        name=row.name,
        description=row.description,
        category=row.category,
        price=Money(minor_units=row.minor_units, currency=row.currency),
        version=row.version,
    )


def _change(row: Row[Any]) -> PriceChange:
    price = Money(minor_units=row.minor_units, currency=row.currency)
    return PriceChange(sku=row.sku, version=row.version, price=price, at_ms=row.changed_at_ms, by=row.changed_by)
