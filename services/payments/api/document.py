"""What the OpenAPI document cannot take from the code: the header with the key, the form of a reference in a path."""

from typing import Any

from apiflask import APIFlask

from services.payments.domain.payment import REFERENCE_PATTERN
from services.shared.idempotent_requests import HEADER

# In each of these, a route of its own answers once a key.
KEYED = frozenset({"authorise_payment", "capture_payment", "void_payment", "refund_payment"})
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "The same for each repeat of one operation.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
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
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] == "reference":
                    parameter["schema"] = {"type": "string", "pattern": f"^{REFERENCE_PATTERN}$"}
            if operation.get("operationId") in KEYED:
                operation.setdefault("parameters", []).append(dict(_KEY))
    return document
