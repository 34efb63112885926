"""`python -m budget`: the commands that show what is left of each promise."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import NoReturn

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from budget.errors import BudgetError, Unreachable
from budget.json_document import as_json
from budget.on_demand import OnDemand
from budget.plain_text import printable
from budget.prometheus import Prometheus
from budget.readings import read
from budget.server_option import server_option
from budget.status import SloStatus, statuses
from budget.table import summary, table, urgent

WATCH_SECONDS = 5.0
PLAIN_COLUMNS = 1000  # a pipe has no width of its own: every column is there, and a row stays one line
TABLE_FRAME = 5  # lines of a table on a terminal beside its rows, and the one that a prompt needs


@click.group(cls=OnDemand, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """What is left of each promise, from a running Prometheus."""


@main.command()
@server_option()
@click.option("--watch", is_flag=True, help="Show it again every 5 seconds, until Ctrl-C.")
@click.option("--json", "as_data", is_flag=True, help="For programs: ratios 0-1, null where there is no value.")
@click.option(
    "--service", "services", multiple=True, metavar="NAME", help="Only the SLOs of this service, or of these."
)
def status(server: Prometheus, *, watch: bool, as_data: bool, services: tuple[str, ...]) -> None:
    """Each SLO's objective, burn rates and budget left, when that is spent, and its alerts."""
    if watch and as_data:
        raise click.UsageError("--watch draws for people: it does not go with --json")
    if watch:
        with suppress(KeyboardInterrupt):
            _watch(server, services)
    elif as_data:
        click.echo(json.dumps(as_json(_rows(server, services)), indent=2, allow_nan=False))
    else:
        console = _console()
        console.print(_view(_rows(server, services), console))


def _rows(server: Prometheus, services: tuple[str, ...]) -> tuple[SloStatus, ...]:
    try:
        return _chosen(statuses(read(server)), services)
    except BudgetError as error:
        _fail(error)


def _chosen(rows: tuple[SloStatus, ...], services: tuple[str, ...]) -> tuple[SloStatus, ...]:
    """The rows of *services*; of all, without any. One that has no SLO is a usage error: a typo would look healthy."""
    known = sorted({row.service for row in rows})
    missing = [name for name in services if name not in known]
    if missing and rows:
        raise click.UsageError(
            printable(f"no SLO of service {', '.join(missing)}: there are {', '.join(map(str, known))}")
        )
    return tuple(row for row in rows if not services or row.service in services)


def _watch(server: Prometheus, services: tuple[str, ...]) -> None:
    console, note = _console(), Text()
    rows = _rows(server, services)
    with _screen(console) as show:
        while True:
            view = _view(rows, console, tall=not console.is_terminal)
            show(Group(view, note) if note else view)
            time.sleep(WATCH_SECONDS)
            rows, note = _next(server, services, rows)


def _next(
    server: Prometheus, services: tuple[str, ...], rows: tuple[SloStatus, ...]
) -> tuple[tuple[SloStatus, ...], Text]:
    """What is so now; or what was so, and why it is not known now: a server that restarts does not end the watch."""
    try:
        found = statuses(read(server))
    except BudgetError as error:
        since = f"{datetime.fromtimestamp(rows[0].at):%H:%M:%S}" if rows else "before"
        return rows, Text(printable(f"{error}; asking again. The figures are those of {since}."))
    return tuple(row for row in found if not services or row.service in services), Text()


@contextmanager
def _screen(console: Console) -> Iterator[Callable[[RenderableType], None]]:
    """Something that shows a view: in place on a terminal, one under the other in a file."""
    if not console.is_terminal:
        yield console.print
        return
    with Live(console=console, auto_refresh=False) as live:
        yield partial(live.update, refresh=True)


def _view(rows: tuple[SloStatus, ...], console: Console, *, tall: bool = True) -> RenderableType:
    """The table and what belongs beneath it. *tall*: whether it may be taller than the terminal, which then scrolls."""
    if not rows:
        return Text("This Prometheus has no SLO rules: ./generate.py build writes them, its rule_files load them.")
    said = summary(rows)
    room = console.height - TABLE_FRAME - said.count("\n")
    shown = rows if tall or len(rows) <= room else urgent(rows, room - 1)
    if len(shown) < len(rows):
        said = f"{len(rows) - len(shown)} more that can wait: this terminal is low\n{said}"
    return Group(table(shown, plain=not console.is_terminal, columns=console.width), Text(f"\n{said}"))


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_COLUMNS)


def _fail(error: BudgetError) -> NoReturn:
    if isinstance(error, Unreachable):
        click.echo(printable(f"{error}: start it with make demo, or name another with --prometheus"), err=True)
    else:
        click.echo(printable(str(error)), err=True)
    sys.exit(1)


if __name__ == "__main__":
    main(prog_name="python -m budget")
