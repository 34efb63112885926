"""Notices that a run is to end before its time: a signal, or whoever started it is gone."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType

from synthetics.child import STOP_SIGNALS


@dataclass(slots=True)
class Stopping:
    """signals: those that came, in their order."""

    signals: list[int] = field(default_factory=list)
    parent: int = field(default_factory=os.getppid)

    def asked(self) -> bool:
        """Whether the run is to end now, in order."""
        return bool(self.signals) or os.getppid() != self.parent

    def insisted(self) -> bool:
        """Whether somebody asked twice: then nothing more is done."""
        return len(self.signals) > 1

    @property
    def exit_code(self) -> int | None:
        """128 + n after signal n; None without one."""
        return 128 + self.signals[0] if self.signals else None


@contextlib.contextmanager
def caught() -> Iterator[Stopping]:
    """Signals that would end this process are only noted within."""
    found = Stopping()

    def note(signum: int, frame: FrameType | None) -> None:
        found.signals.append(signum)

    before = {signum: signal.signal(signum, note) for signum in STOP_SIGNALS}
    try:
        yield found
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
