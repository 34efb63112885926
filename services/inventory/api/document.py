"""What the OpenAPI document cannot take from the code: the key's header, the forms of ids, that bodies are required."""

from typing import Any

from apiflask import APIFlask

from services.inventory.domain.reservation import REF_PATTERN
from services.inventory.domain.stock import SKU_PATTERN
from services.shared.idempotent_requests import HEADER

_KEYED = "record_movement"
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "The same for each repeat of one movement.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
_FORMS = {"sku": SKU_PATTERN, "ref": REF_PATTERN}


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
                if parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "pattern": f"^{_FORMS[parameter['name']]}$"}
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
            if operation["operationId"] == _KEYED:
                operation["parameters"].append(dict(_KEY))
    # One of each name: the framework names a tag once a blueprint.
    document["tags"] = list({tag["name"]: tag for tag in document["tags"]}.values())
    return document
