"""docs/compliance.yaml: every requirement has a row, and what a row names exists."""

import ast
import functools
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).relative_to(ROOT)
COUNTS = {"A": 9, "I": 11, "C": 18, "K": 14, "O": 11, "D": 6, "L": 12, "G": 6, "X": 4}
IDS = [f"{group}{number}" for group, count in COUNTS.items() for number in range(1, count + 1)]
FIELDS = {"id", "title", "status", "file", "test", "note"}
ROWS = yaml.safe_load((ROOT / "docs/compliance.yaml").read_text(encoding="utf-8"))


def listed(row: dict[str, Any], field: str) -> list[str]:
    """A field that holds one value, several or none, as a list."""
    value = row.get(field, [])
    return value if isinstance(value, list) else [value]


@functools.cache
def functions_of(path: Path) -> frozenset[str]:
    """Names of the test functions of a file, those of classes as `Class::function`; nothing is imported."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        members = [(f"{node.name}::", each) for each in node.body] if isinstance(node, ast.ClassDef) else [("", node)]
        for prefix, each in members:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test"):
                found.add(f"{prefix}{each.name}")
    return frozenset(found)


def faults(row: dict[str, Any]) -> list[str]:
    """What is wrong with a row, in words; empty when it holds."""
    found = [f"unknown field {field}" for field in row.keys() - FIELDS]
    found += [f"no {field}" for field in ("title", "note") if not str(row.get(field) or "").strip()]
    if row.get("status") not in ("met", "partly", "open"):
        found.append(f"status {row.get('status')!r} is none of met, partly, open")
    if row.get("status") != "open":
        found += [f"{row.get('status')} without a {field}" for field in ("file", "test") if not listed(row, field)]
    found += [f"{name} does not exist" for name in listed(row, "file") if not (ROOT / name).exists()]
    for name in listed(row, "test"):
        path, _, function = name.partition("::")
        if not (ROOT / path).is_file() or function not in functions_of(ROOT / path):
            found.append(f"{name} is no test")
    return found


def test_every_requirement_has_exactly_one_row_in_order():
    """No requirement is forgotten, and none is there twice."""
    assert [row["id"] for row in ROWS] == IDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_what_a_row_names_exists(row):
    """A row has a title, a note and a status; unless it is open, its files and its tests exist."""
    assert faults(row) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param({"file": "slo/gone.py"}, "slo/gone.py does not exist", id="a file that is gone"),
        pytest.param({"test": f"{HERE}::test_gone"}, "::test_gone is no test", id="a test that is gone"),
        pytest.param({"test": "tests/gone.py::test_x"}, "gone.py::test_x is no test", id="a test file that is gone"),
        pytest.param({"test": []}, "met without a test", id="met without a test"),
        pytest.param({"status": "partly", "file": []}, "partly without a file", id="partly without a file"),
        pytest.param({"status": "open", "note": ""}, "no note", id="open without a note"),
        pytest.param({"status": "done"}, "status 'done' is none of", id="a status that is none"),
        pytest.param({"tests": "x"}, "unknown field tests", id="a misspelt field"),
    ],
)
def test_a_row_that_does_not_hold_is_found(change, fault):
    """The check itself can fail: each kind of fault is named."""
    sound = {
        "id": "X9",
        "title": "A row",
        "status": "met",
        "file": "docs/compliance.yaml",
        "test": f"{HERE}::test_a_row_that_does_not_hold_is_found",
        "note": "an example",
    }
    assert faults(sound) == []
    (found,) = faults(sound | change)
    assert fault in found
