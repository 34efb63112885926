"""The catalog's REST API, `/api/v1/products`: what comes in is checked here and turned into domain terms."""

from typing import Annotated

from apiflask import APIBlueprint, HTTPError
from flask import Response, jsonify, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.catalog.domain.browse import list_products
from services.catalog.domain.errors import ProductNotFound
from services.catalog.domain.ports import ProductRepository
from services.catalog.domain.product import CATEGORY_PATTERN, Product
from services.shared import cursor
from services.shared.errors import CursorError

MAX_LIMIT = 100


def _is_cursor(text: str) -> str:
    try:
        cursor.decode(text)
    except CursorError as error:
        raise PydanticCustomError("cursor", "Not a cursor of this service") from error
    return text


class ProductQuery(BaseModel):
    """What a list can be asked for."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Products on the page.")
    cursor: Annotated[str, AfterValidator(_is_cursor)] | None = Field(
        None, max_length=200, description="`next_cursor` of the page before; opaque."
    )
    category: str | None = Field(None, pattern=f"^{CATEGORY_PATTERN}$", description="Only this category.")


class Price(BaseModel):
    """An amount in whole minor units (cents) of an ISO 4217 currency."""

    model_config = ConfigDict(extra="forbid")

    minor_units: int = Field(gt=0, examples=[2490])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["EUR"])


class ProductBody(BaseModel):
    """A product."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(examples=["KIT-1001"])
    name: str
    description: str
    category: str = Field(examples=["kitchen"])
    price: Price
    version: int = Field(ge=1, description="Grows with each change; the ETag of the product.")

    @classmethod
    def of(cls, product: Product) -> "ProductBody":
        """*product* as clients see it."""
        price = Price(minor_units=product.price.minor_units, currency=product.price.currency)
        return cls(
            sku=product.sku,
            name=product.name,
            description=product.description,
            category=product.category,
            price=price,
            version=product.version,
        )


class ProductPage(BaseModel):
    """Products by ascending SKU, and how to ask for the rest."""

    model_config = ConfigDict(extra="forbid")

    items: list[ProductBody]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")


def product_pages(repository: ProductRepository) -> APIBlueprint:
    """The product routes over *repository*."""
    blueprint = APIBlueprint("products", __name__, url_prefix="/api/v1/products", tag="Products")

    @blueprint.get("")
    @blueprint.input(ProductQuery, location="query", arg_name="query")
    @blueprint.output(ProductPage)
    @blueprint.doc(operation_id="list_products")
    def list_page(query: ProductQuery) -> ProductPage:
        """List products"""
        after = None if query.cursor is None else cursor.decode(query.cursor)
        page = list_products(repository, category=query.category, after=after, limit=query.limit)
        return ProductPage(
            items=[ProductBody.of(product) for product in page.products],
            next_cursor=None if page.next_after is None else cursor.encode(page.next_after),
        )

    @blueprint.get("/<sku>")
    @blueprint.output(ProductBody)
    @blueprint.doc(operation_id="get_product", responses={304: "Unchanged since the ETag in If-None-Match"})
    def get_product(sku: str) -> Response:
        """Get one product; its ETag is its version"""
        try:
            product = repository.get(sku)
        except ProductNotFound as error:
            raise HTTPError(404, "No such product.", extra_data={"code": "product_not_found"}) from error
        response = jsonify(ProductBody.of(product).model_dump())
        response.set_etag(str(product.version))
        # Keep a copy, but ask each time whether it still holds: a price must not outlive its change.
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response

    return blueprint
