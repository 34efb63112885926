"""The first line of every generated file."""

from __future__ import annotations

from slo.artifact import MARK, header


def test_header_names_source_and_generator() -> None:
    """The line says from what a file was made and that nobody should edit it."""
    assert header("orders.yaml") == f"# Generated from orders.yaml {MARK}\n"


def test_a_file_name_cannot_leave_the_line() -> None:
    """Line ends in a name are shown, not sent."""
    assert header("a\nb: c\udcff") == f"# Generated from a\\nb: c\\udcff {MARK}\n"
