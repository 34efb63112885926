"""`./generate.py validate`: every fault of specs, and what the engine cannot do for them; writes nothing."""

from __future__ import annotations

import json

import click

from commands import options, own_files
from commands.inputs import Inputs
from commands.wording import Faults, count
from slo.errors import TillwatchError


@click.command()
@click.argument("paths", nargs=-1)
@options.alerts
@options.routing
@options.keys
@options.as_json
def validate(paths: tuple[str, ...], alerts: str | None, routing: str | None, keys: str | None, as_json: bool) -> None:
    """Check specs, and say what the engine can and cannot do for each."""
    from slo.advice import advise

    try:
        inputs = Inputs(specs=paths or (own_files.SPECS,), alerts=alerts, routing=routing, keys=keys)
        catalogue = inputs.load(plugins=True)
    except TillwatchError as error:
        raise Faults(error, as_json) from None
    notes = tuple(advise(catalogue))
    if as_json:
        listed = [{"path": note.path, "slo": note.slo, "message": note.message} for note in notes]
        click.echo(json.dumps({"slos": len(catalogue.slos), "faults": [], "notes": listed}, indent=2))
        return
    for note in notes:
        click.echo(str(note))
    slos, files = count(len(catalogue.slos), "SLO"), count(len(catalogue.files), "file")
    click.echo(f"valid: {slos} in {files}")
