"""`python -m budget verdict`: whether a range kept the promises. Exit codes: 0 pass, 1 fail, 2 usage, 4 no data."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import click
from rich.console import Console
from rich.text import Text

from budget import time_range, verdict_json, verdict_junit, verdict_reading, verdict_table
from budget.errors import BudgetError, Unreachable
from budget.plain_text import printable
from budget.prometheus import Prometheus
from budget.server_option import server_option
from budget.verdict_json import Run
from slo.errors import SpecErrors
from slo.load import load
from slo.model import Slo

EXIT_CODES = {"pass": 0, "fail": 1, "no data": 4}
SPECS = Path(__file__).resolve().parents[1] / "slo" / "specs"
ANSWER_SECONDS = 30.0  # a day of a busy service's counters
PLAIN_COLUMNS = 1000  # a pipe has no width of its own: every column is there, and a row stays one line
Value = TypeVar("Value")


@click.command()
@click.option(
    "--from", "start", required=True, metavar="TIME", help="RFC 3339, Unix seconds, or -5m for 5 minutes ago."
)
@click.option(
    "--to", "end", default="now", show_default=True, metavar="TIME", help="The same; one scrape after the run."
)
@server_option(ANSWER_SECONDS)
@click.option(
    "--traffic",
    type=click.Choice(["user", "probe", "load"]),
    default="user",
    show_default=True,
    help='The class that is counted where an SLI asks for traffic="user".',
)
@click.option("--slo", "ids", multiple=True, metavar="ID", help="Only this SLO, or these; each must then have data.")
@click.option(
    "--service", "services", multiple=True, metavar="NAME", help="Only the SLOs of this service, or of these."
)
@click.option(
    "--specs",
    type=click.Path(exists=True, path_type=Path),
    default=SPECS,
    show_default="slo/specs",
    help="What was promised.",
)
@click.option("--json", "as_data", is_flag=True, help="For programs: ratios 0-1, null where there is no value.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="For CI: JUnit XML.")
@click.option(
    "--step", default="15s", show_default=True, metavar="DURATION", help="How finely it is counted, 1s to 1m."
)
def verdict(  # noqa: PLR0913  # an option each
    start: str,
    end: str,
    server: Prometheus,
    traffic: str,
    ids: tuple[str, ...],
    services: tuple[str, ...],
    specs: Path,
    *,
    as_data: bool,
    junit: Path | None,
    step: str,
) -> None:
    """Whether a range kept each SLO, the budget that it would have spent, and whom it would have told.

    Exit codes: 0 pass, 1 fail, 2 wrong usage, 4 no data or no answer.
    """
    now = time.time()
    begin, until = (_or_usage(time_range.moment, text, now) for text in (start, end))
    seconds = _or_usage(time_range.step, step)
    grid = _or_usage(lambda: time_range.grid(begin, until, step_seconds=seconds, now=now))
    slos = _chosen(_loaded(specs), ids, services)
    try:
        rows = verdict_reading.verdicts(server, slos, grid, traffic)
    except BudgetError as error:
        _unanswered(error)
    run = verdict_json.Run(grid=grid, traffic=traffic, prometheus=server.url, rows=rows, named=bool(ids))
    if junit is not None:
        _written(junit, verdict_junit.as_junit(run))
    if as_data:
        click.echo(json.dumps(verdict_json.as_json(run), indent=2, allow_nan=False))
    else:
        _show(run)
    sys.exit(EXIT_CODES[run.verdict])


def _or_usage(read: Callable[..., Value], *given: object) -> Value:
    try:
        return read(*given)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None


def _loaded(specs: Path) -> tuple[Slo, ...]:
    try:
        return load([str(specs)], plugins=True).slos
    except SpecErrors as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def _chosen(slos: tuple[Slo, ...], ids: tuple[str, ...], services: tuple[str, ...]) -> tuple[Slo, ...]:
    """The SLOs of these ids and services; a name that none has is a usage error: a typo would look like success."""
    _known("SLO", ids, {slo.id for slo in slos})
    _known("service", services, {slo.service for slo in slos})
    found = tuple(slo for slo in slos if (not ids or slo.id in ids) and (not services or slo.service in services))
    if not found:
        raise click.UsageError("no SLO is of both these --slo and these --service")
    return found


def _known(what: str, names: tuple[str, ...], known: set[str]) -> None:
    if missing := [name for name in names if name not in known]:
        raise click.UsageError(printable(f"no {what} {', '.join(missing)}: there are {', '.join(sorted(known))}"))


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(printable(f"--junit: {path} cannot be written: {error.strerror}")) from None


def _show(run: Run) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=PLAIN_COLUMNS)
    console.print(verdict_table.table(run, plain=not console.is_terminal, columns=console.width))
    console.print(Text(f"\n{verdict_table.summary(run, columns=console.width)}"))


def _unanswered(error: BudgetError) -> NoReturn:
    if isinstance(error, Unreachable):
        click.echo(printable(f"{error}: start it with make demo, or name another with --prometheus"), err=True)
    else:
        click.echo(printable(str(error)), err=True)
    sys.exit(EXIT_CODES["no data"])
