"""Shows how a load run goes: a bar and live numbers on a terminal, a plain line now and then elsewhere."""

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

PLAIN_SECONDS = 10.0
BAR = 20
CLEAR = "\r\x1b[2K"


@dataclass(slots=True, kw_only=True)
class Live:
    """Writes to *stream*."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic
    _said_at: float | None = None
    _drawn: bool = False

    @property
    def on_terminal(self) -> bool:
        """Whether a line can be drawn anew."""
        return self.stream.isatty()

    def numbers(self, live: Mapping[str, Any], seconds: float | None) -> None:
        """How it goes, as `Bookkeeper.live` says it."""
        self.progress(share_of(live["elapsed"], seconds), numbers_line(live, seconds))

    def progress(self, share: float | None, text: str) -> None:
        """One line that stands for the moment. *share*: of the whole, 0 to 1."""
        if self.on_terminal:
            line = text if share is None else f"{bar(share)} {text}"
            self.stream.write(CLEAR + line[: shutil.get_terminal_size().columns - 1])
            self.stream.flush()
            self._drawn = True
        elif self._said_at is None or self.clock() - self._said_at >= PLAIN_SECONDS:
            self._said_at = self.clock()
            self.stream.write(f"{text}\n")
            self.stream.flush()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.stream.write((CLEAR if self._drawn else "") + text + "\n")
        self.stream.flush()
        self._drawn = False


def share_of(elapsed: float, seconds: float | None) -> float | None:
    """How much of the run is over."""
    return None if not seconds else min(1.0, max(0.0, elapsed / seconds))


def bar(share: float) -> str:
    """A bar that is full to *share*."""
    full = round(share * BAR)
    return "█" * full + "░" * (BAR - full)


def numbers_line(live: Mapping[str, Any], seconds: float | None) -> str:
    """The numbers on one line; what is not known yet is a dash."""
    if not live["running"]:
        return "starting"
    whole = "" if seconds is None else f"/{clock_of(seconds)}"
    times = " ".join(f"{name} {milliseconds(live[name])}" for name in ("p50", "p95", "p99"))
    return (
        f"{clock_of(live['elapsed'])}{whole}  {live['visits_per_s']:.1f} visits/s  "
        f"{live['requests_per_s']:.1f} requests/s  {live['failures']} failed  {times} ms  "
        f"{live['under_way']} under way  {live['left_out']} left out  lag {milliseconds(live['lag_p99'])} ms"
    )


def clock_of(seconds: float) -> str:
    """`4:07`, or `1:04:07`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def milliseconds(seconds: float | None) -> str:
    """As a whole number; a dash for nothing."""
    return "-" if seconds is None else f"{seconds * 1000:.0f}"
