"""A course drawn small: where its line, its ground and its shades lie in a box of so many units. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from budget.ops.courses import Course
from budget.ops.happenings import Happening
from budget.postmortem import FAULT

WIDTH, HEIGHT = 160.0, 36.0
LOWEST = -0.5
"""What is further below 0 is cut off: the figure beside it says how far."""
_LEAST_WIDE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """A stretch of the box. kind: gap, seeded, fault or deploy."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """points: of the line, as SVG has them. zero: where nothing is left. says: the same in words."""

    points: str
    zero: float
    shades: tuple[Shade, ...]
    says: str


def sparkline(
    course: Course, *, happenings: Iterable[Happening] = (), seeded: tuple[float, float] | None = None
) -> Sparkline:
    """The picture of *course*, with what happened meanwhile behind it."""
    lowest = max(LOWEST, min(0.0, *(left for _, left in course.points)))

    def y(left: float) -> float:
        # Half a stroke from the edge, so that none of the line is cut off.
        return round(1 + (1 - max(left, lowest)) / (1 - lowest) * (HEIGHT - 2), 1)

    spans = [("seeded", *seeded)] if seeded else []
    spans += [("gap", *each) for each in course.gaps]
    spans += [(each.kind, each.start, each.end) for each in happenings]
    return Sparkline(
        points=" ".join(f"{_x(course, at):g},{y(left):g}" for at, left in course.points),
        zero=y(0.0),
        shades=tuple(_shade(course, *each) for each in spans if each[2] >= course.start and each[1] <= course.end),
        says=_says(course.points),
    )


def _shade(course: Course, kind: str, start: float, end: float) -> Shade:
    begin, until = _x(course, max(start, course.start)), _x(course, min(end, course.end))
    width = max(until - begin, _LEAST_WIDE if kind in (FAULT, "gap") else 1.0)
    return Shade(kind=kind, x=min(begin, WIDTH - width), width=round(width, 1))


def _x(course: Course, at: float) -> float:
    return round((at - course.start) / (course.end - course.start) * WIDTH, 1)


def _says(points: Sequence[tuple[float, float]]) -> str:
    """What somebody sees who looks at it."""
    steps = [(before - after, at) for (_, before), (at, after) in zip(points, points[1:], strict=False)]  # noqa: RUF007
    most, at = max(steps, default=(0.0, 0.0))
    left = points[-1][1]
    if most < 0.005:
        return f"{left:.0%} left, nearly nothing was spent"
    share = most / max(1 - left, most)
    place = (at - points[0][0]) / (points[-1][0] - points[0][0])
    third = ("first", "second", "last")[min(2, int(place * 3))]
    return f"{left:.0%} left; most at once, {share:.0%} of what was spent, in the {third} third of the period"
