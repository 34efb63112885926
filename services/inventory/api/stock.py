"""`/api/v1/stock`: what can be bought, for everybody; what is on hand and held, for staff."""

import re
from collections.abc import Sequence
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.inventory.api.fields import Sku
from services.inventory.api.refusals import not_found
from services.inventory.domain.errors import StockNotFound
from services.inventory.domain.ports import UnitOfWork
from services.inventory.domain.stock import SKU_PATTERN, Stock
from services.shared.auth import STAFF, allow, public

MAX_SKUS = 100


def _all_of_them(first: object) -> object:
    """Every `sku` of the query; the framework passes on the first one alone."""
    return request.args.getlist("sku") if isinstance(first, str) else first


class StockQuery(BaseModel):
    """Which products are asked about."""

    model_config = ConfigDict(extra="forbid")

    sku: Annotated[list[Sku], BeforeValidator(_all_of_them)] = Field(
        min_length=1, max_length=MAX_SKUS, description="Repeated for each product."
    )


class StockBody(BaseModel):
    """How many units of a product can be bought."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(examples=["KIT-1001"])
    available: int = Field(ge=0)
    version: int = Field(ge=1, description="Grows with each change of the stock.")

    @classmethod
    def of(cls, stock: Stock) -> "StockBody":
        """*stock* as customers see it."""
        return cls(sku=stock.sku, available=stock.available, version=stock.version)


class StockList(BaseModel):
    """The products that were asked about, by SKU; those that nobody has ever received are left out."""

    model_config = ConfigDict(extra="forbid")

    items: list[StockBody]


class StockDetail(StockBody):
    """All that is known of the units of a product."""

    on_hand: int
    reserved: int = Field(description="Held for customers; among those on hand.")

    @classmethod
    def of(cls, stock: Stock) -> "StockDetail":
        """*stock* as staff see it."""
        return cls(
            sku=stock.sku,
            available=stock.available,
            version=stock.version,
            on_hand=stock.on_hand,
            reserved=stock.reserved,
        )


def stock_pages(unit_of_work: UnitOfWork) -> APIBlueprint:
    """The routes that show stock."""
    blueprint = APIBlueprint("stock", __name__, url_prefix="/api/v1/stock", tag="Stock")

    def find(skus: Sequence[str]) -> tuple[Stock, ...]:
        with unit_of_work.reading() as transaction:
            return transaction.stock.find(skus)

    def one(sku: str) -> Stock:
        found = find([sku]) if re.fullmatch(SKU_PATTERN, sku) is not None else ()
        if not found:
            raise not_found(StockNotFound)
        return found[0]

    @blueprint.get("")
    @public
    @blueprint.input(StockQuery, location="query", arg_name="query")
    @blueprint.output(StockList)
    @blueprint.doc(operation_id="list_stock")
    def list_stock(query: StockQuery) -> StockList:
        """Show how many units of some products are available"""
        return StockList(items=[StockBody.of(stock) for stock in find(query.sku)])

    @blueprint.get("/<sku>")
    @public
    @blueprint.output(StockBody)
    @blueprint.doc(operation_id="get_stock", responses={304: "Unchanged since the ETag in If-None-Match"})
    def get_stock(sku: str) -> Response:
        """Show how many units of one product are available; the ETag is the version"""
        stock = one(sku)
        response = jsonify(StockBody.of(stock).model_dump())
        response.set_etag(str(stock.version))
        # Kept copies are asked about each time: what was there a moment ago may be sold.
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response

    @blueprint.get("/<sku>/detail")
    @allow(STAFF)
    @blueprint.output(StockDetail)
    @blueprint.doc(operation_id="get_stock_detail")
    def get_detail(sku: str) -> StockDetail:
        """Show the units on hand and held of one product"""
        return StockDetail.of(one(sku))

    return blueprint
