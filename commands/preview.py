"""`./generate.py preview`: dashboards with the answers of a live Prometheus; the only command that asks a network."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands import options, own_files
from commands.inputs import Inputs
from commands.wording import Faults, count
from slo.errors import TillwatchError

if TYPE_CHECKING:
    from dashboards.model import Dashboard


@click.command()
@options.inputs
@click.option("--prometheus", "address", required=True, metavar="URL", help="Where the data come from.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("preview.html"),
    show_default=True,
    help="The page that is written.",
)
@click.option("--dashboard", "uids", multiple=True, metavar="UID", help="This one alone; may be given several times.")
@click.option("--variable", "values", multiple=True, metavar="NAME=VALUE", help="A choice, as at the top of a page.")
def preview(inputs: Inputs, address: str, out: Path, uids: tuple[str, ...], values: tuple[str, ...]) -> None:
    """Show the dashboards with live data, as one HTML page and without a Grafana."""
    if find_spec("matplotlib") is None or find_spec("urllib3") is None:
        raise click.ClickException(
            f"matplotlib and urllib3 are not installed here; run `make setup` in {own_files.ROOT} first"
        )
    from budget.errors import BudgetError, QueryFailed
    from budget.prometheus import Prometheus
    from dashboards import index
    from dashboards import preview as pages

    try:
        source = Prometheus(address, timeout_seconds=30)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--prometheus") from None
    chosen = dict(_choice(each) for each in values)
    try:
        boards = {each.uid: each for each in index.dashboards(inputs.load())}
        if unknown := [uid for uid in uids if uid not in boards]:
            raise click.BadParameter(
                f"no dashboard is {', '.join(unknown)}; known: {', '.join(boards)}", param_hint="--dashboard"
            )
        _known([boards[uid] for uid in uids or boards], chosen)
        source.version()  # what is no Prometheus is told once, and not in every panel
        asked = [boards[uid] for uid in uids or boards]
        bar = click.progressbar(asked, hidden=not sys.stderr.isatty(), file=sys.stderr, label="asking and drawing")
        end = time.time()
        with bar as shown:
            sheets = [pages.sheet(source, each, end=end, named=chosen, refusals=(QueryFailed,)) for each in shown]
        pages.write(out, pages.page(sheets, end=end, address=source.url))
    except TillwatchError as error:
        raise Faults(error, as_json=False) from None
    except BudgetError as error:
        raise click.ClickException(str(error)) from None
    panels = [part for each in sheets for part in each.parts]
    refused = sum(part.shape == "refused" for part in panels)
    click.echo(f"{count(len(sheets), 'dashboard')}, {count(len(panels), 'panel')} → {out}")
    if refused:
        raise click.ClickException(f"Prometheus refused the questions of {count(refused, 'panel')}; the page says why")


def _known(asked: Iterable[Dashboard], chosen: Iterable[str]) -> None:
    """Refuse a choice that none of the dashboards has: it would change nothing, and nobody would know."""
    known = dict.fromkeys(each.name for board in asked for each in board.variables if not each.datasource)
    if unknown := [name for name in chosen if name not in known]:
        raise click.BadParameter(
            f"no dashboard has {', '.join(unknown)}; known: {', '.join(known)}", param_hint="--variable"
        )


def _choice(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--variable")
    return name, value
