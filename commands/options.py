"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from commands.inputs import Inputs
from commands.own_files import ALERTS, OUT, ROUTING, SPECS
from slo import artifact

out = click.option(
    "--out", show_default=OUT, help="Folder that is written or compared; must be named with other --specs."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
only = click.option("--only", help=f"Kinds to generate, with commas: {','.join(artifact.FOLDERS)}.")
specs = click.option("--specs", default=SPECS, show_default=True, help="File or folder of specs, - for stdin.")
alerts = click.option(
    "--alerts", show_default=ALERTS, help="File or folder of threshold alerts; none with other --specs."
)
routing = click.option("--routing", show_default=ROUTING, help="Teams and who is woken; none with other --specs.")
keys = click.option("--keys", help="Folder of Alertmanager's secrets, in which every file of the routing must be.")
_engine = click.option(
    "--engine", type=click.Choice(["native", "sloth"]), default="native", show_default=True, help="Who writes rules."
)
_sloth_plugins = click.option(
    "--sloth-plugins",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of sloth plugins, for --engine sloth.",
)


def inputs(command: Callable[..., None]) -> Callable[..., None]:
    """The options of what is read, given to *command* as one `Inputs`, its first argument."""

    @wraps(command)
    def called(  # one for each option
        *args: object,
        specs: str,
        alerts: str | None,
        routing: str | None,
        keys: str | None,
        engine: str,
        sloth_plugins: Path | None,
        **options: object,
    ) -> None:
        given = Inputs(
            specs=(specs,), alerts=alerts, routing=routing, keys=keys, engine=engine, sloth_plugins=sloth_plugins
        )
        command(given, *args, **options)

    for option in (_sloth_plugins, _engine, keys, routing, alerts, specs):
        called = option(called)
    return called
