"""`python -m budget report`: which promises were kept and what spent their budgets, as a page for anybody."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import click

from budget import time_range, whole_files
from budget.command_line import SPECS, advice, or_usage
from budget.errors import BudgetError
from budget.plain_text import printable
from budget.prometheus import Prometheus
from budget.report_json import as_json
from budget.report_model import Report
from budget.report_reading import read_report
from budget.report_words import headline
from budget.server_option import server_option
from slo import windows
from slo.errors import TillwatchError
from slo.load import load

NAME = "budget-report"
ANSWER_SECONDS = 60.0  # a week of every SLO's records
MOST_DAYS = 92


@click.command()
@server_option(ANSWER_SECONDS)
@click.option("--from", "start", metavar="TIME", help="RFC 3339, Unix seconds, or -7d; else each SLO's own period.")
@click.option("--to", "end", default="now", show_default=True, metavar="TIME", help="The same.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), metavar="N", help="The N days until --to, for every SLO.")
@click.option(
    "--service", "services", multiple=True, metavar="NAME", help="Only the SLOs of this service, or of these."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help=f"Where {NAME}.html and {NAME}.md are written; here, unless --json is given.",
)
@click.option("--json", "as_data", is_flag=True, help="For programs: ratios 0-1, null where nothing is known.")
@click.option(
    "--specs",
    type=click.Path(path_type=Path),
    default=SPECS,
    show_default="slo/specs",
    help="Where SLOs are described in words; figures come from Prometheus.",
)
def report(
    server: Prometheus,
    start: str | None,
    end: str,
    days: int | None,
    services: tuple[str, ...],
    out: Path | None,
    *,
    as_data: bool,
    specs: Path,
) -> None:
    """What is left of each budget, what spent it, and how that was before: an HTML page and Markdown."""
    now = time.time()
    begin, until = bounds(start, end, days, now)
    made = _made(server, begin, until, services, specs)
    if as_data:
        click.echo(json.dumps(as_json(made), indent=2, allow_nan=False))
    if not as_data or out is not None:
        _write(made, out or Path(), quiet=as_data)


def bounds(start: str | None, end: str, days: int | None, now: float) -> tuple[float | None, float]:
    """From when to when; without a begin each SLO has its own period. What cannot be is a usage error."""
    if start is not None and days is not None:
        raise click.UsageError("--from and --days both say where the range begins: give one of them")
    until = or_usage(time_range.moment, end, now)
    if until > now + time_range.CLOCKS_DIFFER_SECONDS:
        raise click.UsageError(f"--to is in the future: {time_range.spelt(until)}, and it is {time_range.spelt(now)}")
    if days is not None:
        return until - days * windows.DAY, until
    if start is None:
        return None, until
    begin = or_usage(time_range.moment, start, now)
    if not windows.HOUR <= until - begin <= MOST_DAYS * windows.DAY:
        said = f"{time_range.spelt(begin)} to {time_range.spelt(until)}"
        raise click.UsageError(f"a report covers an hour to {MOST_DAYS} days, and not {said}: mend --from or --to")
    return begin, until


def _made(server: Prometheus, start: float | None, end: float, services: tuple[str, ...], specs: Path) -> Report:
    try:
        made = read_report(
            server, server=server.url, start=start, end=end, services=services, descriptions=_descriptions(specs)
        )
    except BudgetError as error:
        click.echo(advice(error), err=True)
        sys.exit(1)
    if not made.slos and not services:
        # What is written would say nothing, in the place of what was written yesterday.
        said = f"{server.url} knows no SLO at {time_range.spelt(made.end)}: load the rules of ./generate.py build there"
        click.echo(printable(said), err=True)
        sys.exit(1)
    known = {name for name, _ in made.services}
    if missing := [name for name in services if name not in known]:
        raise click.UsageError(printable(f"no SLO of service {', '.join(missing)} is known to {server.url}"))
    return made


def _descriptions(specs: Path) -> Mapping[str, str]:
    """What SLOs promise in words; nothing of specs that cannot be read, for the figures do not need them."""
    try:
        return {slo.id: slo.description for slo in load([str(specs)], plugins=True, runbooks=False).slos}
    except TillwatchError as error:
        first = str(error).splitlines()[0]
        click.echo(printable(f"warning: SLOs are shown without their descriptions: {first}"), err=True)
        return {}


def _write(made: Report, folder: Path, *, quiet: bool) -> None:
    if find_spec("matplotlib") is None:
        raise click.ClickException("matplotlib is not installed here; run `make setup` first, or ask for --json")
    # Half a second to import, which --json does not need.
    from budget import report_page  # noqa: PLC0415

    pages = {folder / f"{NAME}.html": report_page.html(made), folder / f"{NAME}.md": report_page.markdown(made)}
    try:
        whole_files.put(pages)
    except OSError as error:
        raise click.ClickException(printable(f"{error.filename or folder}: {error.strerror}")) from None
    if not quiet:
        click.echo(f"{headline(made)} → {' and '.join(str(path) for path in pages)}")
