"""The rows of the bench on the screen and in their file."""

import io
import json

import pytest
from rich.console import Console

from bench.table import BOUNDS, Bound, Row, broken, show, write


def row(name="samples_100", ours=1.0, peer=100.0):
    """A row with a fixed time."""
    return Row(name=name, unit="samples/h", ours=ours, peer=peer, at="2026-01-02T03:04:05+00:00")


def test_a_row_in_the_file_has_all_its_keys(tmp_path):
    """Other programs read name, unit, ours, peer, peer_name, ratio, at."""
    path = tmp_path / "results.json"
    write([row(ours=1.23456789)], path)
    assert json.loads(path.read_text()) == [
        {
            "name": "samples_100",
            "unit": "samples/h",
            "ours": 1.2346,
            "peer": 100.0,
            "peer_name": "sloth 0.16.0",
            "ratio": 0.012346,
            "at": "2026-01-02T03:04:05+00:00",
        }
    ]


def test_a_partial_run_keeps_the_other_rows(tmp_path):
    """Rows are replaced where they stand, new ones follow."""
    path = tmp_path / "results.json"
    write([row("a"), row("b")], path)
    write([row("c"), row("a", ours=7)], path)
    assert [(r["name"], r["ours"]) for r in json.loads(path.read_text())] == [("a", 7), ("b", 1), ("c", 1)]


def test_no_ratio_to_nought():
    """A peer of zero has no ratio, in the file and on the screen."""
    assert row(peer=0).as_dict()["ratio"] is None
    out = io.StringIO()
    show([row(peer=0)], Console(file=out))
    assert "–" in out.getvalue()


@pytest.mark.parametrize(
    ("bound", "ours", "peer", "kept"),
    [
        (Bound(ours=0.1), 0.1, 20, True),
        (Bound(ours=0.1), 0.11, 20, False),
        (Bound(ratio=0.02), 1, 49, False),
        (Bound(ratio=0.02), 1, 51, True),
    ],
)
def test_bounds(bound, ours, peer, kept):
    """A bound is kept at its value and broken past it."""
    assert bound.kept(row(ours=ours, peer=peer)) is kept


def test_a_broken_bound_is_named():
    """The run says which rows do not hold what the design promises."""
    assert "samples_100" in BOUNDS
    assert broken([row(ours=50), row("other", ours=50)]) == ["samples_100"]
