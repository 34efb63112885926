"""`python -m local drill`: breaks a platform of its own on purpose, and proves that the right people hear of it.

Exit codes: 0 every drill passed, 1 one did not or could not be carried out, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from budget import drill_forecast, drill_spec
from budget.drill_spec import Drill
from local import drill, drill_card, drill_platform
from local.drill import Asked
from local.drill_card import Outcome
from local.drill_platform import Interrupted
from local.drill_run import Say
from local.errors import LocalError
from local.past import build as history
from local.settings import ROOT, Settings, from_environment
from local.signals import StopSignals
from slo.errors import SpecErrors
from tools.install import find

FOLDER = Path(__file__).resolve().parent / "drills"
MOST_AT_ONCE = 4
_SAYING = threading.Lock()


@click.command("drill")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Every drill, each to the end of its incidents.")
@click.option("--list", "listed", is_flag=True, help="Show what drills there are, and break nothing.")
@click.option("--full", is_flag=True, help="Wait until PagerDuty has heard of the end, as --all does.")
@click.option("--kill", default="", metavar="PART", help="Kill this part (SIGKILL) in the middle of each drill.")
@click.option("--json", "card", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The scorecard.")
@click.option(
    "--at-once",
    type=click.IntRange(1, MOST_AT_ONCE),
    default=3,
    show_default=True,
    help="Drills at one time, each on a platform of its own.",
)
@click.option("--keep", is_flag=True, help="Leave each platform's logs and data where they are.")
def drill_(
    names: tuple[str, ...],
    *,
    every: bool,
    listed: bool,
    full: bool,
    kill: str,
    card: Path | None,
    at_once: int,
    keep: bool,
) -> None:
    """Carry out drills NAME…, or the three short ones: each on a platform of its own, with a copy of the seeded past.

    A drill says which page must come and by when, as promtool forecasts it from the rules and the history; then it
    breaks the shop, waits to be told, mends, waits until the rules are quiet, and counts orders, money and stock.
    """
    drills = _all()
    if listed:
        _list(drills)
        return
    chosen = _chosen(drills, names, every=every)
    promtool = find("promtool")
    if promtool is None:
        click.echo("promtool is not installed: run make setup", err=True)
        sys.exit(1)
    try:
        settings, rules = from_environment(os.environ), drill_forecast.read_rules(ROOT / "generated", promtool)
    except (LocalError, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    asked = Asked(rules=rules, full=full or every, kill=kill)
    signals = StopSignals()
    began = time.monotonic()
    with signals.caught():
        try:
            history.keep(history.plan(settings, now=time.time()), clock=time.time, say=_sayer("history"))
            outcomes = list(_carried_out(chosen, settings, asked, signals, at_once=at_once, keep=keep))
        except LocalError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
    if signals.asked():
        click.echo("interrupted: everything is mended and stopped", err=True)
        sys.exit(130)
    _show(outcomes, time.monotonic() - began)
    if card is not None:
        _write(outcomes, card)
    sys.exit(0 if all(each.passed for each in outcomes) else 1)


def _carried_out(
    chosen: Sequence[Drill], settings: Settings, asked: Asked, signals: StopSignals, *, at_once: int, keep: bool
) -> Iterator[Outcome]:
    """The outcome of each drill, in their order. Those that take longest begin."""
    with ThreadPoolExecutor(min(at_once, len(chosen))) as pool:
        waiting = {
            each.name: pool.submit(_one, each, settings, asked, signals=signals, keep=keep)
            for each in sorted(chosen, key=_quickness)
        }
        for each in chosen:
            yield waiting[each.name].result()


def _quickness(drill: Drill) -> tuple[bool, bool]:
    """The short ones are; and those whose rules are quiet soon after the mending: a promise's remember five minutes."""
    return drill.short, not any(page.slo for page in drill.pages)


def _one(wanted: Drill, settings: Settings, asked: Asked, *, signals: StopSignals, keep: bool) -> Outcome:
    say = _sayer(wanted.name)
    try:
        if signals.asked():  # one of many that waited for their turn
            raise Interrupted
        say(f"{wanted.title}: starting its platform")
        with drill_platform.running(wanted, settings, stopping=signals.asked, keep=keep) as platform:
            outcome = drill.carry_out(wanted, platform, asked, say)
            if not outcome.passed:
                say(f"its logs and data stay in {platform.settings.run}")
                platform.keep = True
    except Interrupted:
        return Outcome(name=wanted.name, title=wanted.title, wrong=("interrupted",))
    except LocalError as error:
        say(str(error))
        return Outcome(name=wanted.name, title=wanted.title, wrong=(str(error).partition("\n")[0],))
    except Exception as error:  # the others' scorecard is not lost for it
        say(traceback.format_exc())
        return Outcome(name=wanted.name, title=wanted.title, wrong=(f"{type(error).__name__}: {error}",))
    say("passed" if outcome.passed else "; ".join(outcome.wrong))
    return outcome


def _all() -> tuple[Drill, ...]:
    try:
        return drill_spec.load(FOLDER)
    except SpecErrors as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _chosen(drills: Sequence[Drill], names: Sequence[str], *, every: bool) -> Sequence[Drill]:
    if every and names:
        raise click.UsageError("--all means every drill: name none, or leave it out")
    by_name = {each.name: each for each in drills}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}: there are {', '.join(by_name)}", param_hint="NAME")
    if every:
        return drills
    return [by_name[name] for name in dict.fromkeys(names)] or [each for each in drills if each.short]


def _list(drills: Sequence[Drill]) -> None:
    width = max(len(each.name) for each in drills)
    for each in drills:
        pages = ", ".join(page.alert for page in each.pages)
        click.echo(f"{each.name:<{width}}  {'short' if each.short else '     '}  {each.title}: {pages}")


def _write(outcomes: Sequence[Outcome], card: Path) -> None:
    try:
        drill_card.write_json(outcomes, card)
    except OSError as error:
        click.echo(f"{card} cannot be written: {error.strerror}", err=True)
        sys.exit(1)


def _sayer(name: str) -> Say:
    """Says one line at a time, with the time of day, whoever else speaks."""

    def say(text: str) -> None:
        with _SAYING:
            for line in text.splitlines():
                click.echo(f"{datetime.now():%H:%M:%S}  {name:<20}  {line}")
            sys.stdout.flush()

    return say


def _show(outcomes: Sequence[Outcome], seconds: float) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print()
    console.print(drill_card.table(outcomes))
    passed = sum(each.passed for each in outcomes)
    console.print(f"{passed} of {len(outcomes)} drills passed in {seconds / 60:.1f} min")
