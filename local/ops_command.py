"""`python -m local ops-token`: the token that lets people act on /ops, on the terminal of whoever may read it."""

from __future__ import annotations

import os
import sys

import click

from local.errors import LocalError, NotRunning
from local.settings import from_environment


@click.command("ops-token")
def ops_token() -> None:
    """Print what lets you act on /ops; reading needs none."""
    try:
        click.echo(_token())
    except LocalError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _token() -> str:
    file = from_environment(os.environ).ops_token
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{file}: no token yet ({error.strerror}): start the platform with make demo"
        raise NotRunning(message) from None
