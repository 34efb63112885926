"""What the OpenAPI document cannot take from the code: the form of ids in paths, and headers that are asked for."""

from services.orders.domain.cart import CART_ID_PATTERN, SKU_PATTERN
from services.orders.domain.order import ORDER_ID_PATTERN
from services.orders.domain.webhook_signature import FORM as SIGNATURE_FORM
from services.orders.domain.webhook_signature import HEADER as SIGNATURE
from services.shared.openapi import IDEMPOTENCY_KEY

PATTERNS = {"order_id": ORDER_ID_PATTERN, "cart_id": CART_ID_PATTERN, "sku": SKU_PATTERN}
_SIGNATURE = {
    "name": SIGNATURE,
    "in": "header",
    "required": True,
    "description": "When it was sent, in Unix seconds, and the HMAC-SHA256 of that, a point, and the body.",
    "schema": {"type": "string", "pattern": f"^{SIGNATURE_FORM}$"},
}
HEADERS = {
    "place_order": IDEMPOTENCY_KEY,
    "cancel_order": IDEMPOTENCY_KEY,
    "refund_order": IDEMPOTENCY_KEY,
    "receive_payment_webhook": _SIGNATURE,
}
