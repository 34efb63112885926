"""`python -m synthetics`: walks journeys through a running shop."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from synthetics import load as load_run
from synthetics import shape as shapes
from synthetics.journeys import JOURNEYS, VISITS
from synthetics.load import AT_ONCE, LoadPlan, UsageError
from synthetics.shape import ShapeError

MAX_USERS = 500
MAX_RATE = 1000.0
MAX_SECONDS = 86_400
# Of visits a second, at the busiest moment.
MAX_VISITS = 100.0
USERS, SECONDS = 3, 60


@click.group()
def main() -> None:
    """Synthetic shoppers: journeys that check what the shop answers."""


@main.command()
@click.option("--host", default="http://127.0.0.1:8001", show_default=True, help="Where the shop is.")
@click.option(
    "--users", type=click.IntRange(1, MAX_USERS), help=f"Shoppers at once; without --shape. [default: {USERS}]"
)
@click.option(
    "--rate",
    metavar="N/s|N/min|N/h",
    help="Requests of all users together; without it they pause as people do.",
)
@click.option("--journey", type=click.Choice(list(JOURNEYS)), help="What users walk. [default: catalog]")
@click.option(
    "--shape", "shape_name", metavar="NAME|FILE", help="Begin visits as this shape says: day, or a YAML file."
)
@click.option("--scale", type=click.FloatRange(0, min_open=True), help="Factor of the shape. [default: 1]")
@click.option(
    "--at-once",
    type=click.IntRange(1, MAX_USERS),
    help=f"Visits of a shape under way at one time, at most; those on top are counted. [default: {AT_ONCE}]",
)
@click.option(
    "--for",
    "seconds",
    type=click.IntRange(1, MAX_SECONDS),
    help=f"Seconds after which the load ends. [default: {SECONDS}; a shape goes on until it is stopped]",
)
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine to load; repeatable.")
def load(host: str, seconds: int | None, allow_host: tuple[str, ...], shape_name: str | None, **how: Any) -> None:
    """Walk journeys, checking every answer: so many users one of them, or visits that begin as a shape says.

    Exit code: 0 when every step passed, 1 when a step failed or none was made, 2 on wrong usage, 130 after
    Ctrl-C.
    """
    given = {name: value for name, value in how.items() if value is not None}
    try:
        host = load_run.check_host(host, allow_host)
        plan = _of_users(host, seconds, given) if shape_name is None else _of_shape(host, seconds, shape_name, given)
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    sys.exit(load_run.run(plan))


def _of_users(host: str, seconds: int | None, given: dict[str, Any]) -> LoadPlan:
    _only(given, ("users", "rate", "journey"), "needs --shape")
    rate = None if "rate" not in given else _rate(given["rate"])
    plan = LoadPlan(host=host, users=given.get("users", USERS), seconds=seconds or SECONDS, rate=rate)
    return replace(plan, journey=given.get("journey", plan.journey))


def _of_shape(host: str, seconds: int | None, name: str, given: dict[str, Any]) -> LoadPlan:
    _only(given, ("scale", "at_once"), "is for users, not for a --shape")
    plan = LoadPlan(host=host, seconds=seconds, **given)
    return replace(plan, shape=_shape(name, plan.scale))


def _only(given: Mapping[str, Any], names: Sequence[str], otherwise: str) -> None:
    for name in given:
        if name not in names:
            raise UsageError(f"--{name.replace('_', '-')} {otherwise}")


def _rate(text: str) -> float:
    per_second = load_run.parse_rate(text)
    if per_second > MAX_RATE:
        raise UsageError(f"--rate {text}: at most {MAX_RATE:g}/s")
    return per_second


def _shape(name: str, scale: float) -> Path:
    """The file of the shape *name*, which is sound and not too much."""
    try:
        path = shapes.find(name)
        highest = shapes.load(path, VISITS).highest * scale
    except ShapeError as error:
        raise UsageError(f"--shape:\n{error}") from error
    if not highest <= MAX_VISITS:
        raise UsageError(f"--scale {scale:g}: {highest:g} visits/s at the busiest moment, at most {MAX_VISITS:g}")
    return path


if __name__ == "__main__":
    main(prog_name="python -m synthetics")
