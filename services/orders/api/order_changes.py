"""What is done to an order that is there: its owner cancels it, staff refund it, the warehouse sends it."""

import time
from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response

from services.orders.api import refusals
from services.orders.api.answers import PREFIX, undone_answer
from services.orders.api.bodies import OrderBody, RefundBody
from services.orders.api.orders import CHECKOUT_SECONDS, shown, valid
from services.orders.api.request_key import Answered, StoredKey
from services.orders.domain.after_sales import AfterSales
from services.orders.domain.ports import Outcome
from services.shared import deadline
from services.shared.auth import CUSTOMER, STAFF, WAREHOUSE, allow, principal
from services.shared.idempotent_requests import IdempotentRequests, to_response

_UNDONE = {
    400: "No Idempotency-Key, or a malformed one",
    422: "The key came with another body before, or the body is wrong",
    202: "The money is on its way back",
    404: "No such order, or somebody else's",
    409: "Being paid, sent, or never paid; or the key is in use",
}


def change_pages(
    after_sales: AfterSales, requests: IdempotentRequests, *, now: Callable[[], float] = time.time
) -> APIBlueprint:
    """The routes that change an order.

    Args:    now: Unix seconds.
    """
    blueprint = APIBlueprint("order_changes", __name__, url_prefix=PREFIX, tag="After sales")
    refusals.install(blueprint)

    def undo(order_id: str, what: str, work: Callable[[StoredKey], Outcome]) -> Response:
        key = requests.key(principal=principal().subject, route=f"POST {PREFIX}/{order_id}/{what}")
        try:
            with deadline.within(CHECKOUT_SECONDS):
                return to_response(undone_answer(work(StoredKey(requests, key, undone_answer, now=now))))
        except Answered as answered:
            return to_response(answered.answer, replayed=True)

    @blueprint.post("/<order_id>/cancel")
    @allow(CUSTOMER)
    @blueprint.output(OrderBody)
    @blueprint.doc(operation_id="cancel_order", responses=_UNDONE)
    def cancel_order(order_id: str) -> Response:
        """Cancel one's own order, and get its money back; needs an Idempotency-Key"""
        owner = principal().subject
        return undo(valid(order_id), "cancel", lambda key: after_sales.cancel(key, order_id, owner=owner))

    @blueprint.post("/<order_id>/refunds")
    @allow(STAFF)
    @blueprint.input(RefundBody, arg_name="body")
    @blueprint.output(OrderBody)
    @blueprint.doc(operation_id="refund_order", responses=_UNDONE)
    def refund_order(order_id: str, body: RefundBody) -> Response:
        """Pay a whole order back; needs an Idempotency-Key"""
        return undo(valid(order_id), "refunds", lambda key: after_sales.refund(key, order_id, restock=body.restock))

    @blueprint.post("/<order_id>/fulfilment")
    @allow(WAREHOUSE)
    @blueprint.output(OrderBody)
    @blueprint.doc(operation_id="fulfil_order", responses={404: "No such order", 409: "Not one that can be sent"})
    def fulfil_order(order_id: str) -> Response:
        """Say that an order has been sent; said again, nothing changes"""
        return shown(after_sales.fulfil(valid(order_id)))

    return blueprint
