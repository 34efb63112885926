"""`python -m budget serve`: the page of everything, /ops, on this machine alone unless that is asked for."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from budget.ops import opening
from budget.ops.app import create_app
from budget.ops.errors import WrongSetting
from budget.ops.server import serve as run
from budget.plain_text import printable
from budget.server_option import server_option

ROOT = Path(__file__).resolve().parent.parent
PORT = 8080
TIMEOUT_SECONDS = 10.0  # nobody waits for an answer: the page is drawn meanwhile
PLACE = click.Path(path_type=Path)


def _port() -> int:
    """Where this machine's platform has the page."""
    try:
        return PORT + int(os.environ.get("PORT_BASE") or 8000) - 8000
    except ValueError:
        raise click.UsageError("PORT_BASE: expected a whole number, as 8000 is") from None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@server_option(TIMEOUT_SECONDS)
@click.option("--alertmanager", "alertmanagers", multiple=True, metavar="URL", help="Who is told; each of a cluster.")
@click.option("--pagerduty", metavar="URL", help="The PagerDuty stand-in, whose incidents are acknowledged here.")
@click.option("--jaeger", metavar="URL", help="Where people look at traces: the page links to them.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=_port,
    show_default="8080, moved with the platform by PORT_BASE",
    help="And the port.",
)
@click.option("--allow-remote", is_flag=True, help="Let --host be one that other machines reach; needs a token.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Another name of the page; reading needs the token then.",
)
@click.option(
    "--behind-tls", is_flag=True, help="A proxy before it speaks TLS: cookies by https alone, reading needs the token."
)
@click.option("--token-file", type=PLACE, metavar="FILE", help="Who knows its content may act.")
@click.option(
    "--environment",
    envvar="TILLWATCH_ENVIRONMENT",
    default="production",
    show_default=True,
    show_envvar=True,
    metavar="NAME",
    help="What the gate is asked about. A seeded past counts in `local` alone.",
)
@click.option(
    "--specs",
    type=PLACE,
    metavar="DIR",
    default=ROOT / "slo/specs",
    show_default="slo/specs",
    help="What was promised.",
)
@click.option(
    "--runbooks",
    type=PLACE,
    metavar="DIR",
    default=ROOT / "alerts/runbooks",
    show_default="alerts/runbooks",
    help="What to do about an alert: DIR/ALERT.md.",
)
@click.option("--faults", is_flag=True, help="Offer to break what runs: with --environment local.")
@click.option("--fault-target", "targets", multiple=True, metavar="NAME=URL", help="Whom one can break; repeatable.")
@click.option("--fault-token-file", type=PLACE, metavar="FILE", help="The token that they take faults with.")
@click.option(
    "--drills",
    type=PLACE,
    multiple=True,
    metavar="DIR",
    default=(ROOT / "local/drills", ROOT / "local/breaks"),
    show_default="local/drills, local/breaks",
    help="What there is to break; repeatable.",
)
@click.option(
    "--generated",
    type=PLACE,
    metavar="DIR",
    default=ROOT / "generated",
    show_default="generated",
    help="The rules and routes that tell when a drill's page comes.",
)
@click.option("--promtool", default="promtool", show_default=True, metavar="FILE", help="What evaluates them.")
def serve(**given: Any) -> None:
    """Serve /ops: promises, journeys, alerts, deploys, the gate; and what can be done about them.

    Reading needs no token on this machine; with --allow-remote, --allow-host or --behind-tls it does, for others reach
    it then. Acting always does: acknowledging, silencing, and with --faults breaking things.
    The token is in --token-file, which is its owner's alone (mode 600), or in the variable OPS_TOKEN; without either
    nobody acts. docs/ops.md says what is shown. Ctrl-C ends it.
    """
    # Where a file cannot be its reader's alone, as among containers; never on the command line, which others see.
    options = opening.Options(**given, token=os.environ.get("OPS_TOKEN", "").strip())
    try:
        door, desk = opening.door(options), opening.desk(options)
        _log()
        click.echo(f"{_address(options)} shows {desk.server.url}; Ctrl-C ends it")
        make = partial(create_app, desk, door, port=options.port, behind_tls=options.behind_tls)
        run(make, host=options.host, port=options.port)
    except WrongSetting as error:
        click.echo("\n".join(map(printable, str(error).splitlines())), err=True)
        sys.exit(1)


def _address(options: opening.Options) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    return f"http://{host}:{options.port}/ops"


def _log() -> None:
    """What was done and what could not be read, on stderr; never a token, nor what was typed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Several threads ask one server at once, and none of them has to wait for the connection of another.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
