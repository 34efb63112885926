"""Draws burndowns: the only module of budget that imports matplotlib.

Each is an SVG that stands for itself, so that a page holds it without another file.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

SIZE_INCHES = (4.8, 2.1)  # so small that its text can still be read on a phone's width
INCIDENT, PAGE, TICKET, SEEDED, UNKNOWN = "#e0752d", "#c4162a", "#b8860b", "#5d6d7e", "#c9ced6"
_LINE, _TEXT = "#1b5fbf", "#24292e"
_DAY = 86_400
_MOST_POINTS = 700  # a picture has no more columns
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Burndown:
    """What was left of a budget over time: course of (Unix seconds, share), with ranges to shade."""

    title: str
    course: Sequence[tuple[float, float]]
    incidents: Sequence[Range] = ()
    pages: Sequence[Range] = ()
    tickets: Sequence[Range] = ()
    gaps: Sequence[Range] = ()
    seeded: Range | None = None
    start: float
    end: float


def svg(burndown: Burndown) -> str:
    """The picture as an `<svg>` element."""
    with rc_context(
        {
            # Ids within an SVG are made from this and what is drawn: the same course is the same picture.
            "svg.hashsalt": "tillwatch",
            # Text is text, and no outlines of letters: a fifth of the size.
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "hatch.linewidth": 0.6,
        }
    ):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.subplots()
        axes.patch.set_alpha(0)
        _axes(axes, burndown)
        _shaded(axes, burndown)
        points = thinned(_broken(burndown), _MOST_POINTS)
        axes.plot([at / _DAY for at, _ in points], [left for _, left in points], color=_LINE, linewidth=1.6)
        axes.axhline(0, color=PAGE, linewidth=1)
        handles, labels = axes.get_legend_handles_labels()
        # Above the picture, at the cost of its height alone; so narrow that all five kinds stand in one line.
        figure.legend(
            handles,
            labels,
            loc="outside upper left",
            ncols=5,
            fontsize=8,
            frameon=False,
            borderpad=0,
            handlelength=1.2,
            handletextpad=0.4,
            columnspacing=1.1,
        )
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Title": burndown.title})
    text = file.getvalue()
    return text[text.index("<svg") :]


def thinned(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most about *most* of *points*: of each stretch the first, lowest and last, so that no fall is lost."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / (most / 3))
    kept: list[tuple[float, float]] = []
    for place in range(0, len(points), size):
        part = points[place : place + size]
        broken = next((each for each in part if math.isnan(each[1])), None)
        lowest = broken or min(part, key=lambda each: each[1])
        kept += sorted({part[0], lowest, part[-1]}, key=lambda each: each[0])
    return kept


def _axes(axes: Axes, burndown: Burndown) -> None:
    axes.set_xlim(burndown.start / _DAY, burndown.end / _DAY)
    lowest = min((left for _, left in burndown.course), default=0.0)
    room = 0.05 * (1 - min(0.0, lowest))
    axes.set_ylim(min(0.0, lowest) - room, 1 + room)
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:,.0f} %"))
    axes.grid(color="#e3e6ea", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, length=0, colors=_TEXT)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c9ced6")


def _shaded(axes: Axes, burndown: Burndown) -> None:
    """Incidents over the whole height, alerts as a band at the foot, and what is not known or not true behind it."""
    least = (burndown.end - burndown.start) / 250  # what is too short to be seen is made as wide as a stroke
    if burndown.seeded:
        begin, end = burndown.seeded
        axes.axvspan(begin / _DAY, end / _DAY, facecolor="#eef0f3", edgecolor="#b8bfc8", hatch="//", label="made up")
    _spans(axes, burndown.gaps, least, color=UNKNOWN, alpha=0.5, label="no data")
    _spans(axes, burndown.incidents, least, color=INCIDENT, alpha=0.35, label="incident")
    _spans(axes, burndown.tickets, least, color=TICKET, alpha=0.9, label="ticket", ymax=0.035)
    _spans(axes, burndown.pages, least, color=PAGE, alpha=0.9, label="page", ymax=0.07)


def _spans(
    axes: Axes, ranges: Iterable[Range], least: float, *, color: str, alpha: float, label: str, ymax: float = 1.0
) -> None:
    for place, (begin, end) in enumerate(ranges):
        # A legend names each kind once.
        name = label if place == 0 else "_nolegend_"
        until = max(end, begin + least) / _DAY
        axes.axvspan(begin / _DAY, until, ymax=ymax, color=color, alpha=alpha, linewidth=0, label=name)


def _broken(burndown: Burndown) -> list[tuple[float, float]]:
    """The course, with a break in each gap."""
    breaks = [(begin + 1, math.nan) for begin, end in burndown.gaps if begin > burndown.start and end < burndown.end]
    return sorted((*burndown.course, *breaks), key=lambda each: each[0])
