"""`python -m budget`: the commands that show what is left of each promise."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from budget.errors import BudgetError, Unreachable
from budget.prometheus import Prometheus
from budget.status import SloStatus, read, statuses
from budget.table import as_json, summary, table

WATCH_SECONDS = 5.0
PLAIN_COLUMNS = 160  # a pipe has no width of its own, and a row must stay one line


class _Server(click.ParamType[Prometheus]):
    """An address on the command line, as the client that asks it."""

    name = "URL"

    def convert(self, value: str | Prometheus, param: click.Parameter | None, ctx: click.Context | None) -> Prometheus:
        """The client, or a usage error that does not repeat the address: it may hold a password."""
        if isinstance(value, Prometheus):
            return value
        try:
            return Prometheus(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _local_address() -> str:
    """Where this machine's platform keeps its Prometheus."""
    try:
        shift = int(os.environ.get("PORT_BASE") or 8000) - 8000
    except ValueError:
        raise click.UsageError("PORT_BASE: expected a whole number, as 8000 is") from None
    return f"http://127.0.0.1:{9090 + shift}"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """What is left of each promise, from a running Prometheus."""


@main.command()
@click.option(
    "--prometheus",
    "server",
    type=_Server(),
    envvar="TILLWATCH_PROMETHEUS",
    default=_local_address,
    show_default="http://127.0.0.1:9090, moved with the platform by PORT_BASE",
    show_envvar=True,
    help="The server to ask.",
)
@click.option("--watch", is_flag=True, help="Show it again every 5 seconds, until Ctrl-C.")
@click.option("--json", "as_data", is_flag=True, help="For programs: ratios 0-1, null where there is no value.")
def status(server: Prometheus, *, watch: bool, as_data: bool) -> None:
    """Each SLO's objective, burn rate and budget left, and its alerts."""
    if watch and as_data:
        raise click.UsageError("--watch draws for people: it does not go with --json")
    if watch:
        _watch(server)
    elif as_data:
        click.echo(json.dumps(as_json(_rows(server)), indent=2, allow_nan=False))
    else:
        console = _console()
        console.print(_view(_rows(server), plain=not console.is_terminal, columns=console.width))


def _watch(server: Prometheus) -> None:
    console = _console()
    plain = not console.is_terminal
    try:
        view = _view(_rows(server), plain=plain, columns=console.width)
        with _screen(console) as show:
            while True:
                show(view)
                time.sleep(WATCH_SECONDS)
                view = _next_view(server, plain=plain, columns=console.width)
    except KeyboardInterrupt:
        return


def _next_view(server: Prometheus, *, plain: bool, columns: int) -> RenderableType:
    """The table, or why there is none now: a server that restarts does not end the watch."""
    try:
        return _view(statuses(read(server)), plain=plain, columns=columns)
    except BudgetError as error:
        return Text(f"{error}; asking again")


@contextmanager
def _screen(console: Console) -> Iterator[Callable[[RenderableType], None]]:
    """Something that shows a view: in place on a terminal, one under the other in a file."""
    if not console.is_terminal:
        yield console.print
        return
    with Live(console=console, auto_refresh=False) as live:
        yield partial(live.update, refresh=True)


def _rows(server: Prometheus) -> tuple[SloStatus, ...]:
    try:
        return statuses(read(server))
    except BudgetError as error:
        _fail(error)


def _view(rows: tuple[SloStatus, ...], *, plain: bool, columns: int) -> RenderableType:
    if rows:
        return Group(table(rows, plain=plain, columns=columns), Text(summary(rows)))
    return Text("This Prometheus has no SLO rules: ./generate.py build writes them, its rule_files load them.")


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_COLUMNS)


def _fail(error: BudgetError) -> NoReturn:
    if isinstance(error, Unreachable):
        click.echo(f"{error}: start it with make demo, or name another with --prometheus", err=True)
    else:
        click.echo(str(error), err=True)
    sys.exit(1)


if __name__ == "__main__":
    main(prog_name="python -m budget")
