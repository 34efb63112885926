"""`./generate.py check`: where the output folder is not what a build would write."""

from __future__ import annotations

import json
from pathlib import Path

import click

from commands import artifacts, options, own_files
from commands.inputs import Inputs
from commands.wording import Faults, count
from slo import artifact
from slo.errors import TillwatchError


@click.command()
@options.inputs
@options.out
@options.as_json
def check(inputs: Inputs, out: str | None, as_json: bool) -> None:
    """Fail with a diff when the output folder is not what the specs say."""
    from slo import drift

    out = own_files.output_folder(out, inputs.specs[0])
    try:
        catalogue = inputs.load()
        made = artifacts.build(catalogue, frozenset(artifact.FOLDERS), inputs.sloth())
        drifts = tuple(drift.find(Path(out), made))
    except TillwatchError as error:
        raise Faults(error, as_json) from None
    if as_json:
        click.echo(json.dumps({"drifts": [{"path": d.path, "diff": d.diff} for d in drifts]}, indent=2))
    elif drifts:
        for found in drifts:
            click.echo(found.diff, nl=False)
        differ = count(len(drifts), "file") + (" differs" if len(drifts) == 1 else " differ")
        click.echo(f"{differ} from what the specs say; run ./generate.py build and commit {out}", err=True)
    else:
        click.echo(f"{out} is what the specs say")
    if drifts:
        raise SystemExit(1)
