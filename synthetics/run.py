"""One load run from its beginning to a document that says all of it: load, clean-up, verdict, saturation, outcome."""

import contextlib
import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import psutil

from synthetics import generators, outcome, saturation, verdict
from synthetics.bookkeeper import LIVE, RESULT
from synthetics.child import ROOT, child_environment
from synthetics.course import Course, Stampede
from synthetics.generators import Generators
from synthetics.host import ALLOWED_HOSTS, is_loopback
from synthetics.live import Live
from synthetics.load_plan import LoadPlan, arrangement
from synthetics.prometheus import Prometheus, PrometheusError
from synthetics.stopping import Stopping

VERSION = "tillwatch/load/v1"
# From the word that it is over: workers report for the last time, the master adds up.
END_SECONDS = 15.0
# Processes come up, and workers come in.
BEGIN_SECONDS = 60.0
# Prometheus has seen the last of it so long after.
SCRAPED_SECONDS = 10.0
# And of a long run a twentieth of its time: the shop cancels some dozens of orders a second.
CLEAN_UP_SECONDS, CLEAN_UP_SHARE = 120.0, 1 / 20
LOOK_SECONDS = 0.2
NOTHING: dict[str, Any] = {"rows": {}, "steps": {}, "visits": [], "errors": {}, "cut_off": 0}


def run(plan: LoadPlan, live: Live, stopping: Stopping, *, ask: Callable[..., Any] = verdict.ask) -> dict[str, Any]:
    """All of *plan*, shown by *live*; it ends in order where *stopping* is asked to."""
    machine: list[tuple[float, float]] = []
    found = load(plan, live, stopping, machine)
    document = {
        "version": VERSION,
        "host": plan.host,
        "shape": plan.shape,
        "model": plan.model,
        "asked": asked(plan),
        "interrupted": stopping.asked(),
        **found,
        "clean_up": clean_up(plan, found, live, stopping),
        **judged(plan, found, live, stopping, ask=ask),
    }
    if is_loopback(plan.host):
        document["saturation"] = saturation.fullest_first([*document["saturation"], *saturation.machine(machine)])
    document["outcome"], document["reasons"] = outcome.judge(document)
    return document


def asked(plan: LoadPlan) -> dict[str, Any]:
    """What the run was to be."""
    who = plan.who
    common = {"seconds": plan.seconds, "processes": plan.expected or plan.workers or 1, "traffic": plan.traffic.value}
    if isinstance(who, Course):
        return {**common, "visits_per_second": plan.peak, "at_once": plan.at_once, "journeys": dict(who.journeys)}
    if isinstance(who, Stampede):
        return {**common, "buyers": who.buyers, "units": who.units}
    return {**common, "users": who.users, "requests_per_second": who.rate, "journeys": dict(who.journeys)}


def load(plan: LoadPlan, live: Live, stopping: Stopping, machine: list[tuple[float, float]]) -> dict[str, Any]:
    """Make the load. Returns what its processes measured; *machine* gets this machine's CPU over time."""
    more = {ALLOWED_HOSTS: ",".join(plan.allowed)} | (plan.keys.environment() if plan.keys else {})
    with generators.running(arrangement(plan), more) as running:
        latest = {"accounts": 0}
        result = _follow(plan, running, live, stopping, machine, latest)
        if result is None:
            live.say(running.last_words())
            return {
                "began": None,
                "ended": None,
                "row_seconds": plan.row_seconds,
                "book": NOTHING,
                "generators": [],
                # What they have bought is cancelled all the same.
                "accounts": latest["accounts"],
                "faults": ["the load ended without a word of what it did: see the lines above"],
                "stampede": None,
            }
        return result


def _follow(
    plan: LoadPlan,
    running: Generators,
    live: Live,
    stopping: Stopping,
    machine: list[tuple[float, float]],
    latest: dict[str, Any],
) -> dict[str, Any] | None:
    """Show what *running* tells, until it is over; what it tells in the end, None if that never comes.

    *latest* gets what it told last before that.
    """
    asked_at: float | None = None
    lost, began = 0, False
    end = time.monotonic() + plan.seconds + BEGIN_SECONDS + (END_SECONDS if not plan.expected else 600)
    while True:
        if asked_at is None and (stopping.asked() or time.monotonic() > end):
            running.stop()
            asked_at = time.monotonic()
        if asked_at is not None and time.monotonic() > asked_at + END_SECONDS:
            return None
        try:
            told = running.told.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            continue
        if told is None:
            return None
        if RESULT in told:
            result: dict[str, Any] = told[RESULT]
            if lost and not any("workers" in fault for fault in result["faults"]):
                result["faults"].append(f"{lost} of {plan.workers} workers ended before the run did")
            return result
        latest |= told[LIVE]
        began = began or told[LIVE]["running"]
        machine.append((time.time(), psutil.cpu_percent() / 100))
        if plan.workers and asked_at is None and told[LIVE]["elapsed"] < plan.seconds - 1:
            lost = max(lost, running.lost())
            if lost and not began:
                running.stop()
                asked_at = time.monotonic()
        live.numbers(told[LIVE], plan.seconds if not isinstance(plan.who, Stampede) else None)


def clean_up(plan: LoadPlan, found: Mapping[str, Any], live: Live, stopping: Stopping) -> dict[str, Any] | None:
    """Cancel what the run has bought, within bounds; None where nothing can be left of it."""
    if plan.keys is None or not found["accounts"]:
        return None
    command = [sys.executable, "-m", "synthetics.clean_run", "--host", plan.host, "--parent-pid"]
    command += [str(os.getpid()), "--accounts", str(found["accounts"]), "--seconds", f"{clean_up_seconds(plan):g}"]
    command += ["--stampede"] if isinstance(plan.who, Stampede) else []
    said: dict[str, Any] = {"accounts": found["accounts"], "cleared": 0, "failed": 0, "cancelled": 0}
    told: queue.Queue[dict[str, Any] | None] = queue.Queue()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=child_environment() | plan.keys.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        generators.listen(os.dup(child.stdout.fileno()), told)
        while not stopping.insisted():
            with contextlib.suppress(queue.Empty):
                if (line := told.get(timeout=LOOK_SECONDS)) is None:
                    break
                said = line
            text = (
                f"cleaning up: {said['cancelled']} orders cancelled, {said['cleared']} of {said['accounts']} accounts"
            )
            live.progress((said["cleared"] + said["failed"]) / said["accounts"], text)
        if stopping.insisted():
            child.kill()
    said["failed"] = max(said["failed"], said["accounts"] - said["cleared"])
    return said


def clean_up_seconds(plan: LoadPlan) -> float:
    """How long cancelling what *plan* has bought may take."""
    return max(CLEAN_UP_SECONDS, plan.seconds * CLEAN_UP_SHARE)


def judged(
    plan: LoadPlan, found: Mapping[str, Any], live: Live, stopping: Stopping, *, ask: Callable[..., Any]
) -> dict[str, Any]:
    """What Prometheus says of the run: the verdict on the SLOs, how full the shop was, when faults were switched on."""
    said: dict[str, Any] = {"verdict": None, "no_verdict": "", "saturation": [], "fault_windows": [], "remarks": []}
    if not plan.prometheus or found["began"] is None:
        return said
    begin, end = found["began"] + plan.lead_seconds, found["ended"]
    while (left := end + SCRAPED_SECONDS - time.time()) > 0 and not stopping.insisted():
        live.progress(1.0, f"asking for the verdict in {left:.0f} s, when Prometheus has seen all of it")
        time.sleep(min(1.0, left))
    if stopping.insisted():
        return said | {"no_verdict": "no verdict: somebody asked twice for the end"}
    try:
        said["verdict"] = ask(plan.prometheus, begin, end + SCRAPED_SECONDS / 2, plan.traffic.value)
    except verdict.NoVerdict as error:
        said["no_verdict"] = str(error)
    try:
        server = Prometheus(plan.prometheus)
        said["saturation"] = saturation.measured(server, begin, end)
        said["fault_windows"] = saturation.fault_windows(server, begin, end)
    except PrometheusError as error:
        said["remarks"].append(f"no saturation: {error}")
    return said


def moment(seconds: float | None) -> str:
    """A Unix time as people read it."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
