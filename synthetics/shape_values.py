"""Numbers and shares in a shape's YAML; what is none is a fault with its place and what was expected there."""

import math
import reprlib
from collections.abc import Callable, Sequence
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxlong, _SHORT.maxother = 2, 60, 60, 60
# Shares are written with two digits.
ROUNDING = 1e-6


def shares(found: Any, known: Sequence[str], faults: list[str]) -> dict[str, float]:
    """Shares of visits by journey, of *known* ones, which add up to 1."""
    if not isinstance(found, dict) or not found:
        faults.append(f"journeys: {short(found)}: expected shares by name, of {', '.join(known)}")
        return {}
    faults += [f"journeys.{name}: unknown: expected {', '.join(known)}" for name in found if name not in known]
    before = len(faults)
    shares = {str(name): share(f"journeys.{name}", value, faults) for name, value in found.items()}
    if len(faults) == before and abs(sum(shares.values()) - 1) > ROUNDING:
        faults.append(f"journeys: the shares add up to {sum(shares.values()):g}: expected 1")
    return shares


def share(place: str, found: Any, faults: list[str]) -> float:
    """A number from 0 to 1."""
    return number(place, found, lambda value: 0 <= value <= 1, "from 0 to 1", faults)


def number(place: str, found: Any, fits: Callable[[float], bool], expected: str, faults: list[str]) -> float:
    """A number that *fits*; else a fault says what was *expected*, and it is 0."""
    # bool is an int in Python, and `yes` is no share; nan fits nowhere. An int may be larger than any float.
    if type(found) not in (int, float) or not fits(found) or not math.isfinite(found):
        faults.append(f"{place}: {short(found)}: expected a number {expected}")
        return 0.0
    return float(found)


def short(found: Any) -> str:
    """What was found, for a message. A few lines of YAML can stand for lists of millions, or for one within itself."""
    text = "nothing" if found is None else _SHORT.repr(found)
    return text if len(text) <= 40 else f"{text[:40]}…"
