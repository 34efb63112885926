"""`python -m local`: the platform on this machine, started, stopped, broken and mended."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from local import faults
from local import up as platform
from local.errors import LocalError
from local.settings import from_environment

Given = ParamSpec("Given")


def _told(command: Callable[Given, None]) -> Callable[Given, None]:
    """*command*, with its errors as a message and exit code 1."""

    @wraps(command)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except LocalError as error:
            click.echo(str(error), err=True)
            sys.exit(1)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The platform on this machine: the shop, Prometheus, Alertmanager, the PagerDuty stand-in, shoppers."""


@main.command()
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Stop by itself so long after everything was ready.",
)
@_told
def up(for_seconds: float | None) -> None:
    """Start everything and show each SLO's status, until Ctrl-C."""
    platform.up(from_environment(os.environ), for_seconds=for_seconds)


@main.command()
@_told
def down() -> None:
    """Stop the platform that runs, wherever it was started."""
    was_running = platform.down(from_environment(os.environ))
    click.echo("the platform has stopped" if was_running else "no platform is running")


@main.command("break")
@click.argument("service", type=click.Choice(faults.SERVICES))
@click.argument("fault", metavar="FAULT")
@click.option("--share", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Share of requests.")
@click.option("--seconds", type=click.IntRange(1, 900), default=300, show_default=True, help="Then it ends.")
@_told
def break_(service: str, fault: str, share: float, seconds: int) -> None:
    """Switch FAULT on in SERVICE: `break catalog errors` answers a share of its requests with 500."""
    body = {"fault": fault, "share": share, "seconds": seconds}
    faults.break_service(from_environment(os.environ), service, body)
    click.echo(f"{service}: {fault} for {share:.0%} of its requests, for {seconds} s or until mended")


@main.command()
@click.argument("service", type=click.Choice(faults.SERVICES))
@_told
def mend(service: str) -> None:
    """Switch every fault of SERVICE off."""
    faults.mend_service(from_environment(os.environ), service)
    click.echo(f"{service}: mended")


if __name__ == "__main__":
    main(prog_name="python -m local")
