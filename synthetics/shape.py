"""How many visits begin when: a day's curve, read from YAML, that shoppers follow and seeded history is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synthetics.shape_file import SHAPES, ShapeError, find, read, told_with
from synthetics.shape_values import number, share, shares, short

__all__ = ["SHAPES", "Shape", "ShapeError", "find", "load", "parse", "visits_per_second"]

HOURS, WEEKDAYS = 24, 7
MAX_PEAK = 1000.0
KEYS = ("visits_per_second", "hours", "weekdays", "journeys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """*peak*: visits per second at the busiest hour of the busiest weekday, if both have the factor 1.

    hours: share of the peak at each full hour, UTC. weekdays: a factor for each day, Monday first.
    journeys: share of visits by the journey's name; they add up to 1.
    """

    peak: float
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]
    journeys: Mapping[str, float]

    @property
    def highest(self) -> float:
        """No moment has more visits per second."""
        return self.peak * max(self.hours) * max(self.weekdays)


def visits_per_second(shape: Shape, at: datetime) -> float:
    """How many visits begin a second at the moment *at*.

    Between two full hours the share changes evenly, from 23:00 to that of 00:00; a weekday's factor holds from
    midnight to midnight, UTC.

    Raises:  ValueError: *at* has no time zone.
    """
    if at.utcoffset() is None:
        raise ValueError(f"{at} has no time zone")
    moment = at.astimezone(UTC)
    begun = (moment.minute * 60 + moment.second + moment.microsecond / 1e6) / 3600
    before, after = shape.hours[moment.hour], shape.hours[(moment.hour + 1) % HOURS]
    share = before + (after - before) * begun
    return shape.peak * share * shape.weekdays[moment.weekday()]


def load(path: Path, known: Sequence[str]) -> Shape:
    """The shape in the file *path*, whose visits walk journeys among *known*.

    Raises:  ShapeError: all faults at once.
    """
    document = read(path)
    with told_with(path):
        return parse(document, known)


def parse(document: Any, known: Sequence[str]) -> Shape:
    """The shape that *document*, parsed YAML, says.

    Raises:  ShapeError: all faults at once.
    """
    if not isinstance(document, dict):
        raise ShapeError(f"expected visits_per_second, hours, weekdays and journeys, found {short(document)}")
    faults: list[str] = []
    faults += [f"{key}: unknown: expected {', '.join(KEYS)}" for key in document if key not in KEYS]
    shape = Shape(
        peak=_peak(document.get("visits_per_second"), faults),
        hours=_factors("hours", document.get("hours"), HOURS, faults),
        weekdays=_factors("weekdays", document.get("weekdays"), WEEKDAYS, faults),
        journeys=shares(document.get("journeys"), known, faults),
    )
    if faults:
        raise ShapeError("\n".join(faults))
    return shape


def _peak(found: Any, faults: list[str]) -> float:
    if not isinstance(found, dict) or set(found) != {"peak"}:
        faults.append(f"visits_per_second: {short(found)}: expected an object with the key peak alone")
        return 0.0
    place = "visits_per_second.peak"
    return number(place, found["peak"], lambda value: 0 < value <= MAX_PEAK, f"above 0, to {MAX_PEAK:g}", faults)


def _factors(key: str, found: Any, count: int, faults: list[str]) -> tuple[float, ...]:
    if not isinstance(found, list) or len(found) != count:
        seen = f"{len(found)} of them" if isinstance(found, list) else short(found)
        faults.append(f"{key}: {seen}: expected a list of {count} numbers from 0 to 1")
        return ()
    values = tuple(share(f"{key}[{index}]", each, faults) for index, each in enumerate(found))
    if not any(values):
        faults.append(f"{key}: all are 0: expected one above 0, or no visit ever begins")
    return values
