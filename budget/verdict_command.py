"""`python -m budget verdict`: whether a range kept the promises. Exit codes: 0 pass, 1 fail, 2 usage, 4 no data."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.text import Text

from budget import (
    postmortem_scorecard,
    scorecard_witness,
    time_range,
    verdict_drill,
    verdict_json,
    verdict_junit,
    verdict_reading,
    verdict_table,
)
from budget.command_line import PLAIN_COLUMNS, SPECS, advice, or_usage
from budget.errors import BudgetError
from budget.plain_text import printable
from budget.postmortem_scorecard import Scorecard
from budget.prometheus import Prometheus
from budget.server_option import server_option
from budget.time_range import Grid
from budget.verdict import Judgement
from budget.verdict_json import Run
from slo.errors import SpecErrors
from slo.load import load
from slo.model import Slo

EXIT_CODES = {"pass": 0, "fail": 1, "no data": 4}
ANSWER_SECONDS = 30.0  # a day of a busy service's counters


@click.command()
@click.option("--from", "start", metavar="TIME", help="RFC 3339, Unix seconds, or -5m for 5 minutes ago.")
@click.option("--to", "end", metavar="TIME", help="The same; one scrape after the run.  [default: now]")
@click.option(
    "--drill",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The scorecard of `python -m local drill --json`: it decides, and so does what --slo names.",
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
    start: str | None,
    end: str | None,
    drill: Path | None,
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

    Or whether a drill went as foreseen: pages in time, none beside them, nothing lost.

    Exit codes: 0 pass, 1 fail, 2 wrong usage, 4 no data or no answer.
    """
    card = None if drill is None else or_usage(postmortem_scorecard.read, drill)
    grid = _grid(card, start, end, or_usage(time_range.step, step))
    slos = _chosen(_loaded(specs), ids, services)
    rows, notes = _judged(server, slos, grid, traffic, card)
    run = verdict_json.Run(
        grid=grid,
        traffic=traffic,
        prometheus=server.url,
        rows=rows,
        named=bool(ids),
        drills=verdict_drill.judged(card),
        notes=notes,
    )
    if junit is not None:
        _written(junit, verdict_junit.as_junit(run))
    if as_data:
        click.echo(json.dumps(verdict_json.as_json(run), indent=2, allow_nan=False))
    else:
        _show(run)
    sys.exit(EXIT_CODES[run.verdict])


def _grid(card: Scorecard | None, start: str | None, end: str | None, step_seconds: float) -> Grid | None:
    """The range; None of drills of which nobody says when they were, and which are judged all the same."""
    now = time.time()
    begin, until = or_usage(postmortem_scorecard.bounds, card, start, end, now)
    if begin is None and card is None:
        raise click.UsageError("nothing says when it began: give --from, or --drill")
    if begin is None:
        return None
    last = now if until is None else until
    return or_usage(lambda: time_range.grid(begin, last, step_seconds=step_seconds, now=now))


def _judged(
    server: Prometheus, slos: tuple[Slo, ...], grid: Grid | None, traffic: str, card: Scorecard | None
) -> tuple[tuple[Judgement, ...], tuple[str, ...]]:
    """The SLOs, and what limits that. A scorecard can be judged without them: a drill's own server ends with it."""
    if grid is None:
        return (), ("SLOs are not judged: the scorecard does not say when its drills were; give --from",)
    try:
        rows = verdict_reading.verdicts(server, slos, grid, traffic)
        return rows, scorecard_witness.stranger(server, card, server=server.url, start=grid.start, end=grid.end)
    except BudgetError as error:
        if card is None:
            _unanswered(error)
        return (), (f"SLOs are not judged: {error}",)


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
    if run.drills:
        console.print(Text(verdict_table.drills(run)), soft_wrap=True)
    if run.drills and run.rows:
        console.print()
    if run.rows or not run.drills:
        console.print(verdict_table.table(run, plain=not console.is_terminal, columns=console.width))
    console.print(Text(f"\n{verdict_table.summary(run, columns=console.width)}"))


def _unanswered(error: BudgetError) -> NoReturn:
    click.echo(advice(error), err=True)
    sys.exit(EXIT_CODES["no data"])
