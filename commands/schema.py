"""`./generate.py schema`: what editors check a spec with while it is written."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of a spec, for editors."""
    from slo.spec import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
