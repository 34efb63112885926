"""`./generate.py new-runbook`: begins the runbooks that a build asks for, and never touches one that is there."""

from __future__ import annotations

from pathlib import Path

import click

from commands import options, own_files
from commands.wording import Faults
from slo import sources
from slo.errors import TillwatchError
from slo.load import load


@click.command("new-runbook")
@click.argument("names", nargs=-1, metavar="[ALERT]…")
@click.option("--missing", is_flag=True, help="Begin one for every alert that has none.")
@options.specs
@options.alerts
@options.routing
def new_runbook(names: tuple[str, ...], *, missing: bool, specs: str, alerts: str | None, routing: str | None) -> None:
    """Begin the runbook of an ALERT: what the specs know is filled in, what people must write is marked."""
    from alerts import runbook

    if bool(names) == missing:
        raise click.UsageError("name one or more alerts, or say --missing")
    try:
        catalogue = load([specs], *own_files.beside(specs, routing, alerts), plugins=True, runbooks=False)
    except TillwatchError as error:
        raise Faults(error, as_json=False) from None
    links = catalogue.routing.links if catalogue.routing is not None else None
    if links is None:
        raise click.UsageError("where runbooks are is said by no --routing file: it needs links")
    skeletons = dict(runbook.skeletons(catalogue))
    if unknown := [name for name in names if name not in skeletons]:
        raise click.UsageError(f"no alert is called {', '.join(unknown)}")
    there = sources.stems(links.folder, ".md")
    for name in names or skeletons:
        path = Path(links.folder) / runbook.file_name(name)
        if name in there:
            if names:
                click.echo(f"{path} is there already and stays as it is", err=True)
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_text(skeletons[name], encoding="utf-8")
        click.echo(f"{path}: write what is marked; a build refuses it until then")
