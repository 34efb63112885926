"""Draws the course of a load run: the only module of synthetics that imports matplotlib.

Each picture is an SVG that stands for itself, so that a page holds it without another file.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib import rcParams
from matplotlib.figure import Figure

Points = Sequence[tuple[float, float | None]]
SIZE_INCHES = (9.0, 2.4)
PALETTE = "#3274d9 #e0752d #3f9142 #a352cc #c4162a #14808c #b8860b #e05fa0".split()
SHADE = "#c4162a"
# Ids within an SVG are made from this and what is drawn: the same run is the same picture.
rcParams["svg.hashsalt"] = "tillwatch"
# A name of the shop's is text, and nothing that is to be set as a formula.
rcParams["text.parse_math"] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Lines over seconds since the run began. windows: times that are shaded, each from, to, and a name."""

    title: str
    unit: str
    lines: Sequence[tuple[str, Points]]
    seconds: float
    windows: Sequence[tuple[float, float, str]] = field(default=())


def svg(picture: Picture) -> str:
    """The picture as an `<svg>` element."""
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.subplots()
    axes.patch.set_alpha(0)
    for place, (name, points) in enumerate(picture.lines):
        values = [math.nan if value is None else value for _, value in points]
        colour = PALETTE[place % len(PALETTE)]
        axes.plot([at for at, _ in points], values, color=colour, linewidth=1.3, label=name)
    for begin, end, name in picture.windows:
        axes.axvspan(begin, max(end, begin + picture.seconds / 200), color=SHADE, alpha=0.15, label=name)
    axes.set_xlim(0, max(1.0, picture.seconds))
    axes.set_ylim(bottom=0)
    axes.set_title(picture.title, fontsize=10, loc="left")
    axes.set_ylabel(picture.unit, fontsize=8)
    axes.set_xlabel("seconds since the beginning", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(color="#e3e6ea", linewidth=0.7)
    if picture.lines or picture.windows:
        axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
