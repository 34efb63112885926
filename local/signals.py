"""What asks this process to stop: counted, so that it stops in order instead of dying."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Ctrl-C, SIGTERM, or a terminal that is closed; the second one says that patience is over."""

    def __init__(self) -> None:
        self._count = 0

    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._count > 0

    def insisted(self) -> bool:
        """Whether somebody asked again."""
        return self._count > 1

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Count instead of dying, until the block ends."""
        before = {number: signal.signal(number, self._note) for number in NUMBERS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
