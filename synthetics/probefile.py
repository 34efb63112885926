"""The process of the probes: walks each journey at its turn with Locust's client, and shows Prometheus what came of it.

Started by `python -m synthetics probe`. Importing it patches sockets, as locust does.
"""

import os
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import gevent  # type: ignore[import-untyped]
import gevent.event  # type: ignore[import-untyped]
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from synthetics import probe_page
from synthetics.accounts import ProbeAccounts
from synthetics.claim import Claim, Traffic
from synthetics.journey import Journey, Outcome, Visit, arrive, clean_up, leave, walk
from synthetics.journeys import JOURNEYS
from synthetics.keys import Keys, keys_of
from synthetics.probe import STEPS_SHARE, VISIT_SHARE
from synthetics.probe_metrics import ProbeMetrics, registry
from synthetics.probe_visit import AGAIN_SECONDS, ProbeVisit, Visited, VisitOver
from synthetics.shopper import Shopper
from synthetics.turns import Turns, spread

# A shop that hangs must not keep a probe waiting for ever. A checkout may take five seconds.
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 8.0
HEADERS = {"User-Agent": "tillwatch-probe"}
FAILED, NOT_STARTED = 1, 2


def session(host: str) -> FastHttpSession:
    """Locust's client, for one visit."""
    return FastHttpSession(
        base_url=host,
        request_event=EventHook(),
        user=None,
        # Passwords go this way: whoever else answers for the shop is to be noticed.
        insecure=False,
        connection_timeout=CONNECT_SECONDS,
        network_timeout=ANSWER_SECONDS,
        # Sent once: a second checkout is not for the client to decide.
        max_retries=0,
        headers=HEADERS,
        concurrency=1,
    )


@dataclass(slots=True, kw_only=True)
class Prober:
    """Walks journeys at *host*, one visit of each at a time; tells *tell* each visit's end."""

    host: str
    keys: Keys
    every_seconds: float
    metrics: ProbeMetrics
    tell: Callable[[Visited], None]
    random: Random = field(default_factory=Random)
    claim: Claim = field(init=False)
    accounts: dict[str, ProbeAccounts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.claim = Claim(traffic=Traffic.PROBE, key=self.keys.traffic)

    def keep_walking(self, journey: Journey, turn: Turns) -> None:
        """A visit at each turn, for ever; none where the one before is still under way."""
        under_way: gevent.Greenlet | None = None
        while True:
            gevent.sleep(turn.wait())
            if under_way is None or under_way.dead:
                under_way = gevent.spawn(self.visit, journey)
            else:
                self.metrics.skipped(journey.name)

    def visit(self, journey: Journey) -> Visited:
        """One visit, to its end: whatever happens on the way, it has an outcome."""
        made = ProbeVisit(journey=journey, metrics=self.metrics, sleep=gevent.sleep)
        client = session(self.host)
        shopper = Shopper(
            client,
            journey,
            pause=lambda: 0.0,
            tell=made.told,
            headers=lambda: {**self.claim.header(), **made.traceparent()},
        )
        lender = self.accounts.setdefault(journey.name, ProbeAccounts(key=self.keys.probe, journey=journey.name))
        visit = arrive(journey, lender, self.random, probes=True)
        try:
            outcome = self._walked(made, visit, shopper)
            self.metrics.attempted(journey.name, outcome, at=time.time(), trace_id=made.trace_id)
            ended = made.ended(outcome, self._cleaned(made, visit, shopper))
        finally:
            leave(journey, lender, visit)
            client.client.clientpool.close()
        self.tell(ended)
        return ended

    def _walked(self, made: ProbeVisit, visit: Visit, shopper: Shopper) -> Outcome:
        left = self.every_seconds * STEPS_SHARE
        try:
            with gevent.Timeout(left, VisitOver()):
                return walk(made.journey, visit, made.timed(shopper.take, AGAIN_SECONDS))
        except VisitOver:
            made.told(made.doing, f"not over after {left:g} s")
        except Exception as surprise:  # what a step makes of an answer that it did not foresee; its text is not shown
            made.told(made.doing, f"the visit ended with {type(surprise).__name__}")
        return Outcome.FAILED

    def _cleaned(self, made: ProbeVisit, visit: Visit, shopper: Shopper) -> bool | None:
        if not made.journey.clean_up:
            return None
        left = made.began + self.every_seconds * VISIT_SHARE - time.monotonic()
        passed = False
        with suppress(VisitOver, Exception), gevent.Timeout(left, VisitOver()):
            passed = clean_up(made.journey, visit, made.timed(shopper.take, 0.0))
        self.metrics.cleaned(made.journey.name, passed=passed)
        return passed


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Walk until a signal, or once. Returns the exit code."""
    options, keys = _parse(arguments), keys_of(environ)
    journeys = [JOURNEYS[name] for name in options.journeys.split(",")]
    shown = registry(environ, location=options.location)

    def tell(visited: Visited) -> None:
        well = visited.outcome is Outcome.PASSED and visited.cleaned is not False
        if options.once or not well:
            print(visited.line(datetime.now(UTC), options.location), flush=True)

    prober = Prober(
        host=options.host,
        keys=keys,
        every_seconds=options.every_seconds,
        metrics=ProbeMetrics(shown, journeys),
        tell=tell,
    )
    # The loop's clock still stands where it was before the imports.
    gevent.get_hub().loop.update_now()
    over = _over(options.parent_pid)
    if options.once:
        return _once(prober, journeys, over)
    host, _, port = options.metrics.rpartition(":")
    try:
        probe_page.serve(shown, host, int(port))
    except OSError as error:
        print(f"--metrics-host {host} --metrics-port {port}: {error.strerror}", file=sys.stderr)
        return NOT_STARTED
    began = time.monotonic()
    for name, after in spread([journey.name for journey in journeys], options.every_seconds).items():
        turn = Turns(every_seconds=options.every_seconds, clock=time.monotonic, next_at=began + after)
        gevent.spawn(prober.keep_walking, JOURNEYS[name], turn)
    over.wait()
    return 0


def _once(prober: Prober, journeys: list[Journey], over: gevent.event.Event) -> int:
    """One visit of each, one after the other: on somebody's machine they are not to slow one another down."""

    def walk_all() -> list[Visited]:
        return [prober.visit(journey) for journey in journeys]

    walking = gevent.spawn(walk_all)
    walking.link(lambda _: over.set())
    over.wait()
    if not walking.successful():
        return FAILED
    return 0 if all(each.outcome is Outcome.PASSED for each in walking.value) else FAILED


def _over(parent_pid: int) -> gevent.event.Event:
    """Set by a signal, or when the process that started this one is gone: it may be killed without a word."""
    over = gevent.event.Event()
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        gevent.signal_handler(signum, over.set)

    def watch() -> None:
        while os.getppid() == parent_pid:
            gevent.sleep(0.5)
        over.set()

    gevent.spawn(watch)
    return over


def _parse(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m synthetics.probefile", description="Started by python -m synthetics probe.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--journeys", required=True, help="names, with commas")
    parser.add_argument("--every-seconds", type=float, required=True)
    parser.add_argument("--location", required=True)
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("--metrics", default="", help="HOST:PORT")
    parser.add_argument("--once", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    # Greenlets that are under way are not waited for: what they leave is cleared away by the next visit.
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    os._exit(code)
