"""`python -m synthetics`: walks journeys through a running shop."""

import sys

import click

from synthetics import load as load_run
from synthetics.load import LoadPlan, UsageError

MAX_USERS = 500
MAX_RATE = 1000.0
MAX_SECONDS = 86_400


@click.group()
def main() -> None:
    """Synthetic shoppers: journeys that check what the shop answers."""


@main.command()
@click.option("--host", default="http://127.0.0.1:8001", show_default=True, help="Where the shop is.")
@click.option("--users", type=click.IntRange(1, MAX_USERS), default=3, show_default=True, help="Shoppers at once.")
@click.option(
    "--rate",
    metavar="N/s|N/min|N/h",
    help="Requests of all shoppers together; without it they pause as people do.",
)
@click.option(
    "--for",
    "seconds",
    type=click.IntRange(1, MAX_SECONDS),
    default=60,
    show_default=True,
    help="Seconds after which the load ends.",
)
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine to load; repeatable.")
def load(host: str, users: int, rate: str | None, seconds: int, allow_host: tuple[str, ...]) -> None:
    """Walk the browse journey, checking every answer.

    Exit code: 0 when every step passed, 1 when a step failed or none was made, 2 on wrong usage, 130 after
    Ctrl-C.
    """
    try:
        per_second = None if rate is None else load_run.parse_rate(rate)
        if per_second is not None and per_second > MAX_RATE:
            raise UsageError(f"--rate {rate}: at most {MAX_RATE:g}/s")
        plan = LoadPlan(host=load_run.check_host(host, allow_host), users=users, seconds=seconds, rate=per_second)
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    sys.exit(load_run.run(plan))


if __name__ == "__main__":
    main(prog_name="python -m synthetics")
