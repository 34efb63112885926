"""Makes the generated OpenAPI 3.1 document say what the services do: errors are problems, 304 has no body."""

import json
import re
from typing import Any

from apiflask import APIFlask

from services.shared.problems import MEDIA_TYPE, Problem

SPEC_PATH = "/api/openapi.json"
_SCHEMAS = "#/components/schemas/"


def describe(app: APIFlask, *, description: str) -> None:
    """Configure *app*'s document."""
    app.config.update(
        DESCRIPTION=description,
        # The Host header of whoever asks first would otherwise be served to everybody.
        AUTO_SERVERS=False,
        SERVERS=[{"url": "/"}],
        AUTO_OPERATION_ID=True,
    )
    app.spec_processor(_finish)


def _finish(document: dict[str, Any] | str) -> dict[str, Any]:
    """The generated *document*, corrected; APIFlask passes text only when told to write YAML."""
    assert isinstance(document, dict)
    return _with_problems(_each_schema_once(document))


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
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    schema = {"$ref": f"{_SCHEMAS}{Problem.__name__}"}
                    response["content"] = {MEDIA_TYPE: {"schema": schema}}
                elif status == "304":
                    response.pop("content", None)
    return document
