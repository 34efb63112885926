"""Computes where each panel stands: rows from above to below, panels from left to right, nothing over another.

Nobody types a coordinate. What is left of a line's width goes to its panels, so that every line is full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.model import Panel, Row

COLUMNS = 24
"""Width of Grafana's grid."""
HEADING = 1
"""Height of a row's heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A rectangle of the grid."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRow:
    """A row's heading, and its panels with their places."""

    row: Row
    heading: Place
    panels: tuple[tuple[Panel, Place], ...]


def place(rows: Sequence[Row]) -> tuple[PlacedRow, ...]:
    """Every row and panel with its place; a row that holds nothing is left out.

    Raises:  ValueError: a panel that is wider than the grid, or without width or height.
    """
    found: list[PlacedRow] = []
    y = 0
    for row in filter(lambda each: each.panels, rows):
        heading = Place(x=0, y=y, width=COLUMNS, height=HEADING)
        y += HEADING
        placed, below = _panels(row.panels, y)
        # A collapsed row takes its heading alone: what it holds is laid out below that when somebody opens it.
        y = y if row.collapsed else below
        found.append(PlacedRow(row=row, heading=heading, panels=placed))
    return tuple(found)


def _panels(panels: Sequence[Panel], y: int) -> tuple[tuple[tuple[Panel, Place], ...], int]:
    placed: list[tuple[Panel, Place]] = []
    for line in _lines(panels):
        height = max(panel.height for panel in line)
        x = 0
        for panel, width in zip(line, _widths(line), strict=True):
            placed.append((panel, Place(x=x, y=y, width=width, height=height)))
            x += width
        y += height
    return tuple(placed), y


def _lines(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    line: list[Panel] = []
    for panel in panels:
        if not 0 < panel.width <= COLUMNS or panel.height <= 0:
            raise ValueError(f"panel {panel.title!r}: {panel.width} × {panel.height} does not fit {COLUMNS} columns")
        if sum(each.width for each in line) + panel.width > COLUMNS:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line


def _widths(line: Sequence[Panel]) -> list[int]:
    """Widths that fill the line: each panel's own, and its share of what is left."""
    widths = [panel.width for panel in line]
    spare = COLUMNS - sum(widths)
    each, rest = divmod(spare, len(line))
    return [width + each + (place >= len(line) - rest) for place, width in enumerate(widths)]
