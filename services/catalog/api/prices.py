"""`PUT /api/v1/products/{sku}/price`: staff change a price, and only one that they have seen."""

import time
from collections.abc import Callable

from apiflask import APIBlueprint, HTTPError
from flask import Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field

from services.catalog.api.absent import never_null
from services.catalog.api.bodies import Price, ProductBody
from services.catalog.api.products import no_such_product
from services.catalog.domain.cached_reads import CachedReads
from services.catalog.domain.errors import InvalidPrice, PriceChanged, ProductNotFound
from services.catalog.domain.ports import PriceBook
from services.catalog.domain.pricing import change_price
from services.shared.auth import STAFF, allow, principal


class Precondition(BaseModel):
    """The headers of a change. Other headers are none of ours; the check that it is there answers 428, not 422."""

    model_config = ConfigDict(populate_by_name=True)

    if_match: str | None = Field(
        None,
        alias="If-Match",
        description="The ETag that the product was read with; without it the answer is 428.",
        examples=['"1"'],
        json_schema_extra=never_null,
    )


def price_pages(book: PriceBook, reads: CachedReads, *, now: Callable[[], float] = time.time) -> APIBlueprint:
    """The price route over *book*; *reads* shows each change at once. *now*: Unix seconds."""
    blueprint = APIBlueprint("prices", __name__, url_prefix="/api/v1/products", tag="Prices")

    @blueprint.put("/<sku>/price")
    @allow(STAFF)
    @blueprint.input(Precondition, location="headers", arg_name="precondition")
    @blueprint.input(Price, arg_name="price")
    @blueprint.output(ProductBody)
    @blueprint.doc(
        operation_id="change_price",
        responses={
            404: "No such product",
            412: "The product is no longer at the version in If-Match",
            428: "If-Match is missing",
        },
    )
    def put_price(sku: str, precondition: Precondition, price: Price) -> Response:
        """Change a product's price; If-Match says which version it replaces"""
        del precondition  # declared for the document; the header is read below as the list of tags that it is
        try:
            product = change_price(
                book,
                sku=sku,
                price=price.money(),
                expected=_expected_versions(),
                by=principal().subject,
                at_ms=int(now() * 1000),
            )
        except ProductNotFound as error:
            raise no_such_product() from error
        except PriceChanged as error:
            raise HTTPError(
                412,
                "The product has changed since it was read.",
                extra_data={"code": "stale_version"},
                headers={"ETag": f'"{error.version}"'},
            ) from error
        except InvalidPrice as error:
            raise HTTPError(422, str(error), extra_data={"code": "invalid_price"}) from error
        reads.changed(product)
        response = jsonify(ProductBody.of(product).model_dump())
        response.set_etag(str(product.version))
        return response

    return blueprint


def _expected_versions() -> frozenset[int]:
    """The versions that If-Match names; a weak tag or another's names none.

    Raises:  HTTPError: 428, there is none, or it is `*`, which would let anybody overwrite what they never saw.
    """
    tags = request.if_match
    if "If-Match" not in request.headers or tags.star_tag:
        raise HTTPError(
            428,
            "Send the product's ETag as If-Match: a change says which price it replaces.",
            extra_data={"code": "precondition_required"},
        )
    return frozenset(int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) < 10)
