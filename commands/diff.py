"""`./generate.py diff`: what on-call would notice of a change to this project's own specs since an earlier commit."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import click

from commands import options, own_files
from commands.wording import Faults
from slo.errors import TillwatchError
from slo.load import load

if TYPE_CHECKING:
    from slo.catalogue import Catalogue
    from slo.changes import Change


@click.command()
@click.argument("ref", default="HEAD")
@options.as_json
@click.option(
    "--backtest", metavar="URL", help="Add what a change would have cost in pages, from this Prometheus' history."
)
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="Of that history.")
def diff(ref: str, as_json: bool, backtest: str | None, days: int) -> None:
    """Say in on-call's words what the specs change since a git REF."""
    import yaml

    from alerts import orphans
    from slo.changes import compare
    from slo.revisions import catalogue_at, file_at

    root, specs = own_files.ROOT, own_files.SPECS
    try:
        old, new = catalogue_at(root, ref), load([specs], *own_files.beside(specs, None, None), plugins=True)
        deployed = file_at(root, ref, own_files.DEPLOYED)
        routed = None if deployed is None else yaml.safe_load(deployed)
        changes = (*compare(old, new), *orphans.find(old, new, routed))
    except TillwatchError as error:
        raise Faults(error, as_json) from None
    if backtest is not None:
        changes = _backtested(changes, old, new, backtest, days)
    if as_json:
        listed = [{"slo": c.slo, "what": c.what, "effects": list(c.effects)} for c in changes]
        click.echo(json.dumps({"since": ref, "changes": listed}, indent=2))
        return
    for change in changes:
        click.secho(f"{change.slo}: {change.what}", bold=True)
        for effect in change.effects:
            click.echo(f"  {effect}")
    if not changes:
        click.echo(f"nothing that on-call would notice has changed since {ref}")


def _backtested(changes: tuple[Change, ...], old: Catalogue, new: Catalogue, url: str, days: int) -> tuple[Change, ...]:
    from budget.errors import BudgetError
    from commands import diff_backtest

    try:
        say = partial(click.echo, err=True)
        return tuple(diff_backtest.added(changes, old, new, url, days=days, say=say))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--backtest") from None
    except BudgetError as error:
        raise click.ClickException(str(error)) from None
