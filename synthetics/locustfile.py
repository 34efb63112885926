"""Shoppers as on an ordinary day, for as long as the shop runs. Importing it patches sockets, as locust does.

Started by `python -m synthetics load --shape day`. What a load run is made of is in `loadfile`.
"""

import os
import time
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]
from locust import User, events, task
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment

from synthetics import shape as shapes
from synthetics.accounts import Accounts, Lender, LoadAccounts
from synthetics.arrivals import Arrivals
from synthetics.claim import Claim, Traffic
from synthetics.journey import Journey, Outcome
from synthetics.journeys import JOURNEYS, VISITS
from synthetics.keys import keys_of
from synthetics.shopper import Shopper, thinking
from synthetics.tally import Tally

# Of texts that differ: part of each was chosen by the shop.
MAX_ERRORS = 200
LINE_SECONDS = 60.0
# A shop that hangs must not keep a shopper waiting for ever. A checkout may take five seconds.
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 8.0
HEADERS = {"User-Agent": "tillwatch-synthetics"}


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--parent-pid", type=int, default=0, help="end when this process is no longer the parent")
    parser.add_argument("--traffic", default="user", help="whose traffic it is said to be")
    parser.add_argument("--shape-file", default="", help="YAML that says when visits begin")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the shape")
    parser.add_argument("--at-once", type=int, default=1, help="visits under way at one time, at most")


@events.init.add_listener
def _start_the_clock(**_: Any) -> None:
    """Count the run time from here: the loop's clock still stands where it was before the imports."""
    gevent.get_hub().loop.update_now()


@events.init.add_listener
def _end_with_parent(environment: Environment, **_: Any) -> None:
    """Whoever started the load may be killed without a chance to end it."""

    parent_pid, runner = _options(environment).parent_pid, environment.runner
    assert runner is not None

    def watch() -> None:
        while os.getppid() == parent_pid:
            gevent.sleep(1)
        runner.quit()

    if parent_pid:
        gevent.spawn(watch)


@events.init.add_listener
def _forget_what_grows(environment: Environment, **_: Any) -> None:
    """Locust keeps a number for each second, and each text of an error, for plots that are not made here."""

    stats = environment.stats

    def forget() -> None:
        while True:
            gevent.sleep(LINE_SECONDS)
            stats.history.clear()
            for entry in (stats.total, *stats.entries.values()):
                entry.num_reqs_per_sec.clear()
                entry.num_fail_per_sec.clear()
            # The oldest stay: how it began is what one wants to know.
            for key in list(stats.errors)[MAX_ERRORS:]:
                del stats.errors[key]

    gevent.spawn(forget)


def _options(environment: Environment) -> Namespace:
    """The command line as Locust read it; it sets it before anything here runs."""
    assert environment.parsed_options is not None
    return environment.parsed_options


@events.quitting.add_listener
def _nothing_done_is_a_failure(environment: Environment, **_: Any) -> None:
    if environment.stats.total.num_requests == 0:
        print("no request was made: nothing is known about the journeys")
        environment.process_exit_code = 1


class Crowd(User):
    """All visits of a shape: each begins when it is its time, however slow the answers to the others are."""

    fixed_count = 1

    def on_start(self) -> None:
        options = _options(self.environment)
        self.random, self.tally, self.begins_at = Random(), Tally(), time.monotonic()
        self.shape = shapes.load(Path(options.shape_file), VISITS)
        self.scale, traffic = options.scale, Traffic(options.traffic)
        keys = None if traffic is Traffic.USER else keys_of(os.environ)
        self.claim = Claim(traffic=traffic, key=keys.traffic if keys else "")
        self.accounts: Lender = LoadAccounts(key=keys.probe) if keys else Accounts(random=self.random)
        self.under_way = Pool(options.at_once)
        self.lines = gevent.spawn(self._tell)

    def on_stop(self) -> None:
        self.lines.kill()
        self._say()
        self.under_way.kill()

    @task
    def begin_visits(self) -> None:
        """Begin visits for as long as the run takes."""
        arrivals = Arrivals(
            rate=lambda: self.scale * shapes.visits_per_second(self.shape, datetime.now(UTC)),
            highest=self.scale * self.shape.highest,
            random=self.random,
            clock=time.monotonic,
            next_at=time.monotonic(),
        )
        names, shares = list(self.shape.journeys), list(self.shape.journeys.values())
        while True:
            gevent.sleep(arrivals.wait())
            if not arrivals.begins():
                continue
            if self.under_way.full():
                self.tally.left_out += 1
                continue
            (name,) = self.random.choices(names, shares)
            self.tally.begun[name] += 1
            self.under_way.spawn(self._visit, JOURNEYS[name])

    def _visit(self, journey: Journey) -> None:
        client = FastHttpSession(
            base_url=self.host,
            request_event=self.environment.events.request,
            user=self,
            connection_timeout=CONNECT_SECONDS,
            network_timeout=ANSWER_SECONDS,
            # Sent once, as a browser does: a second checkout is not for the client to decide.
            max_retries=0,
            headers=HEADERS,
            concurrency=1,
        )
        pause = thinking(self.random, journey)
        shopper = Shopper(client, journey, pause, self._step, headers=self.claim.header)
        try:
            outcome = shopper.visit(self.random, self.accounts)
            self.tally.ended[journey.name, outcome is not Outcome.FAILED] += 1
        finally:
            client.client.clientpool.close()

    def _step(self, name: str, error: str | None) -> None:
        self.tally.step(name, error)

    def _tell(self) -> None:
        while True:
            gevent.sleep(LINE_SECONDS)
            self._say()

    def _say(self) -> None:
        said, self.tally = self.tally, Tally()
        print(said.line(datetime.now(UTC), under_way=len(self.under_way)), flush=True)
