"""Shapes of a load run: how many visits begin when within the run, or how many buyers want the same few units at once.

    seconds: 300            so long, unless --for says otherwise, which stretches or compresses the course
    visits_per_second: 4    at the busiest moment, unless --rate says otherwise
    course:                 at which share of the time which share of the busiest; in between it changes evenly
      - [0, 0.1]
      - [1, 1]
    journeys: {browse: 0.7, buy: 0.3}      shares of visits

or

    stampede: {buyers: 100, units: 10}
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from synthetics import shape as day
from synthetics.shape import Shape
from synthetics.shape_file import ShapeError, read, told_with
from synthetics.shape_values import number, share, shares, short

MAX_SECONDS = 86_400
# Of visits a second, at the busiest moment.
MAX_VISITS = 100.0
MAX_BUYERS = 500
KEYS = ("seconds", "visits_per_second", "course", "journeys")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """points: shares of the time, from 0 to 1 and rising, each with a share of *visits_per_second*."""

    seconds: float
    visits_per_second: float
    points: tuple[Point, ...]
    journeys: Mapping[str, float]

    def rate(self, since_begin: float, *, peak: float, seconds: float) -> float:
        """Visits per second so many seconds after the beginning, of a run of *seconds* with *peak* at its busiest."""
        at = min(max(since_begin / seconds, 0.0), 1.0)
        after = bisect_right(self.points, at, key=lambda point: point[0])
        if after == len(self.points):
            return peak * self.points[-1][1]
        (begin, low), (end, high) = self.points[after - 1], self.points[after]
        return peak * (low + (high - low) * (at - begin) / (end - begin))

    @property
    def highest(self) -> float:
        """The largest share of the busiest that the course comes to."""
        return max(height for _, height in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stampede:
    """So many buyers at once, for so many units of one product."""

    buyers: int
    units: int


AnyShape = Shape | Course | Stampede


def load(path: Path, known: Sequence[str]) -> AnyShape:
    """The shape in the file *path*, of whichever kind; its visits walk journeys among *known*.

    Raises:  ShapeError: all faults at once.
    """
    document = read(path)
    with told_with(path):
        return parse(document, known)


def parse(document: Any, known: Sequence[str]) -> AnyShape:
    """The shape that *document*, parsed YAML, says.

    Raises:  ShapeError: all faults at once.
    """
    if not isinstance(document, dict):
        raise ShapeError(f"expected {', '.join(KEYS)}, or stampede, found {short(document)}")
    if "hours" in document or "weekdays" in document:
        return day.parse(document, known)
    faults: list[str] = []
    made = _stampede(document, faults) if "stampede" in document else _course(document, known, faults)
    if faults:
        raise ShapeError("\n".join(faults))
    return made


def _course(document: dict[Any, Any], known: Sequence[str], faults: list[str]) -> Course:
    faults += [f"{key}: unknown: expected {', '.join(KEYS)}" for key in document if key not in KEYS]
    most, rate = MAX_SECONDS, MAX_VISITS
    return Course(
        seconds=number(
            "seconds", document.get("seconds"), lambda value: 1 <= value <= most, f"from 1 to {most}", faults
        ),
        visits_per_second=number(
            "visits_per_second",
            document.get("visits_per_second"),
            lambda value: 0 < value <= rate,
            f"above 0, to {rate:g}",
            faults,
        ),
        points=_points(document.get("course"), faults),
        journeys=shares(document.get("journeys"), known, faults),
    )


def _points(found: Any, faults: list[str]) -> tuple[Point, ...]:
    if not isinstance(found, list) or len(found) < 2:
        faults.append(f"course: {short(found)}: expected two or more pairs [share of the time, share of the busiest]")
        return ()
    before = len(faults)
    points = tuple(_point(f"course[{place}]", each, faults) for place, each in enumerate(found))
    if len(faults) > before:
        return ()
    if points[0][0] != 0 or points[-1][0] != 1:
        faults.append(f"course: from {points[0][0]:g} to {points[-1][0]:g} of the time: expected from 0 to 1")
    for place, (earlier, later) in enumerate(pairwise(points), start=1):
        if later[0] <= earlier[0]:
            faults.append(f"course[{place}]: {later[0]:g} of the time comes after {earlier[0]:g}: expected a later one")
    if not any(height for _, height in points):
        faults.append("course: all are 0: expected one above 0, or no visit ever begins")
    return points


def _point(place: str, found: Any, faults: list[str]) -> Point:
    if not isinstance(found, list) or len(found) != 2:
        faults.append(f"{place}: {short(found)}: expected [share of the time, share of the busiest]")
        return (0.0, 0.0)
    return share(f"{place}[0]", found[0], faults), share(f"{place}[1]", found[1], faults)


def _stampede(document: dict[Any, Any], faults: list[str]) -> Stampede:
    faults += [f"{key}: unknown: expected stampede alone" for key in document if key != "stampede"]
    found = document["stampede"]
    if not isinstance(found, dict) or set(found) != {"buyers", "units"}:
        faults.append(f"stampede: {short(found)}: expected an object with the keys buyers and units")
        return Stampede(buyers=0, units=0)
    buyers = _whole("stampede.buyers", found["buyers"], MAX_BUYERS, faults)
    return Stampede(buyers=buyers, units=_whole("stampede.units", found["units"], MAX_BUYERS, faults))


def _whole(place: str, found: Any, most: int, faults: list[str]) -> int:
    def fits(value: float) -> bool:
        return isinstance(value, int) and 1 <= value <= most

    return int(number(place, found, fits, f"without a fraction, from 1 to {most}", faults))
