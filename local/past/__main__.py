"""`python -m local.past`: builds the seeded past, lays it into a folder, shows and removes it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from local.errors import LocalError
from local.past import build as history
from local.settings import from_environment

Given = ParamSpec("Given")


def _told(command: Callable[Given, None]) -> Callable[Given, None]:
    """*command*, with its errors as a message and exit code 1."""

    @wraps(command)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (LocalError, OSError) as error:
            full = isinstance(error, OSError) and error.errno == errno.ENOSPC
            click.echo("the disk is full: a past needs up to 1 GiB while it is built" if full else str(error), err=True)
            sys.exit(1)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """35 days of seeded history for this machine's Prometheus: built once, then kept."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as one line of JSON.")
@_told
def place(folder: Path, as_json: bool) -> None:
    """Lay the past that ends now into FOLDER, which must not be there yet."""
    settings, began = from_environment(os.environ), time.monotonic()
    plan = history.plan(settings, now=time.time())
    seeded = history.place(plan, folder.absolute(), clock=time.time, say=_silent if as_json else _say)
    took = time.monotonic() - began
    if as_json:
        done = {"start": seeded.start, "end": seeded.end, "seconds": round(took, 1), "uncounted": seeded.uncounted}
        click.echo(json.dumps(done))
        return
    click.echo(f"seeded from {_moment(seeded.start)} to {_moment(seeded.end)} in {took:.1f} s")
    for name in seeded.uncounted:
        click.echo(f"{name}: no history, for its queries do more than add up rates")


@main.command()
@_told
def show() -> None:
    """What is kept, and how large it is."""
    settings = from_environment(os.environ)
    kept = sorted(settings.history.glob("*-*"))
    for folder in kept:
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 2**20
        anchor = _moment(int(folder.name.partition("-")[2]))
        click.echo(f"{folder}: {size:.0f} MiB in {len(files)} files, incidents end at {anchor}")
    if not kept:
        click.echo(f"nothing is kept in {settings.history}")


@main.command()
@_told
def clean() -> None:
    """Remove what is kept; the next start builds it again."""
    settings = from_environment(os.environ)
    shutil.rmtree(settings.history, ignore_errors=True)
    click.echo(f"{settings.history} is gone")


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()


def _silent(text: str) -> None:
    """Nobody reads it."""


def _moment(time_: int) -> str:
    return datetime.fromtimestamp(time_, UTC).strftime("%Y-%m-%d %H:%M UTC")


if __name__ == "__main__":
    main(prog_name="python -m local.past")
