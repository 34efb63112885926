"""The carts' REST API, `/api/v1/carts`: a customer's own carts; prices come from the catalog, never from the caller."""

import random
import re
import time
from collections.abc import Callable, Collection

from apiflask import APIBlueprint, HTTPError
from flask import Response, jsonify, request
from pydantic import ValidationError

from services.orders.cart_body import MAX_LISTED, CartBody, CartList, NewCart, QuantityBody
from services.orders.domain import cart_changes, cart_errors
from services.orders.domain.cart import SKU_PATTERN, Cart, CartLine, check_open, new_cart, put_item, remove_item
from services.orders.domain.cart_errors import CartError, CatalogUnavailable
from services.orders.domain.cart_ports import CartRepository, PriceSource
from services.shared import deadline, problems
from services.shared.auth import CUSTOMER, allow, principal

PREFIX = "/api/v1/carts"
# Steps of the buyer's funnel that are taken here.
CART_STEP = "cart"
ITEM_STEP = "item"
# error → status, code, what to say of it
_PROBLEMS: dict[type[CartError], tuple[int, str, str]] = {
    cart_errors.CartNotFound: (404, "cart_not_found", "No such cart."),
    cart_errors.ProductUnknown: (404, "product_unknown", "No such product is sold."),
    cart_errors.CartStale: (412, "stale_version", "The cart is at another version than If-Match says."),
    cart_errors.CartChanged: (409, "cart_busy", "Others are changing this cart at the same time."),
    cart_errors.CartOrdered: (409, "cart_ordered", "This cart was ordered and cannot be changed any more."),
    cart_errors.CartEmpty: (409, "cart_empty", "There is nothing in this cart."),
    cart_errors.CartFull: (409, "cart_full", "This cart has as many lines as a cart may have."),
    cart_errors.CurrencyMismatch: (409, "currency_mismatch", "The rest of this cart is in another currency."),
    cart_errors.CatalogUnavailable: (503, "catalog_unavailable", "The price cannot be asked for now."),
}
# For the API's description; each route names those that it gives beside what stands before every view.
_ANSWERS = {
    304: "Unchanged since the ETag in If-None-Match",
    400: "The body is not JSON",
    404: "No such cart of the caller's, or no such product",
    409: "The cart was ordered or is full, is in another currency, or is being changed by others",
    412: "The cart is at another version than If-Match says",
    413: "A body of more than 64 KiB",
    415: "A body of another type than application/json",
    422: "A field is wrong, or not one that is taken",
    503: "The catalog or the carts' store cannot be asked now",
}


def cart_problem(error: CartError) -> HTTPError:
    """*error* as the answer that clients get. One that is not the caller's doing (InvalidCart) is ours: 500."""
    status, code, detail = _PROBLEMS.get(type(error), (500, "internal_error", "Internal Server Error"))
    headers = {}
    if isinstance(error, CatalogUnavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif isinstance(error, cart_errors.CartChanged):
        headers["Retry-After"] = "1"
    return HTTPError(status, detail, headers=headers, extra_data={"code": code})


def cart_pages(
    carts: CartRepository,
    catalog: PriceSource,
    *,
    now: Callable[[], float] = time.time,
    pause: Callable[[float], None] | None = None,
    count_step: Callable[[str], None] | None = None,
    used: Callable[[Collection[str]], frozenset[str]] = lambda cart_ids: frozenset(),
) -> APIBlueprint:
    """The cart routes over *carts*, with prices from *catalog*.

    Args:    now: Unix seconds. pause: see `cart_changes.change`. count_step: told CART_STEP and ITEM_STEP.
             used: those of some carts whose order is under way or done.
    """
    blueprint = APIBlueprint("carts", __name__, url_prefix=PREFIX, tag="Carts")
    blueprint.register_error_handler(CartError, _answer)
    wait, count = pause or _wait, count_step or _ignore

    def now_ms() -> int:
        return int(now() * 1000)

    @blueprint.post("")
    @blueprint.output(CartBody, status_code=201)
    @blueprint.doc(operation_id="create_cart", responses=_answers(400, 413, 415, 422))
    @allow(CUSTOMER)
    def create_cart() -> Response:
        """Make an empty cart"""
        _refuse_fields()
        cart = new_cart(owner=principal().subject, now_ms=now_ms())
        carts.create(cart)
        count(CART_STEP)
        response = _shown(cart)
        response.status_code = 201
        response.headers["Location"] = f"{PREFIX}/{cart.cart_id}"
        return response

    @blueprint.get("")
    @blueprint.output(CartList)
    @blueprint.doc(operation_id="list_carts", responses=_answers())
    @allow(CUSTOMER)
    def list_carts() -> Response:
        """List one's own carts that can be changed and ordered"""
        found = carts.open_of(principal().subject, limit=MAX_LISTED)
        # Until its order is confirmed a cart is open; what is put into it meanwhile would be lost.
        taken = used([cart.cart_id for cart in found])
        items = [CartBody.of(cart) for cart in found if cart.cart_id not in taken]
        return _no_store(jsonify(CartList(items=items).model_dump()))

    @blueprint.get("/<cart_id>")
    @blueprint.output(CartBody)
    @blueprint.doc(operation_id="get_cart", responses=_answers(304, 404))
    @allow(CUSTOMER)
    def get_cart(cart_id: str) -> Response:
        """Get a cart; its ETag is its version"""
        response = _shown(_own(carts, cart_id))
        response.make_conditional(request)
        return response

    @blueprint.put("/<cart_id>/items/<sku>")
    @blueprint.input(QuantityBody, arg_name="wanted")
    @blueprint.output(CartBody)
    @blueprint.doc(operation_id="put_cart_item", responses=_answers(404, 409, 412, 422))
    @allow(CUSTOMER)
    def put_cart_item(cart_id: str, sku: str, wanted: QuantityBody) -> Response:
        """Put a product in a cart, or set how many of it; at the price that it has now"""
        cart = _own(carts, cart_id)
        # Before the catalog is asked: what is refused anyway costs it nothing.
        cart_changes.expect(cart, _matches)
        check_open(cart)
        offer = catalog.price_of(sku)
        line = CartLine(sku=sku, quantity=wanted.quantity, unit_price=offer.price, name=offer.name)
        changed = cart_changes.change(
            carts, cart, lambda current: put_item(current, line, now_ms=now_ms()), accepts=_matches, pause=wait
        )
        count(ITEM_STEP)
        return _shown(changed)

    @blueprint.delete("/<cart_id>/items/<sku>")
    @blueprint.output(CartBody)
    @blueprint.doc(operation_id="delete_cart_item", responses=_answers(404, 409, 412))
    @allow(CUSTOMER)
    def delete_cart_item(cart_id: str, sku: str) -> Response:
        """Take a product out of a cart; one that is not in it changes nothing"""
        cart = _own(carts, cart_id)
        if re.fullmatch(SKU_PATTERN, sku, re.ASCII) is None:
            raise HTTPError(404)
        changed = cart_changes.change(
            carts, cart, lambda current: remove_item(current, sku, now_ms=now_ms()), accepts=_matches, pause=wait
        )
        return _shown(changed)

    @blueprint.delete("/<cart_id>")
    @blueprint.output({}, status_code=204)
    @blueprint.doc(operation_id="delete_cart", responses=_answers(404, 409, 412))
    @allow(CUSTOMER)
    def delete_cart(cart_id: str) -> tuple[str, int]:
        """Throw a cart away"""
        cart_changes.discard(carts, _own(carts, cart_id), accepts=_matches, pause=wait)
        return "", 204

    return blueprint


def _answers(*statuses: int) -> dict[int, str]:
    """What a route answers besides its result: *statuses*, and what any that needs the store may."""
    return {status: _ANSWERS[status] for status in (*statuses, 503)}


def _own(carts: CartRepository, cart_id: str) -> Cart:
    return cart_changes.load(carts, cart_id, principal().subject)


def _matches(version: int) -> bool:
    """Whether If-Match, where it is sent, names *version*; compared strongly, as RFC 9110 §13.1.1 has it."""
    return "If-Match" not in request.headers or str(version) in request.if_match


def _refuse_fields() -> None:
    """A new cart takes no field; a body need not be sent.

    Raises:  HTTPError: 422, it holds something.
    """
    if request.get_data():
        try:
            NewCart.model_validate(request.get_json(force=True))
        except ValidationError as error:
            raise HTTPError(422, "Validation error", {"json": {}}) from error


def _shown(cart: Cart) -> Response:
    response = jsonify(CartBody.of(cart).model_dump())
    response.set_etag(str(cart.version))
    return _no_store(response)


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer(error: CartError) -> Response:
    return problems.to_response(cart_problem(error))


def _wait(longest: float) -> None:
    time.sleep(random.random() * longest)
    deadline.check()


def _ignore(step: str) -> None:
    """Nobody counts."""
