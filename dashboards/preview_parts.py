"""Makes of an answered panel what the page shows: tiles, tables, bars, pictures with their legends."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

from dashboards import preview_pictures
from dashboards.model import ORANGE, PROMETHEUS, RED, Column, Panel, ref_id
from dashboards.preview_answers import Answered, Line, Span
from dashboards.preview_numbers import NOTHING, colour, written

COLUMN_PIXELS, ROW_PIXELS = 57, 36
"""Of Grafana's grid, on a screen that is 1440 wide."""
MOST_LINES, MOST_NAMES, MOST_ROWS = 40, 5, 25
"""Series that are drawn, those that are named below a picture, lines of a table."""
_HEAD_PIXELS, _NAME_PIXELS, _LEAST_PIXELS = 52, 19, 120
_BAD = (RED, ORANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number, or a cell of a table. fill: of a bar, 0–100."""

    text: str
    name: str = ""
    colour: str = "text"
    fill: float = 0.0
    number: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A panel as the page shows it. `worst`: what is beyond its limits; "" where nothing is."""

    panel: Panel
    anchor: str
    shape: str
    tiles: tuple[Tile, ...] = ()
    headings: tuple[Tile, ...] = ()
    rows: tuple[tuple[Tile, ...], ...] = ()
    picture: str = ""
    names: tuple[tuple[int, Tile, str], ...] = ()
    more: int = 0
    words: str = ""
    worst: tuple[Tile, ...] = field(default=())


def part(answered: Answered, anchor: str, width: int, within: Span) -> Part:
    """*answered* drawn. *width*: of its panel, in columns of the grid."""
    panel = answered.panel
    if answered.refused:
        return Part(panel=panel, anchor=anchor, shape="refused", words=answered.refused)
    if panel.kind == "text":
        return Part(panel=panel, anchor=anchor, shape="text", words=_html(panel.text))
    if any(query.source != PROMETHEUS for query in panel.queries):
        return Part(panel=panel, anchor=anchor, shape="empty", words="Lines of Loki; Grafana shows them.")
    if not answered.lines:
        words = panel.no_value if panel.no_value != "none" else "No data"
        return Part(panel=panel, anchor=anchor, shape="empty", words=words)
    if panel.kind == "table":
        return _table(answered, anchor)
    if panel.kind in preview_pictures.DRAWN:
        return _picture(answered, anchor, width, within)
    return _tiles(answered, anchor, bars=panel.kind == "bar_gauge")


def _html(text: str) -> str:
    """Markdown of ours as HTML; what looks like HTML in it stays text."""
    rendered: str = MarkdownIt("commonmark", {"html": False}).render(text)
    return rendered


# --- numbers ----------------------------------------------------------------------------------------------------


def _tiles(answered: Answered, anchor: str, *, bars: bool) -> Part:
    panel = answered.panel
    found = sorted(answered.lines, key=lambda line: -_order(line.last)) if bars else list(answered.lines)
    most = max((line.last for line in found if math.isfinite(line.last)), default=0.0)
    full = panel.highest if panel.highest is not None else max(most, 0.0)
    several = len(found) > 1 or len(panel.queries) > 1
    tiles = tuple(
        Tile(
            text=_said(panel, line.last),
            name=(line.name or panel.title) if several or bars else "",
            colour=_shade(panel, line.last),
            fill=100 * min(1.0, max(0.0, line.last / full)) if full and math.isfinite(line.last) else 0.0,
        )
        for line in found[:MOST_LINES]
    )
    return Part(panel=panel, anchor=anchor, shape="bars" if bars else "numbers", tiles=tiles, worst=_worst(tiles))


def _said(panel: Panel, value: float) -> str:
    for each in panel.meanings:
        if each.value == value:
            return each.text
    return written(value, panel.unit, panel.decimals)


def _shade(panel: Panel, value: float) -> str:
    for each in panel.meanings:
        if each.value == value:
            return each.colour
    return colour(value, panel.base, panel.limits) if panel.limits else "text"


def _worst(tiles: tuple[Tile, ...]) -> tuple[Tile, ...]:
    return tuple(tile for tile in tiles if tile.colour in _BAD)


def _order(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


# --- tables -----------------------------------------------------------------------------------------------------


def _table(answered: Answered, anchor: str) -> Part:
    panel = answered.panel
    columns = [each for each in panel.columns if not _empty(each, answered.lines)]
    rows = _sorted(_merged(answered, columns), columns, panel)
    shown = tuple(tuple(_cell(column, value) for column, value in zip(columns, row, strict=True)) for row in rows)
    bad = tuple(
        Tile(text=cell.text, name=f"{' '.join(each.text for each in row if not each.number)} {column.title}".strip(),
             colour=cell.colour)
        for row in shown
        for column, cell in zip(columns, row, strict=True)
        if cell.colour in _BAD
    )  # fmt: skip
    headings = tuple(Tile(text=each.title, number=each.source.isupper()) for each in columns)
    return Part(
        panel=panel,
        anchor=anchor,
        shape="table",
        headings=headings,
        rows=shown[:MOST_ROWS],
        more=max(0, len(shown) - MOST_ROWS),
        worst=bad,
    )


def _empty(column: Column, lines: tuple[Line, ...]) -> bool:
    """A label that no series has: one machine has no cluster."""
    return not column.source.isupper() and not any(line.labels.get(column.source) for line in lines)


def _merged(answered: Answered, columns: list[Column]) -> list[list[str | float]]:
    """One line for each set of labels, with the value of every question about it."""
    names = [each.source for each in columns if not each.source.isupper()]
    values: dict[tuple[str, ...], dict[str, float]] = {}
    for line in answered.lines:
        key = tuple(line.labels.get(name, "") for name in names)
        values.setdefault(key, {})[ref_id(line.query)] = line.last
    rows: list[list[str | float]] = []
    for key, numbers in values.items():
        labels = dict(zip(names, key, strict=True))
        rows.append(
            [numbers.get(each.source, math.nan) if each.source.isupper() else labels[each.source] for each in columns]
        )
    return rows


def _sorted(rows: list[list[str | float]], columns: list[Column], panel: Panel) -> list[list[str | float]]:
    places = [place for place, column in enumerate(columns) if column.title == panel.sort_by]
    if not places:
        return rows

    def known(row: list[str | float]) -> bool:
        value = row[places[0]]
        return isinstance(value, str) or not math.isnan(value)

    ordered = sorted(filter(known, rows), key=lambda row: row[places[0]], reverse=panel.descending)
    # What has no number is the lowest, as Grafana has it: an SLO that has lost its metrics comes first.
    unknown = [row for row in rows if not known(row)]
    return ordered + unknown if panel.descending else unknown + ordered


def _cell(column: Column, value: str | float) -> Tile:
    if isinstance(value, str):
        return Tile(text=value or NOTHING, number=False)
    shade = colour(value, column.base, column.limits) if column.limits else "text"
    return Tile(text=written(value, column.unit, column.decimals), colour=shade)


# --- pictures ---------------------------------------------------------------------------------------------------


def _picture(answered: Answered, anchor: str, width: int, within: Span) -> Part:
    panel = answered.panel
    found = _drawn(answered)
    names = tuple(_names(panel, found)) if panel.kind == "timeseries" else ()
    height = panel.height * ROW_PIXELS - _HEAD_PIXELS - _NAME_PIXELS * min(len(names), MOST_NAMES)
    size = (width * COLUMN_PIXELS - 28, max(_LEAST_PIXELS, height))
    svg = preview_pictures.DRAWN[panel.kind](panel, found, within, size)
    coded = base64.b64encode(svg.encode()).decode()
    return Part(
        panel=panel,
        anchor=anchor,
        shape="picture",
        picture=f"data:image/svg+xml;base64,{coded}",
        names=names[:MOST_NAMES],
        more=max(0, len(names) - MOST_NAMES),
        worst=_worst(tuple(tile for _, tile, _ in names)),
    )


def _drawn(answered: Answered) -> list[Line]:
    """The series that are drawn, the highest at its end first; buckets and questions of a kind keep their order."""
    if answered.panel.kind == "heatmap" or len(answered.panel.queries) > 1:
        return list(answered.lines)[:MOST_LINES]
    worst = min if answered.panel.base in _BAD else max
    sign = 1 if worst is min else -1
    return sorted(answered.lines, key=lambda line: sign * _order(line.last))[:MOST_LINES]


def _names(panel: Panel, found: list[Line]) -> Iterator[tuple[int, Tile, str]]:
    """Of each series: its place in the palette, its name with the latest value, and the highest."""
    for place, line in enumerate(found):
        highest = max((value for _, value in line.points if math.isfinite(value)), default=math.nan)
        shade = colour(line.last, panel.base, panel.limits) if panel.limits else "text"
        text = written(line.last, panel.unit, panel.decimals)
        tile = Tile(text=text, name=line.name or panel.title, colour=shade)
        yield place % len(preview_pictures.PALETTE), tile, written(highest, panel.unit, panel.decimals)
