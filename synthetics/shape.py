"""How many visits begin when: a day's curve, read from YAML, that shoppers follow and seeded history is made of."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

SHAPES = Path(__file__).with_name("shapes")
HOURS, WEEKDAYS = 24, 7
MAX_PEAK = 1000.0
MAX_BYTES = 64 * 1024
# Shares are written with two digits.
ROUNDING = 1e-6


class ShapeError(Exception):
    """A shape that cannot be followed; one line for each fault, with its place and what was expected there."""


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


def find(name: str) -> Path:
    """The file of the shape *name*: one of ours, or a path to a YAML file.

    Raises:  ShapeError: there is none.
    """
    path = SHAPES / f"{name}.yaml" if name.isidentifier() else Path(name)
    if not path.is_file():
        ours = ", ".join(sorted(each.stem for each in SHAPES.glob("*.yaml")))
        raise ShapeError(f"{name}: no such shape: expected {ours}, or a path to a YAML file")
    return path


def load(path: Path, known: Sequence[str]) -> Shape:
    """The shape in the file *path*, whose visits walk journeys among *known*.

    Raises:  ShapeError: all faults at once.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ShapeError(f"{path}: more than {MAX_BYTES} bytes: that is no shape")
        document = yaml.safe_load(text)
    except OSError as error:
        raise ShapeError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ShapeError(f"{path}: no YAML: {' '.join(str(error).split())}") from error
    try:
        return parse(document, known)
    except ShapeError as error:
        raise ShapeError("\n".join(f"{path}: {fault}" for fault in str(error).splitlines())) from error


def parse(document: Any, known: Sequence[str]) -> Shape:
    """The shape that *document*, parsed YAML, says.

    Raises:  ShapeError: all faults at once.
    """
    if not isinstance(document, dict):
        raise ShapeError(f"expected visits_per_second, hours, weekdays and journeys, found {_short(document)}")
    faults: list[str] = []
    expected = ("visits_per_second", "hours", "weekdays", "journeys")
    faults += [f"{key}: unknown: expected {', '.join(expected)}" for key in document if key not in expected]
    shape = Shape(
        peak=_peak(document.get("visits_per_second"), faults),
        hours=_factors("hours", document.get("hours"), HOURS, faults),
        weekdays=_factors("weekdays", document.get("weekdays"), WEEKDAYS, faults),
        journeys=_shares(document.get("journeys"), known, faults),
    )
    if faults:
        raise ShapeError("\n".join(faults))
    return shape


def _peak(found: Any, faults: list[str]) -> float:
    if not isinstance(found, dict) or set(found) != {"peak"}:
        faults.append(f"visits_per_second: {_short(found)}: expected an object with the key peak alone")
        return 0.0
    place = "visits_per_second.peak"
    return _number(place, found["peak"], lambda value: 0 < value <= MAX_PEAK, f"above 0, to {MAX_PEAK:g}", faults)


def _factors(key: str, found: Any, count: int, faults: list[str]) -> tuple[float, ...]:
    if not isinstance(found, list) or len(found) != count:
        seen = f"{len(found)} of them" if isinstance(found, list) else _short(found)
        faults.append(f"{key}: {seen}: expected a list of {count} numbers from 0 to 1")
        return ()
    values = tuple(_share(f"{key}[{index}]", each, faults) for index, each in enumerate(found))
    if not any(values):
        faults.append(f"{key}: all are 0: expected one above 0, or no visit ever begins")
    return values


def _shares(found: Any, known: Sequence[str], faults: list[str]) -> dict[str, float]:
    if not isinstance(found, dict) or not found:
        faults.append(f"journeys: {_short(found)}: expected shares by name, of {', '.join(known)}")
        return {}
    faults += [f"journeys.{name}: unknown: expected {', '.join(known)}" for name in found if name not in known]
    before = len(faults)
    shares = {str(name): _share(f"journeys.{name}", value, faults) for name, value in found.items()}
    if len(faults) == before and abs(sum(shares.values()) - 1) > ROUNDING:
        faults.append(f"journeys: the shares add up to {sum(shares.values()):g}: expected 1")
    return shares


def _share(place: str, found: Any, faults: list[str]) -> float:
    return _number(place, found, lambda value: 0 <= value <= 1, "from 0 to 1", faults)


def _number(place: str, found: Any, fits: Callable[[float], bool], expected: str, faults: list[str]) -> float:
    # bool is an int in Python, and `yes` is no share; nan fits nowhere.
    if type(found) not in (int, float) or not math.isfinite(found) or not fits(found):
        faults.append(f"{place}: {_short(found)}: expected a number {expected}")
        return 0.0
    return float(found)


def _short(found: Any) -> str:
    text = "nothing" if found is None else repr(found)
    return text if len(text) <= 40 else f"{text[:40]}…"
