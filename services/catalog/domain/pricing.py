"""Changing a price: only by somebody who has seen the one that is replaced."""

from collections.abc import Collection

from services.catalog.domain.errors import PriceChanged, ProductNotFound
from services.catalog.domain.ports import PriceBook
from services.catalog.domain.price_change import PriceChange
from services.catalog.domain.product import Money, Product, is_sku


def change_price(book: PriceBook, *, sku: str, price: Money, expected: Collection[int], by: str, at_ms: int) -> Product:
    """Let *sku* cost *price*, and return it as it is then.

    Args:    expected: the versions that the change may be based on. at_ms: now, as Unix time.
    Raises:  ProductNotFound.  PriceChanged: it is at another version.  InvalidPrice.
    """
    if not is_sku(sku):
        raise ProductNotFound(sku)
    with book.writing() as transaction:
        product = transaction.product(sku)
        if product.version not in expected:
            raise PriceChanged(sku, product.version)
        changed = product.at(price)
        if changed.version != product.version:
            change = PriceChange(sku=sku, version=changed.version, price=price, at_ms=at_ms, by=by)
            transaction.save(changed, change)
    return changed
