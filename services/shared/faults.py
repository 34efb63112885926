"""Faults that are switched on for a while: which are active, for what share of requests, until when.

Knows no HTTP. A fault ends by itself: the worst that a forgotten drill can do is bounded by MAX_SECONDS.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from services.shared.errors import DatabaseUnavailable

# The faults that every service knows; each has a request model in fault_models.py, as a service's own ones have.
ERRORS = "errors"
LATENCY = "latency"
DEPENDENCY_TIMEOUT = "dependency-timeout"
DATABASE_DOWN = "database-down"
DATABASE_SLOW = "database-slow"
KINDS = (ERRORS, LATENCY, DEPENDENCY_TIMEOUT, DATABASE_DOWN, DATABASE_SLOW)
MAX_SECONDS = 900
NO_VALUE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault:
    """A fault that hits *share* (0–1) of what it is about until *until*, in seconds of the board's clock.

    value: what else it was injected with: `{"peer": "inventory"}`.
    """

    kind: str
    share: float
    until: float
    value: Mapping[str, Any] = field(default_factory=dict)


class FaultBoard:
    """The active faults of one process.

    Args:    clock: monotonic seconds. random: evenly spread numbers in [0, 1).
    """

    def __init__(self, *, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._faults: dict[str, ActiveFault] = {}
        self._listeners: dict[str, Callable[[Mapping[str, Any]], None]] = {}

    def inject(self, kind: str, *, share: float, seconds: float, value: Mapping[str, Any] = NO_VALUE) -> None:
        """Switch *kind* on for *seconds*; one that is active already is replaced."""
        fault = ActiveFault(kind=kind, share=share, until=self._clock() + seconds, value=MappingProxyType(dict(value)))
        with self._lock:
            self._faults[kind] = fault
        if (listener := self._listeners.get(kind)) is not None:
            listener(fault.value)

    def on_injection(self, kind: str, listener: Callable[[Mapping[str, Any]], None]) -> None:
        """Call *listener* with the value of each fault of *kind*: for a fault that is done once, at its begin."""
        self._listeners[kind] = listener

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._faults.clear()

    def active(self) -> tuple[ActiveFault, ...]:
        """What is on now, by name."""
        now = self._clock()
        with self._lock:
            return tuple(sorted((f for f in self._faults.values() if f.until > now), key=lambda f: f.kind))

    def seconds_left(self, fault: ActiveFault) -> float:
        """How long *fault* still lasts; 0 once it is over."""
        return max(0.0, fault.until - self._clock())

    def strikes(self, kind: str) -> bool:
        """Whether *kind* hits this request: drawn anew at each call."""
        fault = self._fault(kind)
        return fault is not None and self._random() < fault.share

    def value(self, kind: str) -> Mapping[str, Any] | None:
        """What *kind* was injected with, beside its share and its time; None while it is not on."""
        fault = self._fault(kind)
        return None if fault is None else fault.value

    def _fault(self, kind: str) -> ActiveFault | None:
        fault = self._faults.get(kind)
        return None if fault is None or fault.until <= self._clock() else fault


def database_guard(board: FaultBoard) -> Callable[[], None]:
    """A `Database.guard` that raises DatabaseUnavailable while the fault `database-down` is on."""

    def guard() -> None:
        if board.strikes(DATABASE_DOWN):
            raise DatabaseUnavailable("the fault database-down is on")

    return guard


def database_pause(board: FaultBoard, sleep: Callable[[float], None]) -> Callable[[], None]:
    """A `Database.pause` that has a share of the statements wait while the fault `database-slow` is on."""

    def pause() -> None:
        if board.strikes(DATABASE_SLOW) and (value := board.value(DATABASE_SLOW)) is not None:
            sleep(value["delay_seconds"])

    return pause


def show_in(registry: CollectorRegistry, board: FaultBoard, kinds: Iterable[str] = KINDS) -> None:
    """Export `shop_fault_active{fault}`, read from the board at each scrape: it ends with the fault."""
    gauge = Gauge("shop_fault_active", "1 while a fault is injected.", ("fault",), registry=registry)
    for kind in kinds:
        gauge.labels(kind).set_function(partial(_is_active, board, kind))


def _is_active(board: FaultBoard, kind: str) -> float:
    return float(board.value(kind) is not None)
