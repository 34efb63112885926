"""Looking around: the front page, categories, the search, a product."""

from flask import Response, request

from services.shared.auth import public
from services.storefront.domain.errors import NotFound, Refused
from services.storefront.domain.views import ProductPage
from services.storefront.pages import fields
from services.storefront.pages.desk import Desk

ON_FRONT_PAGE = 12
ON_PAGE = 24
MAX_QUERY = 100
NOTHING = ProductPage(products=(), next_cursor=None)


def add_pages(desk: Desk) -> None:
    """Add these to *desk*'s pages."""

    @desk.pages.get("/")
    @public
    def home() -> Response:
        categories = desk.catalog.categories()
        found = desk.catalog.products(limit=ON_FRONT_PAGE)
        return desk.frame.page("home.html", categories=categories, found=found)

    @desk.pages.get("/c/<category>")
    @public
    def category_page(category: str) -> Response:
        cursor = fields.cursor()
        categories = desk.catalog.categories()
        chosen = next((each for each in categories if each.slug == category), None)
        if chosen is None:
            raise NotFound(category)
        found = desk.catalog.products(category=chosen.slug, cursor=cursor, limit=ON_PAGE)
        return desk.frame.page(
            "category.html", categories=categories, category=chosen, found=found, is_first=cursor is None
        )

    @desk.pages.get("/search")
    @public
    def search() -> Response:
        query = " ".join(request.args.get("q", "")[: MAX_QUERY + 1].split())
        cursor = fields.cursor()
        too_long = len(query) > MAX_QUERY
        found = NOTHING
        if query and not too_long:
            try:
                found = desk.catalog.products(query=query, cursor=cursor, limit=ON_PAGE)
            except Refused as refusal:
                # What holds no word, or one that no keyboard types, is in no product.
                if refusal.code != "invalid_request" or cursor is not None:
                    raise
        return desk.frame.page("search.html", query=query, found=found, too_long=too_long, is_first=cursor is None)

    @desk.pages.get("/p/<sku>")
    @public
    def product_page(sku: str) -> Response:
        product = desk.catalog.product(sku)
        available = desk.stock.availability(product.sku)
        return desk.frame.page("product.html", product=product, available=available)
