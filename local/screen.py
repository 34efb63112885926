"""What people see while the platform runs: a line per event, and the status of every SLO.

On a terminal the table stays at the foot and is redrawn; in a file it comes as a block every now and then.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from budget.errors import BudgetError
from budget.status import Source, read, statuses
from budget.table import summary, table

TERMINAL_SECONDS = 2.0
PLAIN_SECONDS = 15.0
PLAIN_COLUMNS = 160
NAME_COLUMNS = 20


class Screen:
    """Lines at once; the table while it is entered, whenever `tick` finds it due."""

    def __init__(self, source: Source | None) -> None:
        """*source*: the Prometheus that holds the figures; without one there are lines alone."""
        self._source = source
        self._console = Console() if sys.stdout.isatty() else Console(width=PLAIN_COLUMNS)
        # No refreshing thread: processes are forked from this one.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._due = 0.0

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
        """The table goes; its last state stays as lines."""
        if self._source is None:
            return
        if self._console.is_terminal:
            self._live.stop()
        if kind is None:
            self._block()

    def tick(self) -> None:
        """Show the table again if that is due."""
        if self._source is None or time.monotonic() < self._due:
            return
        if self._console.is_terminal:
            self._due = time.monotonic() + TERMINAL_SECONDS
            self._live.update(Group(Text(), self._view()), refresh=True)
        else:
            self._due = time.monotonic() + PLAIN_SECONDS
            self._block()

    def _block(self) -> None:
        self._console.print(self._view())
        self._console.file.flush()

    def _view(self) -> RenderableType:
        assert self._source is not None
        try:
            rows = statuses(read(self._source))
        except BudgetError as error:
            return Text(str(error))
        return Group(table(rows, plain=not self._console.is_terminal, columns=self._console.width), Text(summary(rows)))
