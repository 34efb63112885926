"""The JSON Schema that editors get, and the shapes that it comes from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from slo import shape_faults, spec
from tests.slo.spec_texts import slo
from tests.slo.spec_texts import spec as spec_text

SPECS = sorted((Path(__file__).parents[2] / "slo" / "specs").glob("*.yaml"))
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "object": dict,
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
KEYWORDS = {
    *("$defs", "$ref", "additionalProperties", "anyOf", "const", "default", "description", "enum", "items", "pattern"),
    *("exclusiveMaximum", "exclusiveMinimum", "minItems", "minLength", "minimum", "properties", "required", "title"),
    "type",
}


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "") -> list[str]:
    """Where *value* is not as *schema* asks, for the keywords that ours uses. Source: json-schema.org, 2020-12."""
    if "$ref" in schema:
        return violations(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, where)
    if "anyOf" in schema:
        tried = [violations(value, option, root, where) for option in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    types = schema.get("type", list(TYPES))
    names = [types] if isinstance(types, str) else types
    fits = [name for name in names if isinstance(value, TYPES[name])]
    if not fits or (isinstance(value, bool) and not {"boolean"} & set(fits)):
        return [f"{where} is no {names}"]
    found = [f"{where} is not {schema['const']}"] if value != schema.get("const", value) else []
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{where} does not match")
    if isinstance(value, int | float) and not isinstance(value, bool):
        below, above = schema.get("exclusiveMinimum", float("-inf")), schema.get("exclusiveMaximum", float("inf"))
        found += [] if below < value < above else [f"{where} is out of range"]
    if isinstance(value, list):
        found += [f"{where} is too short"] if len(value) < schema.get("minItems", 0) else []
        for index, item in enumerate(value):
            found += violations(item, schema.get("items", {}), root, f"{where}[{index}]")
    if isinstance(value, dict):
        found += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            found += [f"{where}.{name} is unknown"] if inner is False else []
            found += violations(item, inner, root, f"{where}.{name}") if isinstance(inner, dict) else []
    return found


def keywords(schema: Any) -> set[str]:
    """Every keyword that a schema uses, names of properties apart."""
    if not isinstance(schema, dict):
        return set().union(*map(keywords, schema)) if isinstance(schema, list) else set()
    found = set(schema)
    for name, inner in schema.items():
        if name in ("properties", "$defs"):
            found |= set().union(*map(keywords, inner.values()))
        elif name not in ("default", "const", "enum"):
            found |= keywords(inner)
    return found


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema as it is printed."""
    found: dict[str, Any] = json.loads(json.dumps(spec.json_schema()))
    return found


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_the_schema_accepts_our_specs(path: Path, schema: dict[str, Any]) -> None:
    """Every spec of the shop is as the schema asks."""
    for document in yaml.safe_load_all(path.read_text()):
        assert violations(document, schema, schema) == []


def test_the_schema_uses_what_this_test_knows(schema: dict[str, Any]) -> None:
    """No keyword is overlooked here, and no pattern is one that cannot be compiled."""
    assert keywords(schema) <= KEYWORDS
    assert [re.compile(pattern) for pattern in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(schema))]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("objective: 99.9", "objective: 101"), [".slos[0].objective is out of range"]),
        (("objective: 99.9", "objectiv: 99.9"), [".slos[0].objective is missing", ".slos[0].objectiv is unknown"]),
        (("service: orders", "service: a b"), [".service does not match"]),
        (("prometheus/v1", "prometheus/v2"), [".version is not prometheus/v1"]),
        (("{{.window}}", "5m"), [".slos[0].sli.events.error_query does not match"]),
        (
            ("{name: Orders}", "{name: A, page_alert: {disabled: 1}}"),
            [".slos[0].alerting.page_alert.disabled is unknown"],
        ),
        (("slos:\n", "slos: []\nx:\n"), [".slos is too short", ".x is unknown"]),
        (("slos:\n", "labels: {tier: 2, a: true, b: x}\nslos:\n"), []),
        (("slos:\n", "labels: {tier: [2]}\nslos:\n"), [".labels.tier is no ['string', 'number', 'boolean']"]),
    ],
)
def test_the_schema_refuses_what_the_shapes_refuse(
    change: tuple[str, str], expected: list[str], schema: dict[str, Any]
) -> None:
    """A slip that would be a fault is marked in the editor already."""
    document = yaml.safe_load(spec_text(slo()).replace(*change, 1))
    assert violations(document, schema, schema) == expected


def test_every_key_is_described(schema: dict[str, Any]) -> None:
    """An editor shows what each key is for; so does a fault where the key is missing."""
    shapes = {"PlainShape": schema, **schema["$defs"]}
    undescribed = [
        f"{shape}.{name}"
        for shape, found in shapes.items()
        for name, field in found["properties"].items()
        if "description" not in field
    ]
    assert undescribed == []


def test_findings_of_a_kind_that_is_not_known_keep_their_words() -> None:
    """Whatever else pydantic may find is told in its own words."""
    finding = {"type": "other", "loc": ("service",), "msg": "Something else", "input": 1}
    positions = shape_faults.Positions("service: 1")
    [fault] = shape_faults.faults([finding], spec.PlainShape, "a.yaml", 0, positions)
    assert str(fault) == "a.yaml:1:10: service: Something else"
