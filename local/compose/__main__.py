"""`python -m local.compose render`: what local/compose.yaml needs before `docker compose up`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from local.compose.render import ENVIRONMENT_FILE, render
from local.errors import LocalError
from local.settings import ROOT, from_environment


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The platform in containers: local/compose/README.md says how."""


@main.command("render")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="By default in the platform's own folder."
)
def _render(out: Path | None) -> None:
    """Write configurations, rules, dashboards, keys and secrets. PORT_BASE moves every port."""
    try:
        settings = from_environment(os.environ)
        folder = (out or settings.run.parent / "compose").absolute()
        render(settings, folder)
    except (LocalError, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    file = ROOT / "local" / "compose.yaml"
    click.echo(f"docker compose --env-file {folder / ENVIRONMENT_FILE} -f {file} up --build --wait")


if __name__ == "__main__":
    main(prog_name="python -m local.compose")
