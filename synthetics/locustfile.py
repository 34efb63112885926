"""Locust users that walk the journeys. The only module here that imports locust, which patches sockets.

Started by `python -m synthetics load`.
"""

import json
import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from random import Random
from typing import Any

import gevent  # type: ignore[import-untyped]
from locust import FastHttpUser, events, task
from locust.env import Environment

from synthetics.expect import Answer, StepFailed
from synthetics.journeys import BROWSE, Journey, Step, Visit
from synthetics.pace import Pace

MAX_MESSAGE = 200


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--request-rate", type=float, default=0.0, help="requests per second, all users together")
    parser.add_argument("--parent-pid", type=int, default=0, help="end when this process is no longer the parent")


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
    try:
        body = json.loads(response.text or "")
    except ValueError:
        body = None
    headers = {name.lower(): value for name, value in (response.headers or {}).items()}
    return Answer(status=response.status_code, headers=headers, body=body)


class JourneyUser(FastHttpUser):
    """A shopper who walks one journey again and again."""

    abstract = True
    journey: Journey
    # A shop that hangs must not keep a user, and with it the end of the run, waiting.
    connection_timeout = 5.0
    network_timeout = 5.0
    default_headers = {"User-Agent": "tillwatch-synthetics"}  # noqa: RUF012  # declared so by its base

    def on_start(self) -> None:
        self.random = Random()
        self.sleep_seconds: Callable[[], float] = lambda: self.random.uniform(*self.journey.think_seconds)
        options = _options(self.environment)
        if options.request_rate:
            interval = options.num_users / options.request_rate
            # Users that all began at once would send in step for the whole run.
            begin = time.monotonic() + self.random.uniform(0, interval)
            self.sleep_seconds = Pace(interval_seconds=interval, clock=time.monotonic, next_at=begin).wait

    @task
    def walk(self) -> None:
        """One visit; it ends early at the first step that fails, as the later ones build on it."""
        visit = Visit(random=self.random)
        for step in self.journey.steps:
            gevent.sleep(self.sleep_seconds())
            if not self._take(step, visit):
                return

    def _take(self, step: Step, visit: Visit) -> bool:
        """Whether *step* passed."""
        # Redirects are answers to be judged: following one could leave the host that the load is allowed on.
        with self.client.get(step.path(visit), name=step.name, catch_response=True, allow_redirects=False) as response:
            try:
                if response.status_code == 0:
                    raise StepFailed(f"no answer: {response.error}")
                step.check(visit, _answer(response))
            except StepFailed as failure:
                # Reports count failures by their text, part of which the service chose.
                response.failure(f"{self.journey.name}: {failure}"[:MAX_MESSAGE])
                return False
            response.success()
            return True


class BrowseUser(JourneyUser):
    """Walks the browse journey."""

    journey = BROWSE
