"""How a request for an order is answered, from what has become of the order."""

from http import HTTPStatus
from typing import Any

from services.orders.api.bodies import OrderBody
from services.orders.domain.order import Order, State
from services.orders.domain.order_errors import Shortage
from services.orders.domain.ports import Outcome, PriceChange
from services.shared.idempotency import Answer

PREFIX = "/api/v1/orders"
_BOUGHT = frozenset({State.CONFIRMED, State.FULFILLED, State.REFUND_PENDING, State.REFUNDED})
_UNDER_WAY = frozenset({State.PENDING, State.RESERVED, State.PAYING, State.PAYMENT_UNKNOWN})
# The reasons of a cancelled order that a buyer can do something about; code → what to say.
_OBSTACLES = {
    "out_of_stock": "Not everything in the cart is available.",
    "price_changed": "A price has changed since the cart showed it; the cart shows the new one.",
}


def checkout_answer(outcome: Outcome) -> Answer:
    """The answer to a checkout: 201 bought, 202 under way, 402 declined, 409 not to be had like this."""
    order = outcome.order
    if order.state in _BOUGHT and order.reason != "stock_lost":
        return _shown(order, 201)
    if order.state in _UNDER_WAY:
        return _shown(order, 202)
    if order.state is State.DECLINED:
        more = {"order_id": order.order_id, "decline_code": order.decline_code}
        return _problem(402, "card_declined", "The card was declined.", more)
    if order.state is State.CANCELLED and order.reason in _OBSTACLES:
        return _problem(409, order.reason, _OBSTACLES[order.reason], _obstacles(outcome))
    code = "order_expired" if order.state is State.EXPIRED else "order_cancelled"
    detail = f"The order came to nothing ({order.reason}); nothing was charged. The cart can be ordered again."
    return _problem(409, code, detail, {"order_id": order.order_id})


def undone_answer(outcome: Outcome) -> Answer:
    """The answer to a cancellation or refund: 200 done, 202 the money is on its way back."""
    return _shown(outcome.order, 202 if outcome.order.state is State.REFUND_PENDING else 200)


def _shown(order: Order, status: int) -> Answer:
    headers = {"ETag": f'"{order.version}"'}
    if status in (201, 202):
        headers["Location"] = f"{PREFIX}/{order.order_id}"
    if status == 202:
        headers["Retry-After"] = "1"
    return Answer(status=status, body=OrderBody.of(order).model_dump(mode="json"), headers=headers)


def _obstacles(outcome: Outcome) -> dict[str, Any]:
    found = outcome.in_the_way
    return {
        "order_id": outcome.order.order_id,
        "errors": [{"detail": _said(each), "pointer": f"#/lines/{each.line}"} for each in found],
        "lines": [_line(each) for each in found],
    }


def _said(found: Shortage | PriceChange) -> str:
    if isinstance(found, Shortage):
        return f"{found.sku}: {found.available} available"
    return f"{found.sku}: no longer sold" if found.now is None else f"{found.sku}: another price"


def _line(found: Shortage | PriceChange) -> dict[str, Any]:
    if isinstance(found, Shortage):
        return {"sku": found.sku, "requested": found.requested, "available": found.available}
    price = None if found.now is None else {"minor_units": found.now.minor_units, "currency": found.now.currency}
    return {"sku": found.sku, "unit_price": price}


def _problem(status: int, code: str, detail: str, more: dict[str, Any]) -> Answer:
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    return Answer(status=status, body=more | body)
