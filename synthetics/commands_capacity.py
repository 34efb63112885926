"""`python -m synthetics capacity`: the highest rate of visits at which all SLOs hold."""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from synthetics.capacity import Found, Limit, search
from synthetics.commands_load import FRONT_DOOR, MAX_WORKERS, plan_of
from synthetics.course import MAX_SECONDS, MAX_VISITS, Course
from synthetics.duration import Duration
from synthetics.host import UsageError
from synthetics.live import Live
from synthetics.load_plan import LoadPlan
from synthetics.prometheus import reachable
from synthetics.report import writable
from synthetics.run import moment
from synthetics.shape_file import ShapeError
from synthetics.stopping import Stopping, caught
from synthetics.trial import LEAD_SECONDS, SETTLE_SECONDS, Trials

VERSION = "tillwatch/capacity/v1"
# Beside the load itself: processes come up, what was bought is cancelled, Prometheus is asked.
AROUND_SECONDS = 45
EXIT_CODES = {Limit.SHOP: 0, Limit.HIGHEST: 0, Limit.TIME: 0, Limit.GENERATOR: 3, Limit.UNKNOWN: 3, Limit.STOPPED: 130}
NOT_EVEN_THE_LOWEST = 1
RATE = click.FloatRange(0, MAX_VISITS, min_open=True)


@click.command()
@click.option("--host", default=FRONT_DOOR, show_default=True, help="Where the shop is.")
@click.option("--prometheus", metavar="URL", required=True, help="Asked for the verdict on the SLOs.")
@click.option("--low", type=RATE, default=1.0, show_default=True, help="Visits a second that surely hold.")
@click.option("--high", type=RATE, default=32.0, show_default=True, help="Visits a second that surely do not.")
@click.option("--for", "seconds", type=Duration(3600), default=60, show_default="60s", help="How long a trial is.")
@click.option("--within", type=Duration(MAX_SECONDS), default=900, show_default="15m", help="All of it, at most.")
@click.option("--workers", type=click.IntRange(1, MAX_WORKERS), default=2, show_default=True, help="Processes.")
@click.option("--shape", "shape_name", default="steady", show_default=True, help="The shape; its peak is the rate.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default="capacity.json",
    show_default=True,
    help="The file.",
)
@click.option("--report", type=click.Path(path_type=Path, file_okay=False), help="Folder for the report of each trial.")
@click.option("--allow-host", multiple=True, metavar="HOST", help="A host beyond this machine to load; repeatable.")
def capacity(low: float, high: float, within: int, out: Path, report: Path | None, **how: Any) -> None:
    """Find the highest rate of visits at which all SLOs hold, by bisection, and what the shop ran out of.

    Exit code: 0 found (or every rate held), 1 not even the lowest held, 2 wrong usage, 3 the generator could make no
    more or a trial proved nothing, 130 after Ctrl-C. The platform is best started with `up --for-load`: docs/load.md.
    """
    try:
        if not low < high:
            raise UsageError(f"--low {low:g}, --high {high:g}: expected a lower and a higher rate")
        plan = plan_of(how, os.environ)
        writable(out.absolute().parent, "--out")
        if report is not None:
            writable(report, "--report")
        reachable(how["prometheus"])
    except (UsageError, ShapeError) as error:
        raise click.UsageError(str(error)) from error
    if not isinstance(plan, LoadPlan) or not isinstance(plan.who, Course):
        raise click.UsageError(f"--shape {how['shape_name']}: expected one with a course, like steady")
    live, began = Live(), time.time()
    with caught() as stopping:
        found = _search(plan, live, stopping, low=low, high=high, within=within, folder=report)
        document = document_of(plan, found, began=began, ended=time.time())
        live.say(summary(document, out))
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    code = NOT_EVEN_THE_LOWEST if found.rate is None and found.limit is Limit.SHOP else EXIT_CODES[found.limit]
    sys.exit(stopping.exit_code or code)


def _search(
    plan: LoadPlan, live: Live, stopping: Stopping, *, low: float, high: float, within: int, folder: Path | None
) -> Found:
    end = time.monotonic() + within
    trials = Trials(plan=plan, live=live, stopping=stopping, folder=folder)

    def more() -> bool:
        takes = LEAD_SECONDS + plan.seconds + AROUND_SECONDS + SETTLE_SECONDS
        return time.monotonic() + takes < end or not trials.number

    return search(trials.attempt, low=low, high=high, more=more)


def document_of(plan: LoadPlan, found: Found, *, began: float, ended: float) -> dict[str, Any]:
    """The file: the rate, what ended the search, the bottleneck of the first rate that was too much, all trials."""
    failed = found.first_failed
    best = max((trial for trial in found.trials if trial.held), key=lambda each: each.rate, default=None)
    return {
        "version": VERSION,
        "host": plan.host,
        "began": moment(began),
        "ended": moment(ended),
        "shape": plan.shape,
        "trial_seconds": plan.seconds,
        "workers": plan.workers,
        "cores": os.cpu_count(),
        "capacity_visits_per_s": found.rate,
        "capacity_answers_per_s": None if best is None else best.facts["answers_per_s"],
        "limit": found.limit.value,
        "bottleneck": None if failed is None else failed.bottleneck,
        "first_failed_at": None if failed is None else failed.rate,
        "trials": [asdict(trial) for trial in found.trials],
    }


def summary(document: dict[str, Any], out: Path) -> str:
    """The result on a terminal."""
    rate, lines = document["capacity_visits_per_s"], [""]
    if rate is None:
        lines.append("capacity: none is known; no rate held")
    else:
        lines.append(f"capacity: {rate:g} visits/s ({document['capacity_answers_per_s']} answers/s)")
    lines.append(f"not higher because of {document['limit']}, after {len(document['trials'])} trials")
    if bottleneck := document["bottleneck"]:
        lines.append(
            f"bottleneck at {document['first_failed_at']:g} visits/s: {bottleneck['title']}, {bottleneck['where']}: "
            f"{bottleneck['mean']:.0%} on average, {bottleneck['highest']:.0%} at most"
        )
    return "\n".join([*lines, f"written to {out}"])
