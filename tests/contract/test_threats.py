"""Each mitigation in docs/threats.md names tests, and those are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "threats.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| Threat")
]


def test_there_are_threats() -> None:
    """The table was read."""
    assert len(ROWS) > 10


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_mitigation_names_its_tests(row: list[str]) -> None:
    """One or more functions, each in the file that it is said to be in."""
    _, _, cell = row
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cell)
    assert named
    for file, function in named:
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{function}"
