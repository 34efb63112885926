"""`python -m synthetics probe`: which probes walk where and how often, read from the command line."""

import json
import os
import sys
from typing import Any

import click

from synthetics import probe as probe_run
from synthetics import probe_table
from synthetics.host import UsageError, check_host
from synthetics.journey import RunIn
from synthetics.journeys import of
from synthetics.keys import keys_of
from synthetics.probe import ProbePlan

PROBES = tuple(journey.name for journey in of(RunIn.PROBE))


@click.command()
@click.option("--host", required=True, metavar="URL", help="The shop's front door.")
@click.option("--metrics-port", type=click.IntRange(1, 65535), default=8089, show_default=True, help="Of /metrics.")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Where /metrics is to be reached.")
@click.option("--every", default="60s", show_default=True, metavar="TIME", help="How often each journey is walked.")
@click.option("--journey", "journeys", type=click.Choice(PROBES), multiple=True, help="Only this one; repeatable.")
@click.option("--once", is_flag=True, help="Walk each journey once, and say how that went.")
@click.option("--json", "as_json", is_flag=True, help="With --once: a line of JSON for each journey.")
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine to probe; repeatable.")
@click.option(
    "--location", default="local", show_default=True, metavar="NAME", help="Where the probes are walked from."
)
def probe(
    host: str, every: str, journeys: tuple[str, ...], as_json: bool, allow_host: tuple[str, ...], **how: Any
) -> None:
    """Walk each probe journey once a minute, day and night, and show Prometheus how that went.

    TRAFFIC_KEY, which the shop's services know, signs its requests; PROBE_KEY, which they do not, makes its accounts.
    Either may be in the file that TRAFFIC_KEY_FILE or PROBE_KEY_FILE names. Exit code: 0 ended well, with --once when
    every visit passed; 1 one did not; 2 wrong usage, no key, a port that is taken; 128 + n after signal n.
    """
    try:
        host = check_host(host, allow_host)
        how["location"] = probe_run.check_location(how["location"])
        seconds = probe_run.parse_every(every)
        keys_of(os.environ)
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    if as_json and not how["once"]:
        raise click.UsageError("--json is for --once: without it /metrics says how visits went")
    plan = ProbePlan(host=host, journeys=journeys or PROBES, every_seconds=seconds, **how)
    sys.exit(_once(plan, as_json) if plan.once else probe_run.run(plan))


def _once(plan: ProbePlan, as_json: bool) -> int:
    """Walk each journey of *plan* once, and tell each as it ends."""
    if as_json:
        return probe_run.run(plan)
    with probe_table.table(plan.journeys, sys.stdout) as row:
        return probe_run.run(plan, line=lambda text: row(json.loads(text)))
