"""Draws answers as pictures: the only importer of matplotlib, which no build needs.

Each is an SVG that stands for itself, so that a page holds it without another file.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dashboards.model import Panel
from dashboards.preview_answers import Line, Span
from dashboards.preview_numbers import colour, written

PALETTE = "#3274d9 #e0752d #3f9142 #a352cc #c4162a #14808c #b8860b #e05fa0 #5d6d7e #7b4b2a".split()
"""Of series, one after the other; the page's legend has the same."""
COLOURS = {
    "green": "#3f9142",
    "yellow": "#d9a400",
    "orange": "#e8710a",
    "red": "#c4162a",
    "blue": "#3274d9",
    "text": "#24292e",
}
DPI = 100
_DAY = 86_400
# Ids within an SVG are made from this and what is drawn: the same answer is the same picture.
rcParams["svg.hashsalt"] = "tillwatch"


def lines(panel: Panel, found: Sequence[Line], within: Span, size: tuple[int, int]) -> str:
    """Lines over time, or areas on one another, with the limits that lie in sight."""
    figure, axes = _canvas(within, size)
    if panel.stacked:
        _stack(axes, found, within)
    else:
        for place, line in enumerate(found):
            times, values = _with_gaps(line, within)
            alone = "." if len(line.points) == 1 else None
            axes.plot(times, values, color=PALETTE[place % len(PALETTE)], linewidth=1.4, marker=alone)
    _height(axes, panel, found)
    bottom, top = axes.get_ylim()
    for limit in panel.limits:
        if bottom <= float(limit.value) <= top:
            axes.axhline(float(limit.value), color=COLOURS[limit.colour], linestyle=(0, (4, 3)), linewidth=1)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(_zero(value, top - bottom), panel.unit)))
    return _svg(figure)


def states(panel: Panel, found: Sequence[Line], within: Span, size: tuple[int, int]) -> str:
    """A bar a series: from when to when it had which value."""
    figure, axes = _canvas(within, size)
    meanings = {each.value: each.colour for each in panel.meanings}
    for place, line in enumerate(found):
        for start, end, value in _spells(line, within):
            shade = meanings.get(int(value), colour(value, panel.base, panel.limits))
            if shade in COLOURS:
                axes.broken_barh([(start / _DAY, (end - start) / _DAY)], (place - 0.4, 0.8), color=COLOURS[shade])
    axes.set_yticks(range(len(found)), [_short(line.name) for line in found])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.grid(visible=False)
    return _svg(figure)


def heat(panel: Panel, found: Sequence[Line], within: Span, size: tuple[int, int]) -> str:
    """A histogram over time, from its cumulative buckets: the darker, the more."""
    figure, axes = _canvas(within, size)
    buckets = sorted((line for line in found if "le" in line.labels), key=lambda line: float(line.labels["le"]))
    times = sorted({at for line in buckets for at, _ in line.points})
    below = [0.0] * len(times)
    rows = []
    for line in buckets:
        values = dict(line.points)
        here = [values.get(at, 0.0) for at in times]
        rows.append([max(0.0, now - before) for now, before in zip(here, below, strict=True)])
        below = here
    edges = [at / _DAY for at in times] + [(times[-1] + within.step_seconds) / _DAY]
    axes.pcolormesh(edges, range(len(rows) + 1), rows, cmap="Oranges", rasterized=False)
    every = max(1, math.ceil(len(rows) / 6))
    names = [written(float(line.labels["le"]), panel.unit) for line in buckets]
    axes.set_yticks([place + 1 for place in range(0, len(rows), every)], names[::every])
    axes.grid(visible=False)
    return _svg(figure)


DRAWN: dict[str, Callable[[Panel, Sequence[Line], Span, tuple[int, int]], str]] = {
    "timeseries": lines,
    "state_timeline": states,
    "heatmap": heat,
}
"""Kinds of panels that are pictures."""


def _canvas(within: Span, size: tuple[int, int]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.subplots()
    axes.patch.set_alpha(0)
    axes.set_xlim(within.start / _DAY, within.end / _DAY)
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.grid(color="#e3e6ea", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, length=0, colors="#57606a")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c9ced6")
    return figure, axes


def _with_gaps(line: Line, within: Span) -> tuple[list[float], list[float]]:
    """Times and values; a break where points are missing."""
    times: list[float] = []
    values: list[float] = []
    for at, value in line.points:
        if times and at - times[-1] * _DAY > 1.5 * within.step_seconds:
            times.append(times[-1] + 1 / _DAY)
            values.append(math.nan)
        times.append(at / _DAY)
        values.append(value if math.isfinite(value) else math.nan)
    return times, values


def _stack(axes: Axes, found: Sequence[Line], within: Span) -> None:
    times = sorted({at for line in found for at, _ in line.points})
    if not times:
        return
    layers = []
    for line in found:
        known = {at: value for at, value in line.points if math.isfinite(value)}
        layers.append([known.get(at, 0.0) for at in times])
    shades = [PALETTE[place % len(PALETTE)] for place in range(len(found))]
    axes.stackplot([at / _DAY for at in times], layers, colors=shades, alpha=0.75, linewidth=0)


def _height(axes: Axes, panel: Panel, found: Sequence[Line]) -> None:
    """From the lowest to the highest that the panel or its values say; a flat line at nought still has limits above."""
    bottom, top = axes.get_ylim()
    values = [value for line in found for _, value in line.points if math.isfinite(value)]
    if panel.lowest is not None:
        bottom = min([panel.lowest, *values])
        if not panel.stacked:
            top = max([*values, panel.lowest]) * 1.08
    if not any(values):
        first = min((float(limit.value) for limit in panel.limits if float(limit.value) > 0), default=1.0)
        bottom, top = 0.0, first * 1.2
    if panel.highest is not None and not values:
        top = panel.highest
    axes.set_ylim(bottom, top if top > bottom else bottom + 1)


def _spells(line: Line, within: Span) -> list[tuple[float, float, float]]:
    """From when to when *line* had which value; a gap in its points ends a spell."""
    found: list[tuple[float, float, float]] = []
    for at, value in line.points:
        until = at + within.step_seconds
        if found and found[-1][2] == value and at <= found[-1][1] + within.step_seconds / 2:
            found[-1] = (found[-1][0], until, value)
        else:
            found.append((at, until, value))
    return found


def _zero(value: float, height: float) -> float:
    """A tick that is nought but for arithmetic is nought."""
    return 0.0 if abs(value) < height * 1e-9 else value


def _short(name: str, most: int = 34) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
