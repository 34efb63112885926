"""Panels fill the grid and never lie over one another, whatever their sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.layout import COLUMNS, Place, place
from dashboards.model import Panel, Row


def panel(width: int, height: int) -> Panel:
    """A panel of that size."""
    return Panel(kind="stat", title="Any", description="Any.", unit="short", width=width, height=height)


SIZES = st.builds(panel, st.integers(1, COLUMNS), st.integers(1, 20))
ROWS = st.lists(
    st.builds(
        lambda panels, collapsed: Row(title="Row", panels=tuple(panels), collapsed=collapsed),
        st.lists(SIZES, max_size=9),
        st.booleans(),
    ),
    max_size=6,
)


def cells(where: Place) -> set[tuple[int, int]]:
    """The cells of the grid that *where* covers."""
    columns = range(where.x, where.x + where.width)
    return {(x, y) for x in columns for y in range(where.y, where.y + where.height)}


@given(ROWS)
def test_nothing_overlaps(rows: list[Row]) -> None:
    """Each cell is covered once by what is seen; a collapsed row shows its heading alone."""
    seen: set[tuple[int, int]] = set()
    for placed in place(rows):
        inside = () if placed.row.collapsed else placed.panels
        for where in (placed.heading, *(each for _, each in inside)):
            assert not cells(where) & seen
            seen |= cells(where)


@given(ROWS)
def test_lines_are_full_and_panels_no_narrower_than_asked(rows: list[Row]) -> None:
    """No ragged right edge, and no panel squeezed."""
    for placed in place(rows):
        ends: dict[int, int] = {}
        for each, where in placed.panels:
            assert where.width >= each.width
            assert where.height >= each.height
            ends[where.y] = max(ends.get(where.y, 0), where.x + where.width)
        assert set(ends.values()) <= {COLUMNS}


@given(ROWS)
def test_reading_order_is_kept(rows: list[Row]) -> None:
    """From left to right, then down: symptoms that were named first stand first."""
    for placed in place(rows):
        assert [each for each, _ in placed.panels] == list(placed.row.panels)
        positions = [(where.y, where.x) for _, where in placed.panels]
        assert positions == sorted(positions)


@pytest.mark.parametrize(("width", "height"), [(0, 4), (25, 4), (4, 0)])
def test_a_panel_that_cannot_stand_anywhere_is_refused(width: int, height: int) -> None:
    """Wider than the grid, or of no size."""
    with pytest.raises(ValueError, match="does not fit"):
        place([Row(title="Row", panels=(panel(width, height),))])
