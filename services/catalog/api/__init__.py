"""The catalog's REST API under `/api/v1`: what comes in is checked here and turned into domain terms."""

from services.catalog.api.bodies import CategoryList, ProductBody, ProductPage
from services.catalog.api.categories import category_pages
from services.catalog.api.prices import price_pages
from services.catalog.api.products import product_pages

__all__ = ["CategoryList", "ProductBody", "ProductPage", "category_pages", "price_pages", "product_pages"]
