"""`/api/v1/orders`: placing an order and looking at one's own."""

import re
import time
from collections.abc import Callable
from typing import Protocol

from apiflask import APIBlueprint, HTTPError
from flask import Response, jsonify

from services.orders.api import refusals
from services.orders.api.answers import PREFIX, checkout_answer
from services.orders.api.bodies import CheckoutBody, OrderBody, OrderPage, OrderQuery, cursor_after, position
from services.orders.api.request_key import Answered, StoredKey
from services.orders.domain.cart_errors import CartNotFound
from services.orders.domain.checkout import Checkout
from services.orders.domain.order import ORDER_ID_PATTERN, Order
from services.orders.domain.order_errors import Abandoned, OrderError, OrderNotFound
from services.orders.domain.ports import OrderList
from services.shared import deadline, traffic
from services.shared.auth import CUSTOMER, allow, principal
from services.shared.idempotent_requests import IdempotentRequests, to_response

# Inventory's half second and the gateway's three are within it.
CHECKOUT_SECONDS = 5.0
_PLACED = {
    202: "Being settled: the order is under way, look at it again",
    402: "The card was declined",
    404: "No such cart",
    409: "Not available, at another price, changed since it was seen, ordered already, empty, or the key is in use",
    503: "A service that is needed did not answer; nothing was ordered",
}


class CheckoutMetrics(Protocol):
    """Whoever counts checkouts."""

    def checked_out(self, outcome: str, seconds: float, *, traffic: str) -> None: ...


def order_pages(
    checkout: Checkout,
    orders: OrderList,
    requests: IdempotentRequests,
    metrics: CheckoutMetrics,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> APIBlueprint:
    """The customers' routes.

    Args:    clock: monotonic seconds; now: Unix seconds.
    """
    blueprint = APIBlueprint("orders", __name__, url_prefix=PREFIX, tag="Orders")
    refusals.install(blueprint)

    def place(key: StoredKey, body: CheckoutBody) -> Response:
        try:
            with deadline.within(CHECKOUT_SECONDS):
                outcome = checkout.place(
                    key,
                    owner=principal().subject,
                    cart_id=body.cart_id,
                    cart_version=body.cart_version,
                    payment_method=body.payment_method,
                    traffic=traffic.current.get(),
                )
        except Answered as answered:
            return to_response(answered.answer, replayed=True)
        if outcome.order.reason == "unavailable":
            # Another attempt with this key has given the order up, and the key back.
            raise Abandoned("given up by another attempt")
        return to_response(checkout_answer(outcome))

    @blueprint.post("")
    @allow(CUSTOMER)
    @blueprint.input(CheckoutBody, arg_name="body")
    @blueprint.output(OrderBody, status_code=201)
    @blueprint.doc(operation_id="place_order", responses=_PLACED)
    def place_order(body: CheckoutBody) -> Response:
        """Order what is in a cart, and pay it; needs an Idempotency-Key"""
        key = requests.key(principal=principal().subject, route=f"POST {PREFIX}")
        began = clock()
        outcome = "error"
        try:
            response = place(StoredKey(requests, key, checkout_answer, now=now), body)
            outcome = _outcome(response)
            return response
        except (OrderError, CartNotFound) as error:
            outcome = refusals.problem_of(error).extra_data["code"]
            raise
        except HTTPError:
            outcome = "refused"
            raise
        finally:
            metrics.checked_out(outcome, clock() - began, traffic=traffic.current.get())

    @blueprint.get("")
    @allow(CUSTOMER)
    @blueprint.input(OrderQuery, location="query", arg_name="query")
    @blueprint.output(OrderPage)
    @blueprint.doc(operation_id="list_orders")
    def list_orders(query: OrderQuery) -> Response:
        """List one's own orders, the newest first"""
        before = None if query.cursor is None else position(query.cursor)
        found = orders.page(principal().subject, before=before, limit=query.limit + 1)
        items, more = found[: query.limit], len(found) > query.limit
        page = OrderPage(
            items=[OrderBody.of(order) for order in items], next_cursor=cursor_after(items[-1]) if more else None
        )
        return _no_store(jsonify(page.model_dump(mode="json")))

    @blueprint.get("/<order_id>")
    @allow(CUSTOMER)
    @blueprint.output(OrderBody)
    @blueprint.doc(operation_id="get_order", responses={404: "No such order, or somebody else's"})
    def get_order(order_id: str) -> Response:
        """Get one of one's own orders"""
        order = orders.load(valid(order_id))
        if order.owner != principal().subject:
            raise OrderNotFound(order_id)
        return shown(order)

    return blueprint


def valid(order_id: str) -> str:
    """*order_id*, which may be one.

    Raises:  OrderNotFound: it cannot.
    """
    if re.fullmatch(ORDER_ID_PATTERN, order_id, re.ASCII) is None:
        raise OrderNotFound("malformed")
    return order_id


def shown(order: Order) -> Response:
    """*order*, with its version as ETag."""
    response = jsonify(OrderBody.of(order).model_dump(mode="json"))
    response.set_etag(str(order.version))
    return _no_store(response)


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _outcome(response: Response) -> str:
    """What metrics call it: a word of a bounded number."""
    if response.status_code in (201, 202):
        return "confirmed" if response.status_code == 201 else "unknown"
    return str((response.get_json(silent=True) or {}).get("code", "error"))
