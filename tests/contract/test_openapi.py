"""The kept OpenAPI documents: they are what the services serve, they are valid, and they break no client."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.shared.openapi_changes import breaking
from services.shared.openapi_document import as_text, names, path_of

ROOT = Path(__file__).parents[2]
# What clients have: the release before, or whatever else a pipeline compares with.
BASE = os.environ.get("OPENAPI_BASE", "HEAD")


def command(*arguments: str, seed: str = "random") -> "subprocess.CompletedProcess[str]":
    """Run the command that keeps the documents."""
    return subprocess.run(
        [sys.executable, "-m", "services.shared.openapi_document", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def kept(name: str) -> dict[str, Any]:
    """The kept document of the service *name*."""
    found: dict[str, Any] = json.loads(path_of(name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", names())
def test_the_kept_document_is_what_the_service_serves(name: str) -> None:
    """To the byte, whatever order Python's sets have and whatever the caller's environment says."""
    run = command(name, "--check", seed="7")
    assert run.returncode == 0, f"{run.stdout}{run.stderr}\nrun python -m services.shared.openapi_document {name}"


@pytest.mark.parametrize("name", names())
def test_the_kept_document_is_valid(name: str) -> None:
    """By the schema of OpenAPI 3.1, references and parameters of paths included."""
    document = kept(name)
    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.parametrize("name", names())
def test_the_document_breaks_no_client(name: str) -> None:
    """Nothing that the document of the release before promises is gone (OPENAPI_BASE, by default HEAD)."""
    shown = subprocess.run(
        ["git", "show", f"{BASE}:{path_of(name).relative_to(ROOT)}"], cwd=ROOT, capture_output=True, check=False
    )
    if shown.returncode != 0:
        pytest.skip(f"{BASE} has no document of {name}: nobody can depend on it yet")
    assert breaking(json.loads(shown.stdout), kept(name)) == ()


@pytest.mark.parametrize("name", names())
def test_every_operation_can_be_called_by_name(name: str) -> None:
    """Each has an id that no other has, a summary, and an answer of its own beside errors."""
    operations = [each for methods in kept(name)["paths"].values() for each in methods.values()]
    ids = [each["operationId"] for each in operations]
    assert len(set(ids)) == len(ids) > 0
    assert all(each["summary"] for each in operations)
    assert all(any(status < "400" for status in each["responses"]) for each in operations)


def test_an_outdated_document_is_told(tmp_path: Path) -> None:
    """--check exits 1, shows the difference, says what it breaks, and leaves the file as it was."""
    document = kept("catalog")
    document["paths"]["/api/v1/gone"] = {"get": {"operationId": "gone", "responses": {"200": {"description": ""}}}}
    outdated = as_text(document)
    path_of("catalog", tmp_path).write_text(outdated, encoding="utf-8")
    run = command("catalog", "--check", "--folder", str(tmp_path))
    assert run.returncode == 1, run.stderr
    assert "breaks clients: GET /api/v1/gone: is gone" in run.stdout
    assert '-    "/api/v1/gone": {' in run.stdout
    assert path_of("catalog", tmp_path).read_text(encoding="utf-8") == outdated


def test_a_document_that_is_not_there_is_written(tmp_path: Path) -> None:
    """Whole, in a folder that is made for it; the same as the kept one, and again the same the second time."""
    folder = tmp_path / "new"
    for said in ("written", "up to date"):
        run = command("catalog", "--folder", str(folder))
        assert (run.returncode, run.stdout.strip()) == (0, f"{folder}/catalog.json: {said}"), run.stderr
    assert [path.name for path in folder.iterdir()] == ["catalog.json"]
    assert path_of("catalog", folder).read_bytes() == path_of("catalog").read_bytes()


def test_an_unknown_service_is_wrong_usage() -> None:
    """The message lists those that there are."""
    run = command("nothing")
    assert run.returncode == 2
    assert "catalog" in run.stderr


# A small API that has one of each.
SMALL: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/things": {
            "get": {
                "operationId": "list_things",
                "parameters": [
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
                    {"in": "query", "name": "sort", "schema": {"type": "string", "enum": ["name", "price"]}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}
                },
            },
            "post": {
                "operationId": "add_thing",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}}},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                },
            },
        },
    },
    "components": {
        "schemas": {
            "NewThing": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 80},
                    "price": {"type": "number"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["name"],
            },
            "Thing": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "price": {"type": "integer"},
                    "state": {"type": "string", "enum": ["new", "sold"]},
                    "parent": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]},
                },
                "required": ["name", "price", "state"],
            },
            "Page": {
                "type": "object",
                "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}},
                "required": ["items"],
            },
        }
    },
}
Change = Callable[[dict[str, Any]], object]


def things(document: dict[str, Any]) -> Any:
    """The operations of the one path."""
    return document["paths"]["/things"]


def schema(document: dict[str, Any], name: str) -> Any:
    """One of the schemas."""
    return document["components"]["schemas"][name]


def limit(document: dict[str, Any]) -> Any:
    """The parameter that is a number."""
    return things(document)["get"]["parameters"][0]


def sort(document: dict[str, Any]) -> Any:
    """The parameter that is one of some values."""
    return things(document)["get"]["parameters"][1]


BREAKING: list[tuple[str, Change, str]] = [
    ("a path is removed", lambda d: d["paths"].pop("/things"), "GET /things: is gone"),
    ("an operation is removed", lambda d: things(d).pop("post"), "POST /things: is gone"),
    (
        "an operation is renamed",
        lambda d: things(d)["get"].update(operationId="x"),
        "GET /things: operationId is now 'x'",
    ),
    (
        "a token is needed",
        lambda d: things(d)["get"].update(security=[{"bearer": []}]),
        "GET /things: needs a token now",
    ),
    ("a parameter is removed", lambda d: things(d)["get"]["parameters"].pop(), "query parameter sort is gone"),
    ("a parameter becomes required", lambda d: limit(d).update(required=True), "query parameter limit is now required"),
    (
        "a required parameter is added",
        lambda d: things(d)["post"].update(
            parameters=[{"in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"}}]
        ),
        "header parameter If-Match is now required",
    ),
    ("a limit is lowered", lambda d: limit(d)["schema"].update(maximum=50), "limit: maximum is now 50"),
    ("a limit is raised from below", lambda d: limit(d)["schema"].update(minimum=2), "limit: minimum is now 2"),
    ("a value is taken no more", lambda d: sort(d)["schema"]["enum"].remove("price"), "'price' is no longer one of"),
    ("values are prescribed", lambda d: limit(d)["schema"].update(enum=[10]), "limit: only some values are taken now"),
    (
        "a body becomes required",
        lambda d: things(d)["post"]["requestBody"].update(required=True),
        "body is now required",
    ),
    ("a body is taken no more", lambda d: things(d)["post"].pop("requestBody"), "the body is no longer taken"),
    (
        "a media type goes",
        lambda d: things(d)["post"]["requestBody"].update(content={"text/csv": {}}),
        "body: application/json is gone",
    ),
    ("a sent field is removed", lambda d: schema(d, "NewThing")["properties"].pop("note"), "body.note: is gone"),
    (
        "a sent field becomes required",
        lambda d: schema(d, "NewThing")["required"].append("price"),
        "body.price: is now req",
    ),
    (
        "a new field is required",
        lambda d: (
            schema(d, "NewThing")["properties"].update(size={"type": "integer"}),
            schema(d, "NewThing")["required"].append("size"),
        ),
        "body.size: is now required",
    ),
    (
        "a sent type is narrowed",
        lambda d: schema(d, "NewThing")["properties"].update(price={"type": "integer"}),
        "body.price: number is no longer taken",
    ),
    (
        "null is taken no more",
        lambda d: schema(d, "NewThing")["properties"].update(note={"type": "string"}),
        "body.note: null is no longer taken",
    ),
    (
        "a sent list's items are narrowed",
        lambda d: schema(d, "NewThing")["properties"]["tags"]["items"].update(pattern="^a"),
        "body.tags[]: pattern is now '^a'",
    ),
    (
        "other fields are refused",
        lambda d: schema(d, "NewThing").update(additionalProperties=False),
        "body: other fields are no longer taken",
    ),
    ("a read field is removed", lambda d: schema(d, "Thing")["properties"].pop("price"), "200.items[].price: is gone"),
    (
        "a read field may be missing",
        lambda d: schema(d, "Thing")["required"].remove("price"),
        "201.price: is no longer always there",
    ),
    (
        "a read field may be null",
        lambda d: schema(d, "Thing")["properties"].update(name={"type": ["string", "null"]}),
        "200.items[].name: may now be null",
    ),
    (
        "a read type changes",
        lambda d: schema(d, "Thing")["properties"].update(price={"type": "string"}),
        "200.items[].price: may now be string",
    ),
    (
        "a read value comes no more",
        lambda d: schema(d, "Thing")["properties"]["state"]["enum"].remove("sold"),
        "200.items[].state: 'sold' is no longer one of its values",
    ),
    (
        "a good answer changes its status",
        lambda d: things(d)["post"]["responses"].update({"202": things(d)["post"]["responses"].pop("201")}),
        "POST /things: the answer 201 is gone",
    ),
]
HARMLESS: list[tuple[str, Change]] = [
    ("nothing changes", lambda d: None),
    ("a path is added", lambda d: d["paths"].update({"/more": things(d)})),
    (
        "an optional parameter is added",
        lambda d: things(d)["get"]["parameters"].append({"in": "query", "name": "q", "schema": {"type": "string"}}),
    ),
    ("a limit is raised", lambda d: limit(d)["schema"].update(maximum=200)),
    ("a limit goes", lambda d: limit(d)["schema"].pop("minimum")),
    ("a value is added to what is taken", lambda d: sort(d)["schema"]["enum"].append("age")),
    ("a value is added to what comes", lambda d: schema(d, "Thing")["properties"]["state"]["enum"].append("lost")),
    ("an optional field is added", lambda d: schema(d, "NewThing")["properties"].update(size={"type": "integer"})),
    ("a field is added to what comes", lambda d: schema(d, "Thing")["properties"].update(size={"type": "integer"})),
    ("a sent field is no longer required", lambda d: schema(d, "NewThing")["required"].remove("name")),
    ("a field always comes", lambda d: schema(d, "Thing")["required"].append("parent")),
    ("a sent type is widened", lambda d: schema(d, "NewThing")["properties"]["name"].update(type=["string", "null"])),
    ("a read type is narrowed", lambda d: schema(d, "Thing")["properties"].update(parent={"type": "null"})),
    ("an error is added", lambda d: things(d)["get"]["responses"].update({"429": {"description": "slower"}})),
    (
        "a schema is renamed",
        lambda d: (
            d["components"]["schemas"].update(Whole=schema(d, "NewThing")),
            things(d)["post"]["requestBody"]["content"]["application/json"]["schema"].update(
                {"$ref": "#/components/schemas/Whole"}
            ),
        ),
    ),
]


@pytest.mark.parametrize(("change", "said"), [pytest.param(*rest, id=name) for name, *rest in BREAKING])
def test_what_breaks_clients_is_found(change: Change, said: str) -> None:
    """Each in a line that says where, and what."""
    after = copy.deepcopy(SMALL)
    change(after)
    assert any(said in line for line in breaking(SMALL, after)), breaking(SMALL, after)


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in HARMLESS])
def test_what_only_adds_is_let_through(change: Change) -> None:
    """A client that was written before goes on as it did."""
    after = copy.deepcopy(SMALL)
    change(after)
    assert breaking(SMALL, after) == ()


def test_a_change_deep_in_the_catalog_is_found() -> None:
    """In the real document too, through all its references: a field of each list item."""
    before = kept("catalog")
    after = copy.deepcopy(before)
    del after["components"]["schemas"]["Price"]["properties"]["currency"]
    assert any("/api/v1/products: 200.items[].price.currency: is gone" in line for line in breaking(before, after))
