"""`python -m budget postmortem`: begins the page on an incident or a drill with all that Prometheus knows of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from budget import postmortem_page, postmortem_scorecard, scorecard_witness, time_range, whole_files
from budget.command_line import SPECS, advice, or_usage
from budget.errors import BudgetError, Unreachable
from budget.plain_text import printable
from budget.postmortem import Postmortem
from budget.postmortem_reading import read_postmortem, without_server
from budget.postmortem_scorecard import Scorecard
from budget.prometheus import Prometheus
from budget.server_option import server_option
from slo import windows
from slo.errors import TillwatchError
from slo.load import load
from slo.model import Slo

ANSWER_SECONDS = 30.0
MOST_SECONDS = 4 * windows.DAY


@click.command()
@click.option("--from", "start", metavar="TIME", help="RFC 3339, Unix seconds, or -2h for two hours ago.")
@click.option("--to", "end", metavar="TIME", help="The same; now, unless it is given.")
@click.option(
    "--drill", type=click.Path(path_type=Path), metavar="FILE", help="The scorecard of `python -m local drill --json`."
)
@server_option(ANSWER_SECONDS)
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only what is of this service, or of these.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="A new file."
)
@click.option(
    "--specs", type=click.Path(path_type=Path), default=SPECS, show_default="slo/specs", help="What was promised."
)
def postmortem(
    start: str | None,
    end: str | None,
    drill: Path | None,
    server: Prometheus,
    services: tuple[str, ...],
    out: Path,
    specs: Path,
) -> None:
    """The page of an incident: its timeline, what it spent and who was told; and what people have to fill in."""
    if out.exists():
        raise click.UsageError(printable(f"{out} is there already, with what people wrote: name another --out"))
    now = time.time()
    scorecard = None if drill is None else or_usage(postmortem_scorecard.read, drill)
    begin, until = _bounds(start, end, scorecard, now)
    slos = _slos(specs, services)
    found = replace(_found(server, slos, begin, until, services, scorecard), scorecard=scorecard)
    try:
        whole_files.put({out: postmortem_page.markdown(found, services)})
    except OSError as error:
        raise click.ClickException(printable(f"{error.filename or out}: {error.strerror}")) from None
    for note in found.notes:
        click.echo(printable(f"warning: {note}"), err=True)
    click.echo(printable(f"{len(found.timeline)} lines of timeline → {out}"))


def _bounds(start: str | None, end: str | None, scorecard: Scorecard | None, now: float) -> tuple[float, float]:
    begin, until = or_usage(postmortem_scorecard.bounds, scorecard, start, end, now)
    if begin is None:
        said = "the scorecard does not say when it began" if scorecard is not None else "nothing says when it began"
        raise click.UsageError(f"{said}: give --from")
    if until is None:
        until = now
    if until > now + time_range.CLOCKS_DIFFER_SECONDS:
        raise click.UsageError(f"--to is in the future: {time_range.spelt(until)}, and it is {time_range.spelt(now)}")
    if not 1 <= until - begin <= MOST_SECONDS:
        said = f"{time_range.spelt(begin)} to {time_range.spelt(until)}"
        raise click.UsageError(f"a postmortem covers a second to 4 days, and not {said}: mend --from or --to")
    return begin, until


def _slos(specs: Path, services: tuple[str, ...]) -> tuple[Slo, ...]:
    try:
        slos = load([str(specs)], plugins=True, runbooks=False).slos
    except TillwatchError as error:
        first = str(error).splitlines()[0]
        click.echo(printable(f"warning: what was spent is left out, for the specs cannot be read: {first}"), err=True)
        return ()
    known = {slo.service for slo in slos}
    if missing := [name for name in services if name not in known]:
        raise click.UsageError(
            printable(f"no SLO of service {', '.join(missing)}: there are {', '.join(sorted(known))}")
        )
    return tuple(slo for slo in slos if not services or slo.service in services)


def _found(
    server: Prometheus,
    slos: tuple[Slo, ...],
    start: float,
    end: float,
    services: tuple[str, ...],
    scorecard: Scorecard | None,
) -> Postmortem:
    try:
        found = read_postmortem(server, slos, server=server.url, start=start, end=end, services=services)
        strange = scorecard_witness.stranger(server, scorecard, server=server.url, start=start, end=end)
        return replace(found, notes=(*found.notes, *strange))
    except Unreachable as error:
        if scorecard is None:
            raise click.ClickException(advice(error)) from None
        return without_server(server=server.url, start=start, end=end, error=error)
    except BudgetError as error:
        raise click.ClickException(advice(error)) from None
