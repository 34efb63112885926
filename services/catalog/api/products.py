"""`/api/v1/products`: lists and single products."""

from apiflask import APIBlueprint, HTTPError
from flask import Response

from services.catalog.api.answers import conditional
from services.catalog.api.bodies import ProductBody, ProductPage
from services.catalog.api.queries import ProductQuery
from services.catalog.domain.browse import list_products
from services.catalog.domain.cached_reads import CachedReads
from services.catalog.domain.errors import ProductNotFound
from services.catalog.domain.ports import ProductRepository
from services.shared import cursor
from services.shared.auth import public


def product_pages(repository: ProductRepository, reads: CachedReads) -> APIBlueprint:
    """The product routes: lists over *repository*, single products through *reads*."""
    blueprint = APIBlueprint("products", __name__, url_prefix="/api/v1/products", tag="Products")

    @blueprint.get("")
    @public
    @blueprint.input(ProductQuery, location="query", arg_name="query")
    @blueprint.output(ProductPage)
    @blueprint.doc(operation_id="list_products", responses={304: "Unchanged since the ETag in If-None-Match"})
    def list_page(query: ProductQuery) -> Response:
        """List or search products"""
        page = list_products(
            repository,
            category=query.category,
            after=query.cursor,
            limit=query.limit,
            query=query.q or "",
            sort=query.sort,
        )
        body = ProductPage(
            items=[ProductBody.of(product) for product in page.products],
            next_cursor=None if page.next_after is None else cursor.encode(page.next_after),
        )
        return conditional(body)

    @blueprint.get("/<sku>")
    @public
    @blueprint.output(ProductBody)
    @blueprint.doc(operation_id="get_product", responses={304: "Unchanged since the ETag in If-None-Match"})
    def get_product(sku: str) -> Response:
        """Get one product; its ETag is its version"""
        try:
            product = reads.get(sku)
        except ProductNotFound as error:
            raise no_such_product() from error
        return conditional(ProductBody.of(product), version=product.version)

    return blueprint


def no_such_product() -> HTTPError:
    """The answer to a SKU that no product has."""
    return HTTPError(404, "No such product.", extra_data={"code": "product_not_found"})
