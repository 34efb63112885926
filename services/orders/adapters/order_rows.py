"""An order as a row, and back."""

import json
from collections.abc import Mapping
from typing import Any

from services.orders.domain.cart import CartLine
from services.orders.domain.money import Money
from services.orders.domain.order import Order, State


def row_of(order: Order) -> dict[str, Any]:
    """Everything that is kept of *order*."""
    return {
        "order_id": order.order_id,
        "cart_id": order.cart_id,
        "owner": order.owner,
        "lines": json.dumps([_line(line) for line in order.lines], separators=(",", ":")),
        "total_minor_units": order.total.minor_units,
        "currency": order.total.currency,
        "payment_method": order.payment_method,
        "traffic": order.traffic,
        "created_at_ms": order.created_at_ms,
        **changing(order),
    }


def changing(order: Order) -> dict[str, Any]:
    """What a change of state may change."""
    return {
        "state": order.state.value,
        "version": order.version,
        "reason": order.reason,
        "decline_code": order.decline_code,
        "restock": order.restock,
        "updated_at_ms": order.updated_at_ms,
        "next_attempt_at_ms": order.next_attempt_at_ms,
        "attempts": order.attempts,
        "unknown_since_ms": order.unknown_since_ms,
    }


def order_of(row: Any) -> Order:
    """The order in *row*."""
    return Order(
        order_id=row.order_id,
        cart_id=row.cart_id,
        owner=row.owner,
        lines=tuple(_cart_line(line, row.currency) for line in json.loads(row.lines)),
        payment_method=row.payment_method,
        state=State(row.state),
        version=row.version,
        reason=row.reason,
        decline_code=row.decline_code,
        restock=row.restock,
        traffic=row.traffic,
        created_at_ms=row.created_at_ms,
        updated_at_ms=row.updated_at_ms,
        next_attempt_at_ms=row.next_attempt_at_ms,
        attempts=row.attempts,
        unknown_since_ms=row.unknown_since_ms,
    )


def _line(line: CartLine) -> dict[str, Any]:
    price = line.unit_price.minor_units
    return {"sku": line.sku, "quantity": line.quantity, "unit_price": price, "name": line.name}


def _cart_line(line: Mapping[str, Any], currency: str) -> CartLine:
    price = Money(minor_units=line["unit_price"], currency=currency)
    return CartLine(sku=line["sku"], quantity=line["quantity"], unit_price=price, name=line["name"])
