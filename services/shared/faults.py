"""Faults that are switched on for a while: which are active, for what share of requests, until when.

Knows no HTTP. A fault ends by itself: the worst that a forgotten drill can do is bounded by MAX_SECONDS.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

# The faults that services know; each has a request model of its own in faults_api.py.
ERRORS = "errors"
KINDS = (ERRORS,)
MAX_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault:
    """A fault that hits *share* (0–1) of the requests until *until*, in seconds of the board's clock."""

    kind: str
    share: float
    until: float


class FaultBoard:
    """The active faults of one process.

    Args:    clock: monotonic seconds. random: evenly spread numbers in [0, 1).
    """

    def __init__(self, *, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._faults: dict[str, ActiveFault] = {}

    def inject(self, kind: str, *, share: float, seconds: float) -> None:
        """Switch *kind* on for *seconds*; one that is active already is replaced."""
        with self._lock:
            self._faults[kind] = ActiveFault(kind=kind, share=share, until=self._clock() + seconds)

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
        fault = self._faults.get(kind)
        return fault is not None and fault.until > self._clock() and self._random() < fault.share


def show_in(registry: CollectorRegistry, board: FaultBoard) -> None:
    """Export `shop_fault_active{fault}`, read from the board at each scrape: it ends with the fault."""
    gauge = Gauge("shop_fault_active", "1 while a fault is injected.", ("fault",), registry=registry)
    for kind in KINDS:
        gauge.labels(kind).set_function(partial(_is_active, board, kind))


def _is_active(board: FaultBoard, kind: str) -> float:
    return float(any(fault.kind == kind for fault in board.active()))
