"""What is sold, from the catalog; asked for each time, as a price that is kept here could be an old one."""

from urllib.parse import urlencode

from pydantic import BaseModel

from services.storefront.adapters.asking import Amount, PeerCalls, ask, good, read, segment
from services.storefront.domain.views import PROBE_CATEGORY, Category, Product, ProductPage

TIMEOUT_SECONDS = 1.5
PREFIX = "/api/v1"


class _Category(BaseModel):
    slug: str
    name: str
    products: int


class _Categories(BaseModel):
    items: list[_Category]


class _Product(BaseModel):
    sku: str
    name: str
    description: str
    category: str
    price: Amount

    def view(self) -> Product:
        return Product(
            sku=self.sku,
            name=self.name,
            description=self.description,
            category=self.category,
            price=self.price.money(),
        )


class _Products(BaseModel):
    items: list[_Product]
    next_cursor: str | None


class HttpCatalog:
    """A `Catalog` that asks *peer*."""

    def __init__(self, peer: PeerCalls) -> None:
        self._peer = peer

    def categories(self) -> tuple[Category, ...]:
        reply = ask(
            self._peer,
            "list_categories",
            "GET",
            f"{PREFIX}/categories",
            timeout=TIMEOUT_SECONDS,
            idempotent=True,
        )
        found = read(self._peer, _Categories, good(self._peer, reply, 200))
        return tuple(
            Category(slug=each.slug, name=each.name, products=each.products)
            for each in found.items
            if each.slug != PROBE_CATEGORY
        )

    def products(
        self, *, category: str | None = None, query: str | None = None, cursor: str | None = None, limit: int
    ) -> ProductPage:
        asked = {"limit": limit, "sort": "name", "category": category, "q": query, "cursor": cursor}
        path = f"{PREFIX}/products?{urlencode({name: value for name, value in asked.items() if value is not None})}"
        reply = ask(self._peer, "list_products", "GET", path, timeout=TIMEOUT_SECONDS, idempotent=True)
        found = read(self._peer, _Products, good(self._peer, reply, 200))
        return ProductPage(products=tuple(each.view() for each in found.items), next_cursor=found.next_cursor)

    def product(self, sku: str) -> Product:
        path = f"{PREFIX}/products/{segment(sku)}"
        reply = ask(self._peer, "get_product", "GET", path, timeout=TIMEOUT_SECONDS, idempotent=True)
        return read(self._peer, _Product, good(self._peer, reply, 200)).view()
