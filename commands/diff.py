"""`./generate.py diff`: what on-call would notice of a change to this project's own specs since an earlier commit."""

from __future__ import annotations

import json

import click

from commands import options, own_files
from commands.wording import Faults
from slo.errors import TillwatchError
from slo.load import load


@click.command()
@click.argument("ref", default="HEAD")
@options.as_json
def diff(ref: str, as_json: bool) -> None:
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
