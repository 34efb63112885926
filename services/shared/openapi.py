"""Makes the generated OpenAPI 3.1 document say what the services do: who may call, and errors as problems."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from apiflask import APIFlask

from services.shared import idempotent_requests
from services.shared.auth import Policy, policy_of
from services.shared.problems import MEDIA_TYPE, Problem

SPEC_PATH = "/api/openapi.json"
SPEC_ENDPOINT = "openapi.spec"
_SCHEMAS = "#/components/schemas/"
_SCHEME = "bearer"
_OF_A_BODY = {
    "400": "Not JSON",
    "413": "A body of more than 64 KiB",
    "415": "A body of another type than application/json",
}
_OF_A_CALLER = {"401": "No token, or one that proves nothing", "403": "None of the roles that may call this"}
# A header that an operation does not work without; for `complete`.
IDEMPOTENCY_KEY = {
    "name": idempotent_requests.HEADER,
    "in": "header",
    "required": True,
    "description": "The same for each repeat of one request.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
_OF_A_LIMIT = {"429": "Too many requests; Retry-After says when to come again"}


def describe(app: APIFlask, *, description: str, limited: bool = False) -> None:
    """Configure *app*'s document. *limited*: whether any operation may answer 429."""
    app.config.update(
        DESCRIPTION=description,
        # The Host header of whoever asks first would otherwise be served to everybody.
        AUTO_SERVERS=False,
        SERVERS=[{"url": "/"}],
        AUTO_OPERATION_ID=True,
    )
    app.spec_processor(partial(_finish, app, limited))


def complete(app: APIFlask, *, patterns: Mapping[str, str], headers: Mapping[str, Mapping[str, Any]]) -> None:
    """Let *app*'s document say what it cannot take from the code.

    Args:    patterns: form of each id in a path, by its name. headers: the parameter that an operation (by its id)
             does not work without.
    """
    before = app.spec_callback

    def finish(document: Any) -> Any:
        finished = document if before is None else before(document)
        assert isinstance(finished, dict)
        for operation in _operations(finished):
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in patterns:
                    parameter["schema"] = {"type": "string", "pattern": f"^{patterns[parameter['name']]}$"}
            if operation.get("operationId") in headers:
                operation.setdefault("parameters", []).append(dict(headers[operation["operationId"]]))
        return finished

    app.spec_processor(finish)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _finish(app: APIFlask, limited: bool, document: dict[str, Any] | str) -> dict[str, Any]:
    """The generated *document*, corrected; APIFlask passes text only when told to write YAML."""
    assert isinstance(document, dict)
    finished = _with_problems(_with_refusals(_each_schema_once(document), _policies(app), limited))
    # One of each name: the framework names a tag once a blueprint.
    finished["tags"] = list({tag["name"]: tag for tag in finished["tags"]}.values())
    return finished


def _policies(app: APIFlask) -> dict[tuple[str, str], Policy]:
    """Who may call what, by (path, method) as the document writes them."""
    return {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower()): policy
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if (policy := policy_of(app.view_functions[rule.endpoint])) is not None
    }


def _with_refusals(document: dict[str, Any], policies: dict[tuple[str, str], Policy], limited: bool) -> dict[str, Any]:
    """*document* with what stands before every view: the token, the limit, the form of a body."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            policy = policies.get((path, method))
            refusals = dict(_OF_A_LIMIT) if limited else {}
            if policy is not None and policy.roles is not None:
                refusals |= _OF_A_CALLER
                operation["security"] = [{_SCHEME: []}]
                operation["x-roles"] = sorted(policy.roles)
            if "requestBody" in operation:
                # The framework leaves it open; every view that describes a body needs it.
                operation["requestBody"]["required"] = True
                refusals |= _OF_A_BODY
            for status, said in refusals.items():
                operation["responses"].setdefault(status, {"description": said})
    if any("security" in operation for operation in _operations(document)):
        schemes = document["components"].setdefault("securitySchemes", {})
        schemes[_SCHEME] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return document


def _each_schema_once(document: dict[str, Any]) -> dict[str, Any]:
    """*document* without the copies that the framework makes of nested schemas (`Page.Product`)."""
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {name.rsplit(".", 1)[-1]: schema for name, schema in schemas.items()}
    # Over the text, as references stand at any depth.
    shortened: dict[str, Any] = json.loads(re.sub(rf'("{_SCHEMAS})[^".]+\.', r"\1", json.dumps(document)))
    return shortened


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """*document* with RFC 9457 problems where the framework describes error bodies of its own."""
    problem = Problem.model_json_schema(ref_template=f"{_SCHEMAS}{{model}}")
    schemas = document["components"]["schemas"]
    for name in ("HTTPError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= problem.pop("$defs")
    schemas[Problem.__name__] = problem
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                schema = {"$ref": f"{_SCHEMAS}{Problem.__name__}"}
                response["content"] = {MEDIA_TYPE: {"schema": schema}}
            elif status == "304":
                response.pop("content", None)
    return document
