"""What the OpenAPI document cannot take from the code: headers that are asked for, and the form of ids in paths."""

from typing import Any

from apiflask import APIFlask

from services.orders.domain.cart import CART_ID_PATTERN, SKU_PATTERN
from services.orders.domain.order import ORDER_ID_PATTERN
from services.orders.domain.webhook_signature import FORM as SIGNATURE_FORM
from services.orders.domain.webhook_signature import HEADER as SIGNATURE
from services.shared.idempotent_requests import HEADER as KEY

_PATTERNS = {"order_id": ORDER_ID_PATTERN, "cart_id": CART_ID_PATTERN, "sku": SKU_PATTERN}
_KEY = {
    "name": KEY,
    "in": "header",
    "required": True,
    "description": "The same for each repeat of one request.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
_SIGNATURE = {
    "name": SIGNATURE,
    "in": "header",
    "required": True,
    "description": "When it was sent, in Unix seconds, and the HMAC-SHA256 of that, a point, and the body.",
    "schema": {"type": "string", "pattern": f"^{SIGNATURE_FORM}$"},
}
# Operation → the header that it does not work without.
_HEADERS = {
    "place_order": _KEY,
    "cancel_order": _KEY,
    "refund_order": _KEY,
    "receive_payment_webhook": _SIGNATURE,
}


def complete(app: APIFlask) -> None:
    """Let *app*'s document say these, after all that it says by itself."""
    before = app.spec_callback

    def finish(document: Any) -> Any:
        return _completed(document if before is None else before(document))

    app.spec_processor(finish)


def _completed(document: Any) -> Any:
    for operations in document["paths"].values():
        for operation in operations.values():
            _complete(operation)
    return document


def _complete(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in _PATTERNS:
            parameter["schema"] = {"type": "string", "pattern": f"^{_PATTERNS[parameter['name']]}$"}
    if operation.get("operationId") in _HEADERS:
        operation.setdefault("parameters", []).append(dict(_HEADERS[operation["operationId"]]))
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
