"""`python -m local`: the platform on this machine, started, stopped, broken and mended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from budget.drill_shape import MOST_SHOPPERS
from local import faults, job_now, part_processes
from local import up as platform
from local.choice import Choice, scale_of
from local.drill_command import drill_
from local.errors import LocalError
from local.ops_command import ops_token
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
@click.option("--only", "only", multiple=True, metavar="SERVICE", help="These services alone; repeatable, or a,b.")
@click.option("--reload", is_flag=True, help="Start a service anew whenever its code changes.")
@click.option("--scale", multiple=True, metavar="SERVICE=N", help="So many replicas; needs --postgres. Repeatable.")
@click.option("--postgres", is_flag=True, help="Keep data in a real PostgreSQL in place of SQLite files.")
@click.option("--redis", is_flag=True, help="Keep caches and limits in a real Redis.")
@click.option("--files", is_flag=True, help="Keep traces and logs as files, even where Jaeger and Loki are.")
@click.option("--for-load", is_flag=True, help="Let one address ask as often as a load test does.")
@click.option("--no-history", is_flag=True, help="Give a fresh Prometheus no seeded past.")
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Stop by itself so long after everything was ready.",
)
@click.option(
    "--shoppers",
    type=click.FloatRange(0, MOST_SHOPPERS, min_open=True),
    default=1.0,
    metavar="TIMES",
    help="So many times as many shoppers as on an ordinary day.",
)
@click.option("--quiet", is_flag=True, help="Lines of events alone, without the table of SLOs.")
@_told
def up(
    only: tuple[str, ...],
    scale: tuple[str, ...],
    files: bool,
    no_history: bool,
    for_seconds: float | None,
    quiet: bool,
    shoppers: float,
    **switches: bool,
) -> None:
    """Start everything and show each SLO's status, until Ctrl-C."""
    choice = Choice(
        only=tuple(name for word in only for name in word.split(",")),
        scale=scale_of(scale),
        history=not no_history,
        servers=not files,
        shoppers=shoppers,
        **switches,
    )
    platform.up(from_environment(os.environ), choice, for_seconds=for_seconds, quiet=quiet)


@main.command()
@_told
def down() -> None:
    """Stop the platform that runs, wherever it was started."""
    was_running = platform.down(from_environment(os.environ))
    click.echo("the platform has stopped" if was_running else "no platform is running")


@main.command()
@click.option("--history", is_flag=True, help="The built past too, which takes a minute or two to build again.")
@_told
def clean(history: bool) -> None:
    """Remove what runs have left: orders, samples, incidents, logs, keys."""
    settings = from_environment(os.environ)
    found = platform.clean(settings, history=history)
    click.echo(f"{settings.run} is gone" if found else "there is nothing to remove")


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", metavar="NAME")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@_told
def job(name: str, arguments: tuple[str, ...]) -> None:
    """Run the scheduled job NAME of the platform that runs, before its turn, with ARGUMENTS more; its exit code is the
    job's.
    """
    sys.exit(job_now.run(from_environment(os.environ), name, arguments))


@main.command("break")
@click.argument("service", metavar="SERVICE")
@click.argument("fault", metavar="FAULT")
@click.option("--share", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Share of requests.")
@click.option("--seconds", type=click.IntRange(1, 900), default=300, show_default=True, help="Then it ends.")
@click.option("--set", "more", multiple=True, metavar="NAME=VALUE", help="What only this fault takes; repeatable.")
@_told
def break_(service: str, fault: str, share: float, seconds: int, more: tuple[str, ...]) -> None:
    """Switch FAULT on in SERVICE.

    \b
    break catalog errors                        a share of its requests answers 500
    break orders latency --set delay_seconds=2  a share of them is slow
    break payments timeout-after-charge         money is taken, and nobody is told
    break pagerduty rate-limit                  a share of the pages is refused with 429; also errors, slow, drop
    break inventory halt                        any part stands still, as on a machine that hangs, until it is mended
    break prometheus kill                       any part is killed, and starts again
    A fault that there is not is refused with the names of those that there are.
    """
    settings = from_environment(os.environ)
    if fault in part_processes.SIGNALS:
        part_processes.strike(settings, service, fault)
        click.echo(f"{service}: {fault}")
        return
    _is_target(service)
    body = {"fault": fault, "share": share, "seconds": seconds, **dict(map(_setting, more))}
    faults.break_service(settings, service, body)
    click.echo(f"{service}: {fault} for {share:.0%} of its requests, for {seconds} s or until mended")


@main.command()
@click.argument("service", metavar="SERVICE")
@_told
def mend(service: str) -> None:
    """Switch every fault of SERVICE off; one that was halted goes on."""
    settings = from_environment(os.environ)
    part_processes.go_on(settings, service)
    if service in faults.TARGETS:
        faults.mend_service(settings, service)
    click.echo(f"{service}: mended")


def _is_target(service: str) -> None:
    if service not in faults.TARGETS:
        raise click.BadParameter(f"{service!r} takes no fault: {', '.join(faults.TARGETS)} do", param_hint="SERVICE")


main.add_command(drill_)
main.add_command(ops_token)


def _setting(word: str) -> tuple[str, object]:
    """`delay_seconds=2` as a member of the fault's body: a number where it is one."""
    name, sign, text = word.partition("=")
    if not (name and sign):
        raise click.BadParameter(f"{word!r}: expected NAME=VALUE, like delay_seconds=2", param_hint="--set")
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text


if __name__ == "__main__":
    main(prog_name="python -m local")
