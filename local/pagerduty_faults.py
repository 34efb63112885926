"""Faults that drills switch on in the PagerDuty stand-in, to show that no page is lost.

Their interface is that of the services' `/internal/faults`, with other kinds. It is written anew here because the
stand-in's image holds `local` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MAX_SECONDS = 900
MAX_DELAY_SECONDS = 30.0


class Fault(BaseModel):
    """What all kinds say: how long, in seconds, and which share (0–1) of the events it hits; by default all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    share: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)
    seconds: int = Field(ge=1, le=MAX_SECONDS)


class RateLimitFault(Fault):
    """A share of what comes beyond *events_per_minute* with one key answers 429; of all events, if that is 0."""

    fault: Literal["rate-limit"]
    events_per_minute: int = Field(0, ge=0, le=10_000)


class ErrorsFault(Fault):
    """A share of the events answers *status*."""

    fault: Literal["errors"]
    status: int = Field(500, ge=500, le=599)


class SlowFault(Fault):
    """A share of the events is taken and answered *delay_seconds* later."""

    fault: Literal["slow"]
    delay_seconds: float = Field(5.0, gt=0, le=MAX_DELAY_SECONDS, allow_inf_nan=False)


class DropFault(Fault):
    """The connection of a share of the events is closed without an answer."""

    fault: Literal["drop"]


Kind = RateLimitFault | ErrorsFault | SlowFault | DropFault
Wanted = TypeVar("Wanted", RateLimitFault, ErrorsFault, SlowFault, DropFault)
_PARSER: TypeAdapter[Kind] = TypeAdapter(Annotated[Kind, Field(discriminator="fault")])


def parse(body: Any) -> Kind:
    """The fault that *body*, a decoded request, asks for.

    Raises:  ValidationError: `invalid_parts` tells it.
    """
    return _PARSER.validate_python(body)


def invalid_parts(error: ValidationError) -> list[dict[str, str]]:
    """Each fault of a request with its place (RFC 6901); what was sent is not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    # The first step of a place is the kind, which the body does not have as a level.
    return [{"detail": each["msg"], "pointer": "#" + "".join(f"/{part}" for part in each["loc"][1:])} for each in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault:
    """A fault and when it ends, in seconds of the board's clock."""

    kind: Kind
    until: float


class FaultBoard:
    """The faults that are on; one of each kind, and each ends by itself.

    Args:    clock: monotonic seconds. random: evenly spread numbers in [0, 1).
    """

    def __init__(self, *, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._active: dict[type[Kind], ActiveFault] = {}

    def inject(self, kind: Kind) -> None:
        """Switch *kind* on; one of its sort that is on already is replaced."""
        with self._lock:
            self._active[type(kind)] = ActiveFault(kind=kind, until=self._clock() + kind.seconds)

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._active.clear()

    def strikes(self, sort: type[Wanted]) -> Wanted | None:
        """The fault of this *sort*, if one is on and hits this event: drawn anew at each call."""
        with self._lock:
            active = self._active.get(sort)
        if active is None or active.until <= self._clock() or self._random() >= active.kind.share:
            return None
        assert isinstance(active.kind, sort)
        return active.kind

    def listing(self) -> list[dict[str, Any]]:
        """What is on, as `/internal/faults` shows it: `[{"fault": "slow", …, "seconds_left": 3.2}]`."""
        now = self._clock()
        with self._lock:
            found = [active for active in self._active.values() if active.until > now]
        rows = [
            {**each.kind.model_dump(exclude={"seconds"}), "seconds_left": round(each.until - now, 1)} for each in found
        ]
        return sorted(rows, key=lambda row: str(row["fault"]))
