"""Prices from the catalog service, asked for each time: a price that is kept here could be an old one."""

import re
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.orders.domain.cart import MAX_NAME_LENGTH, SKU_PATTERN, Offer
from services.orders.domain.cart_errors import CatalogUnavailable, ProductUnknown
from services.orders.domain.money import CURRENCY_PATTERN, MAX_MINOR_UNITS, Money
from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.outbound import Reply

# The catalog answers 99 % within half of it.
TIMEOUT_SECONDS = 0.5


class CatalogPeer(Protocol):
    """What is used of services.shared.outbound.Peer."""

    def call(self, operation: str, method: str, path: str, *, timeout: float, idempotent: bool) -> Reply: ...


class _Price(BaseModel):
    model_config = ConfigDict(strict=True)

    minor_units: int = Field(ge=1, le=MAX_MINOR_UNITS)
    currency: str = Field(pattern=f"^{CURRENCY_PATTERN}$")


class _Product(BaseModel):
    """What is read of a product; fields that the catalog adds later are not looked at."""

    model_config = ConfigDict(strict=True)

    sku: str
    name: str = Field(min_length=1, pattern=r"^[^\x00]*$")
    price: _Price
    version: int = Field(ge=1)


class HttpCatalog:
    """A `PriceSource` that asks *peer*."""

    def __init__(self, peer: CatalogPeer) -> None:
        self._peer = peer

    def price_of(self, sku: str) -> Offer:
        # Also what keeps a path of somebody's choice out of the request.
        if re.fullmatch(SKU_PATTERN, sku) is None:
            raise ProductUnknown(sku)
        reply = self._ask(sku)
        if reply.status == 404:
            raise ProductUnknown(sku)
        if reply.status != 200:
            raise CatalogUnavailable(f"the catalog answered {reply.status}")
        return _offer(sku, reply)

    def _ask(self, sku: str) -> Reply:
        try:
            return self._peer.call(
                "get_product", "GET", f"/api/v1/products/{sku}", timeout=TIMEOUT_SECONDS, idempotent=True
            )
        except PeerUnavailable as error:
            raise CatalogUnavailable(
                "the catalog cannot be asked", retry_after_seconds=error.retry_after_seconds
            ) from error
        except PeerUnknown as error:
            raise CatalogUnavailable("the catalog gave no answer") from error


def _offer(sku: str, reply: Reply) -> Offer:
    try:
        product = _Product.model_validate(reply.json)
    except ValidationError as error:
        raise CatalogUnavailable("the catalog's answer is not a product") from error
    if product.sku != sku:
        raise CatalogUnavailable("the catalog's answer is another product")
    price = Money(minor_units=product.price.minor_units, currency=product.price.currency)
    # A long name is a matter of display, not a reason to sell nothing.
    return Offer(sku=sku, name=product.name[:MAX_NAME_LENGTH], price=price, version=product.version)
