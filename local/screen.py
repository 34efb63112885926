"""What people see while the platform runs: a line per event, and the status of every SLO.

On a terminal the table stays at the foot and is redrawn; in a file it comes as a block every now and then.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from budget.errors import BudgetError
from budget.status import Source, read, statuses
from budget.table import summary, table

TERMINAL_SECONDS = 5.0  # a look costs Prometheus half a second of a core: it goes five weeks back
PLAIN_SECONDS = 15.0
PLAIN_COLUMNS = 160
NAME_COLUMNS = 20


class _Output:
    """*stream*, until nobody hears it any more: a pipe that ended with its reader, a terminal that was closed.

    Nobody is told then. What is said comes from the middle of starting and stopping parts, which has to go on.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        self._or_nowhere(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._or_nowhere(self._stream.flush)

    def isatty(self) -> bool:
        return self._stream.isatty()

    def _or_nowhere(self, say: Callable[[], object]) -> None:
        try:
            say()
        except OSError:
            # What still waits in the stream goes there too, when this process ends.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class Screen:
    """Lines at once; the table while it is entered, whenever `tick` finds it due."""

    def __init__(self, source: Source | None) -> None:
        """*source*: the Prometheus that holds the figures; without one there are lines alone."""
        self._source = source
        output = cast(TextIO, _Output(sys.stdout))
        self._console = Console(file=output, width=None if sys.stdout.isatty() else PLAIN_COLUMNS)
        # No refreshing thread: processes are forked from this one.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._due = 0.0
        self._shown: RenderableType | None = None

    def say(self, part: str, text: str) -> None:
        """One event of *part*, on one line, with the time of day."""
        line = Text(f"{datetime.now():%H:%M:%S}  {part:<{NAME_COLUMNS}}  {text}")
        self._console.print(line, soft_wrap=True)
        self._console.file.flush()

    def __enter__(self) -> Screen:
        """From here on `tick` shows the table."""
        if self._console.is_terminal and self._source is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The table goes; its last state stays as lines. Nobody is asked again: whoever stops it does not wait."""
        if self._source is None or not self._console.is_terminal:
            return
        self._live.stop()
        if kind is None and self._shown is not None:
            self._console.print(self._shown)

    def tick(self) -> None:
        """Show the table again if that is due."""
        if self._source is None or time.monotonic() < self._due:
            return
        if self._console.is_terminal:
            self._due = time.monotonic() + TERMINAL_SECONDS
            self._shown = self._view()
            self._live.update(Group(Text(), self._shown), refresh=True)
        else:
            self._due = time.monotonic() + PLAIN_SECONDS
            self._console.print(self._view())
            self._console.file.flush()

    def _view(self) -> RenderableType:
        assert self._source is not None
        try:
            rows = statuses(read(self._source))
        except BudgetError as error:
            return Text(str(error))
        return Group(table(rows, plain=not self._console.is_terminal, columns=self._console.width), Text(summary(rows)))
