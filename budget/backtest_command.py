"""`python -m budget backtest`: what an SLO's rules would have told. Exit codes: 0 done, 1 faults, 2 usage.

This module alone joins what budget knows with what `alerts` writes and where `tools` finds programs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NoReturn

import click

from alerts.rule_files import alerts_of
from budget import backtest_json, backtest_run, backtest_text, time_range
from budget.backtest import Backtest
from budget.backtest_run import Asked
from budget.backtest_server import Programs
from budget.command_line import SPECS, advice, or_usage
from budget.errors import BudgetError
from budget.plain_text import printable
from budget.prometheus import Prometheus
from budget.server_option import server_option
from slo import scalars
from slo.errors import SpecErrors
from slo.load import load
from slo.model import Plugin, Slo
from slo.rule import Alert
from slo.rule_context import shared
from tools import install

ANSWER_SECONDS = 60.0  # a week of a record, or of raw series, by the minute
MOST_DAYS = 366


@click.command()
@click.option("--slo", "slo_id", required=True, metavar="ID", help="Which one: service-name, as its rules call it.")
@click.option("--objective", metavar="PERCENT", help="As if this were promised: 99.95.")
@click.option("--window", metavar="PERIOD", help="As if it were promised over this period: 7d, 28d.")
@click.option(
    "--min-failures", type=click.IntRange(0, 1_000_000), metavar="N", help="As if nobody were told below N bad events."
)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    metavar="N",
    help="So many days up to the end.  [default: 30, or all of a shorter file]",
)
@click.option("--from", "start", metavar="TIME", help="In place of --days: RFC 3339, Unix seconds, or -5d.")
@click.option("--to", "end", metavar="TIME", help="The same.  [default: now, or the file's end]")
@server_option(ANSWER_SECONDS)
@click.option("--raw", is_flag=True, help="Ask for the SLI's own series, even where the rules recorded it.")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="HISTORY",
    help="In place of a server: time,bad,total by the minute (.csv), or OpenMetrics (.om).",
)
@click.option(
    "--specs",
    type=click.Path(exists=True, path_type=Path),
    default=SPECS,
    show_default="slo/specs",
    help="What was promised.",
)
@click.option("--json", "as_data", is_flag=True, help="For programs: ratios 0-1, null where there is no value.")
@click.pass_context
def backtest(  # noqa: PLR0913  # an option each
    ctx: click.Context,
    *,
    slo_id: str,
    objective: str | None,
    window: str | None,
    min_failures: int | None,
    days: int | None,
    start: str | None,
    end: str | None,
    server: Prometheus,
    file: Path | None,
    specs: Path,
    raw: bool,
    as_data: bool,
) -> None:
    """Which pages and tickets an SLO would have sent over a history: as written, and as the options change it."""
    if start is not None and days is not None:
        raise click.UsageError("--days and --from both say when it begins: give one")
    if file is not None and (raw or ctx.get_parameter_source("server") is click.core.ParameterSource.COMMANDLINE):
        raise click.UsageError("--file takes the place of a server: it does not go with --prometheus or --raw")
    now = time.time()
    slo = _chosen(_loaded(specs), slo_id)
    changed = _changed(slo, objective, window, min_failures)
    asked = Asked(
        slos=(slo,) if changed == slo else (slo, changed),
        now=now,
        days=days,
        start=None if start is None else or_usage(time_range.moment, start, now),
        end=None if end is None else or_usage(time_range.moment, end, now),
    )
    _in_past(asked)
    found = _found(asked, server, file, raw=raw)
    if as_data:
        click.echo(json.dumps(backtest_json.as_json(found), indent=2, allow_nan=False))
    else:
        click.echo("\n".join(backtest_text.lines(found)))


def _found(asked: Asked, server: Prometheus, file: Path | None, *, raw: bool) -> Backtest:
    programs = installed()
    try:
        if file is not None:
            return backtest_run.on_file(asked, file, alerts, programs, say=_say)
        return backtest_run.on_server(asked, server, alerts, programs, raw=raw, say=_say)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None
    except (BudgetError, SpecErrors) as error:
        _fail(error)


def alerts(slo: Slo) -> tuple[Iterable[Alert], Iterable[Alert]]:
    """The alerts that the generator writes for *slo*: of its fast group, and of its slow one."""
    return alerts_of(shared(slo))


def installed() -> Programs:
    """The real programs; without them nothing is evaluated."""
    prometheus, promtool = (install.find(name) for name in ("prometheus", "promtool"))
    if prometheus is None or promtool is None:
        click.echo("Prometheus and promtool evaluate the rules, and are not installed: run make setup", err=True)
        sys.exit(1)
    return Programs(prometheus=prometheus, promtool=promtool)


def _loaded(specs: Path) -> tuple[Slo, ...]:
    try:
        return load([str(specs)], plugins=True).slos
    except SpecErrors as error:
        _fail(error)


def _chosen(slos: tuple[Slo, ...], slo_id: str) -> Slo:
    found = [slo for slo in slos if slo.id == slo_id]
    if not found:
        there = ", ".join(sorted(slo.id for slo in slos))
        raise click.UsageError(printable(f"no SLO {slo_id}: there are {there}"))
    if len(found) > 1:
        raise click.UsageError(printable(f"{len(found)} copies of {slo_id}: name the file of one with --specs"))
    if isinstance(found[0].sli, Plugin):
        click.echo(f"{slo_id} is measured by a sloth plugin, which has no query to evaluate", err=True)
        sys.exit(1)
    return found[0]


def _changed(slo: Slo, objective: str | None, window: str | None, min_failures: int | None) -> Slo:
    """*slo* as the options would have it; they are held to what a spec may say."""
    percent = slo.objective if objective is None else or_usage(_percent, objective)
    days = slo.period_days if window is None else or_usage(scalars.period_days, window)
    least = slo.alerting.min_failures if min_failures is None else min_failures
    return replace(slo, objective=percent, period_days=days, alerting=replace(slo.alerting, min_failures=least))


def _percent(text: str) -> Decimal:
    try:
        return scalars.objective(Decimal(text.removesuffix("%").strip()))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no objective: expected per cent, such as 99.95") from None


def _in_past(asked: Asked) -> None:
    """A range that is no range of the past is a usage error before anything is read."""
    if asked.end is not None and asked.end > asked.now + time_range.CLOCKS_DIFFER_SECONDS:
        raise click.UsageError(f"--to is in the future: {time_range.spelt(asked.end)}")
    if asked.start is not None and asked.start < (asked.end or asked.now) - MOST_DAYS * 86_400:
        raise click.UsageError(f"the range is longer than {MOST_DAYS} days: backtest it in parts")


def _say(text: str) -> None:
    """Progress, beside what is asked for."""
    click.echo(printable(text), err=True)


def _fail(error: BudgetError | SpecErrors) -> NoReturn:
    lines = [advice(error)] if isinstance(error, BudgetError) else map(printable, str(error).splitlines())
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)
