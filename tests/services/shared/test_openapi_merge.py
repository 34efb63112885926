"""The merged document: what people's clients can call, each name once."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.shared.openapi_document import path_of
from services.shared.openapi_merge import COPY, NAMES, merge, merged_document

ROOT = Path(__file__).parents[3]


def document(path: str, operation: str = "list_things", tag: str = "Things", **schema: Any) -> dict[str, Any]:
    """A small service's."""
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}, "description": "ok"}
    asked = {"operationId": operation, "summary": "x", "tags": [tag], "responses": {"200": answer}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "tags": [{"name": tag}],
        "paths": {path: {"get": {**asked, "security": [{"bearer": []}], "x-roles": ["customer", "service"]}}},
        "components": {
            "schemas": {"Thing": {"type": "object", **schema}, "Unused": {"type": "string"}},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def test_the_kept_documents_are_up_to_date() -> None:
    """docs/openapi/shop.json and the storefront's copy are what the services' documents make together."""
    run = subprocess.run(
        [sys.executable, "-m", "services.shared.openapi_merge", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}{run.stderr}\nrun python -m services.shared.openapi_merge"
    assert COPY.read_bytes() == path_of("shop").read_bytes()


def test_the_merged_document_is_valid() -> None:
    """By the schema of OpenAPI 3.1; every reference leads somewhere, every id and tag is one's own."""
    found = merged_document()
    assert [error.message for error in OpenAPIV31SpecValidator(found).iter_errors()] == []
    ids = [each["operationId"] for methods in found["paths"].values() for each in methods.values()]
    tags = [tag["name"] for tag in found["tags"]]
    assert len(set(ids)) == len(ids) > 15
    assert len(set(tags)) == len(tags)


def test_all_that_people_can_call_is_in_it_and_nothing_else() -> None:
    """Operations for services alone, and webhooks, are left out."""
    found = merged_document()
    for name in NAMES:
        if not path_of(name).exists():
            continue
        for path, operations in json.loads(path_of(name).read_text(encoding="utf-8"))["paths"].items():
            for method, operation in operations.items():
                hidden = operation.get("x-roles") == ["service"] or "webhooks" in path
                assert (method in found["paths"].get(path, {})) != hidden, (path, method)


def test_what_is_equal_stands_in_it_once() -> None:
    """And what nobody refers to does not."""
    merged = merge({"one": document("/one", "get_one", "One"), "two": document("/two", "get_two", "Two")})
    assert list(merged["components"]["schemas"]) == ["Thing"]
    assert list(merged["components"]["securitySchemes"]) == ["bearer"]
    assert [tag["name"] for tag in merged["tags"]] == ["One", "Two"]


def test_what_differs_gets_the_services_name() -> None:
    """Schemas with their references, operation ids and tags."""
    merged = merge({"one": document("/one", title="A"), "two": document("/two", title="B")})
    assert set(merged["components"]["schemas"]) == {"OneThing", "TwoThing"}
    operations = [merged["paths"][path]["get"] for path in ("/one", "/two")]
    assert [each["operationId"] for each in operations] == ["one_list_things", "two_list_things"]
    assert [each["tags"] for each in operations] == [["One: Things"], ["Two: Things"]]
    references = [each["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] for each in operations]
    assert references == ["#/components/schemas/OneThing", "#/components/schemas/TwoThing"]
    assert [tag["name"] for tag in merged["tags"]] == ["One: Things", "Two: Things"]


def test_merging_changes_nothing_of_what_it_is_given() -> None:
    """The same documents make the same again."""
    given = {"one": document("/one", title="A"), "two": document("/two", title="B")}
    before = copy.deepcopy(given)
    assert merge(given) == merge(given)
    assert given == before


def test_a_path_of_two_services_is_an_error() -> None:
    """Nobody could say whose it is."""
    with pytest.raises(ValueError, match="/same"):
        merge({"one": document("/same"), "two": document("/same")})
