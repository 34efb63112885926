"""Locust users that walk the journeys. The only module here that imports locust, which patches sockets.

Started by `python -m synthetics load`, with the name of one of the two classes: `Regulars`, so many shoppers who walk
one journey again and again, or `Crowd`, whose visits begin as a shape says.
"""

import json
import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]
from locust import FastHttpUser, events, task
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment

from synthetics import shape as shapes
from synthetics.accounts import Accounts
from synthetics.arrivals import Arrivals
from synthetics.expect import Answer, StepFailed
from synthetics.journey import Journey, Step, Verdict, Visit, walk
from synthetics.journeys import JOURNEYS, VISITS
from synthetics.pace import Pace
from synthetics.tally import Tally

MAX_MESSAGE = 200
# Of texts that differ: part of each was chosen by the shop.
MAX_ERRORS = 200
LINE_SECONDS = 60.0
# A shop that hangs must not keep a shopper waiting for ever. A checkout may take five seconds.
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 8.0
HEADERS = {"User-Agent": "tillwatch-synthetics"}


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--request-rate", type=float, default=0.0, help="requests per second, all users together")
    parser.add_argument("--parent-pid", type=int, default=0, help="end when this process is no longer the parent")
    parser.add_argument("--journey", default="catalog", help="what regulars walk")
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


def _answer(response: Any) -> Answer:
    """Locust's *response* as journeys see it; a connection that failed has status 0."""
    text = response.text or ""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    headers = {name.lower(): value for name, value in (response.headers or {}).items()}
    return Answer(status=response.status_code, headers=headers, body=body, text=text)


def _thinking(random: Random, journey: Journey) -> Callable[[], float]:
    """How long somebody on *journey* thinks before a step."""
    return partial(random.uniform, *journey.think_seconds)


class Shopper:
    """Takes steps with *client*, pausing before each for *pause* seconds; tells *tell* each step's end."""

    def __init__(
        self,
        client: FastHttpSession,
        journey: Journey,
        pause: Callable[[], float],
        tell: Callable[[str, str | None], None] = lambda name, error: None,
    ) -> None:
        self._client, self._journey, self._pause, self._tell = client, journey, pause, tell

    def visit(self, random: Random, accounts: Accounts) -> bool:
        """Walk one visit, as somebody whom the shop has not seen before; whether every step passed."""
        self._client.cookiejar.clear()
        if not self._journey.signs_in:
            return walk(self._journey, Visit(random=random), self._take)
        account = accounts.borrow()
        try:
            return walk(self._journey, Visit(random=random, account=account), self._take)
        finally:
            accounts.give_back(account)

    def _take(self, step: Step, visit: Visit, last: bool) -> Verdict | None:
        gevent.sleep(self._pause())
        request = step.request(visit)
        verdict: Verdict | None = None
        error: str | None = None
        # Redirects are answers to be judged: following one could leave the host that the load is allowed on.
        with self._client.request(
            request.method,
            request.path,
            name=step.name,
            json=request.body,
            headers=dict(request.headers),
            catch_response=True,
            allow_redirects=False,
        ) as response:
            try:
                if response.status_code == 0:
                    raise StepFailed(f"no answer: {response.error}")
                verdict = step.judge(visit, _answer(response), last=last)
                response.success()
            except StepFailed as failure:
                error = str(failure)
            except Exception as surprise:  # an answer that the check did not foresee; what is in it is not shown
                error = f"the check ended with {type(surprise).__name__}"
            if error is not None:
                # Reports count failures by their text, part of which the service chose.
                error = f"{self._journey.name}: {error}"[:MAX_MESSAGE]
                response.failure(error)
        self._tell(step.name, error)
        return verdict


class _Visitors(FastHttpUser):
    """What both kinds have in common."""

    abstract = True
    connection_timeout = CONNECT_SECONDS
    network_timeout = ANSWER_SECONDS
    default_headers = HEADERS


class Regulars(_Visitors):
    """A shopper who walks one journey again and again."""

    accounts = Accounts(random=Random())

    def on_start(self) -> None:
        self.random = Random()
        options = _options(self.environment)
        journey = JOURNEYS[options.journey]
        pause = _thinking(self.random, journey)
        if options.request_rate:
            interval = options.num_users / options.request_rate
            # Users that all began at once would send in step for the whole run.
            begin = time.monotonic() + self.random.uniform(0, interval)
            pause = Pace(interval_seconds=interval, clock=time.monotonic, next_at=begin).wait
        self.shopper = Shopper(self.client, journey, pause)

    @task
    def walk(self) -> None:
        """One visit."""
        self.shopper.visit(self.random, self.accounts)


class Crowd(_Visitors):
    """All visits of a shape: each begins when it is its time, however slow the answers to the others are."""

    fixed_count = 1

    def on_start(self) -> None:
        options = _options(self.environment)
        self.random, self.tally, self.begins_at = Random(), Tally(), time.monotonic()
        self.shape = shapes.load(Path(options.shape_file), VISITS)
        self.scale, self.accounts = options.scale, Accounts(random=self.random)
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
        shopper = Shopper(client, journey, _thinking(self.random, journey), self._step)
        try:
            passed = shopper.visit(self.random, self.accounts)
            self.tally.ended[journey.name, passed] += 1
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
