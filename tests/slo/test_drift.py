"""What `check` finds: files that are missing, edited, left over, and a manifest that says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo import drift, emit
from slo.artifact import Artifact

MADE = [Artifact("rules/a.yaml", "one\ntwo\n"), Artifact("rules/b.yaml", "three\n")]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder that is what MADE says."""
    emit.write(tmp_path / "out", MADE, {"rules"})
    return tmp_path / "out"


def _diff(out: Path, made: list[Artifact] = MADE) -> dict[str, list[str]]:
    """The changed lines of each file."""
    found = {}
    for one in drift.find(out, made):
        lines = one.diff.splitlines()
        assert lines[:2] == [f"--- {one.path} (found)", f"+++ {one.path} (expected)"]
        assert one.diff.endswith("\n")
        found[Path(one.path).relative_to(out).as_posix()] = [line for line in lines[2:] if line[0] in "+-"]
    return found


def test_no_drift(out: Path) -> None:
    """What was just written is what it should be, and files of others do not count."""
    (out / "rules/mine.yaml").write_text("mine")
    assert _diff(out) == {}


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        (b"one\nTWO\n", ["-TWO", "+two"]),
        (b"one\ntwo", ["-two", "+two"]),
        (b"one\r\ntwo\r\n", ["-one␍", "-two␍", "+one", "+two"]),
        (b"one\n\xff\n", ["-\\xff", "+two"]),
        (b"", ["+one", "+two"]),
    ],
)
def test_an_edit_by_hand(out: Path, data: bytes, changed: list[str]) -> None:
    """Every changed byte is a difference, also line ends and bytes that are no text."""
    (out / "rules/a.yaml").write_bytes(data)
    assert _diff(out) == {"rules/a.yaml": changed}


def test_a_missing_file(out: Path) -> None:
    """What was deleted is expected in full."""
    (out / "rules/b.yaml").unlink()
    assert _diff(out) == {"rules/b.yaml": ["+three"]}


def test_a_folder_for_a_file(out: Path) -> None:
    """So is what is no file any more."""
    (out / "rules/b.yaml").unlink()
    (out / "rules/b.yaml").mkdir()
    assert _diff(out) == {"rules/b.yaml": ["+three"]}


def test_a_file_that_is_no_longer_generated(out: Path) -> None:
    """A spec that is gone leaves its rules behind, and the manifest with them."""
    assert _diff(out, MADE[:1]) == {"rules/b.yaml": ["-three"], ".manifest": ["-rules/b.yaml"]}


def test_a_manifest_that_was_lost(out: Path) -> None:
    """Without it, a later build could not tell our files from those of others."""
    (out / emit.MANIFEST).unlink()
    assert _diff(out) == {".manifest": ["+rules/a.yaml", "+rules/b.yaml"]}


def test_no_folder_at_all(tmp_path: Path) -> None:
    """Before the first build everything is missing."""
    assert list(_diff(tmp_path / "out")) == ["rules/a.yaml", "rules/b.yaml", ".manifest"]
