"""Locust's users of a load run, and how its processes report. Importing it patches sockets, as locust does.

Started by `python -m synthetics load`, with the name of one class: `Arriving`, who begins visits as a course says;
`Regulars`, each of whom is one shopper who comes again and again; or `Stampeding`, all of whose buyers come at once.
"""

import json
import os
import time
from argparse import ArgumentParser
from collections.abc import Callable
from random import Random
from typing import Any
from weakref import WeakKeyDictionary

import gevent  # type: ignore[import-untyped]
from locust import User, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from synthetics import course as courses
from synthetics.accounts import Accounts
from synthetics.bookkeeper import Bookkeeper
from synthetics.claim import Claim, Traffic
from synthetics.course import MAX_VISITS, Course, Stampede
from synthetics.generator import Meter
from synthetics.host import UsageError, allowed_by, check_host
from synthetics.journeys import JOURNEYS
from synthetics.keys import keys_of
from synthetics.load_accounts import EveryNth
from synthetics.pace import Pace
from synthetics.record import Record
from synthetics.reporting import Reporter, Teller
from synthetics.stampede_run import trample
from synthetics.visitors import Visitors, keep_arriving

PARENT_SECONDS = 1.0
_REPORTERS: WeakKeyDictionary[Environment, Reporter] = WeakKeyDictionary()


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--parent-pid", type=int, default=0, help="end when this process is no longer the parent")
    parser.add_argument("--tell", type=int, default=0, help="file descriptor for a line of JSON a second")
    parser.add_argument("--traffic", default="load", help="whose traffic it is said to be")
    parser.add_argument("--row-seconds", type=int, default=1, help="how long a row of the report is")
    parser.add_argument("--begin-by", type=float, default=0.0, help="seconds for workers to come in")
    # Of visits that arrive.
    parser.add_argument("--shape-json", default="", help="the shape")
    parser.add_argument("--peak", type=float, default=0.0, help="visits per second at the busiest, of all processes")
    parser.add_argument("--whole-seconds", type=float, default=0.0, help="of the run")
    parser.add_argument("--at-once", type=int, default=1, help="visits under way at one time, of all processes")
    # Of regulars.
    parser.add_argument("--journeys-json", default="", help="shares of journeys that regulars walk, by name")
    parser.add_argument("--request-rate", type=float, default=0.0, help="requests per second of all users together")
    parser.add_argument("--all-users", type=int, default=1, help="regulars of all processes")


@events.init.add_listener
def _set_up(environment: Environment, **_: Any) -> None:
    # The loop's clock still stands where it was before the imports.
    gevent.get_hub().loop.update_now()
    options, runner = _options(environment), environment.runner
    reporter = Reporter(record=Record(), meter=Meter())
    _REPORTERS[environment] = reporter
    if options.parent_pid:
        gevent.spawn(_end_with, options.parent_pid, runner)
    if isinstance(runner, WorkerRunner):
        environment.events.report_to_master.add_listener(reporter.add_to)
        return
    is_master = isinstance(runner, MasterRunner)
    bookkeeper = Bookkeeper(row_seconds=options.row_seconds, workers=_processes(options))
    teller = Teller(bookkeeper=bookkeeper, descriptor=options.tell, own=None if is_master else reporter)
    if isinstance(runner, MasterRunner):
        environment.events.worker_report.add_listener(teller.heard)
        teller.look = _look_after(runner, bookkeeper, options.expect_workers)

    def began(**_: Any) -> None:
        bookkeeper.began = time.time()

    def ended(**_: Any) -> None:
        bookkeeper.ended = time.time()

    environment.events.test_start.add_listener(began)
    environment.events.test_stopping.add_listener(ended)
    environment.events.quit.add_listener(lambda **_: teller.end())
    gevent.spawn(teller.keep_telling)


def _look_after(runner: MasterRunner, bookkeeper: Bookkeeper, expected: int) -> Callable[[], None]:
    """Notices a worker that is gone before the run is over."""

    def look() -> None:
        if bookkeeper.began is not None and bookkeeper.ended is None and (lost := expected - runner.worker_count) > 0:
            bookkeeper.fault(f"{lost} of {expected} workers went away during the run: its load was less than asked for")

    return look


def _end_with(parent_pid: int, runner: Any) -> None:
    """Whoever started this may be killed without a chance to end it."""
    while os.getppid() == parent_pid:
        gevent.sleep(PARENT_SECONDS)
    runner.quit()


def _options(environment: Environment) -> Any:
    """The command line as Locust read it; it sets it before anything here runs. A worker's is that of its master."""
    assert environment.parsed_options is not None
    return environment.parsed_options


def _processes(options: Any) -> int:
    return max(1, options.expect_workers or 1)


class _InProcess(User):
    """What all have in common: the visitors of the process."""

    abstract = True
    visitors: Visitors | None = None

    def on_start(self) -> None:
        options = _options(self.environment)
        try:
            check_host(self.host or "", allowed_by(os.environ))
            if type(self).visitors is None:
                type(self).visitors = _visitors(self.environment, self.host or "", options)
        except UsageError as error:
            print(f"the master asked for what this worker may not do: {error}", flush=True)
            self.environment.runner.quit()
            return
        self.work(options, type(self).visitors)

    def work(self, options: Any, visitors: Visitors | None) -> None:
        """What is done when the user begins."""


def _visitors(environment: Environment, host: str, options: Any) -> Visitors:
    """Of this process, which begins its part of the run with them."""
    reporter, traffic = _REPORTERS[environment], Traffic(options.traffic)
    reporter.record.row_seconds = options.row_seconds
    keys = None if traffic is Traffic.USER else keys_of(os.environ)
    index = max(0, getattr(environment.runner, "worker_index", 0))
    found = Visitors(
        host=host,
        record=reporter.record,
        claim=Claim(traffic=traffic, key=keys.traffic if keys else ""),
        accounts=(
            Accounts(random=Random())
            if keys is None
            else EveryNth(key=keys.probe, process=index, processes=_processes(options))
        ),
    )
    reporter.begin(found)
    return found


class Arriving(_InProcess):
    """Visits of a course: each begins when it is its time, however slow the answers to the others are."""

    @task
    def begin_visits(self) -> None:
        """Begin visits for as long as the run takes."""
        options, visitors = _options(self.environment), type(self).visitors
        course = courses.parse(json.loads(options.shape_json), list(JOURNEYS))
        assert isinstance(course, Course)
        assert visitors is not None
        processes = _processes(options)
        keep_arriving(
            visitors,
            JOURNEYS,
            course,
            peak=min(options.peak, MAX_VISITS) / processes,
            seconds=options.whole_seconds,
            at_once=max(1, options.at_once // processes),
        )


class Regulars(_InProcess):
    """A shopper who comes again and again."""

    def work(self, options: Any, visitors: Visitors | None) -> None:
        self.random, self.shares = Random(), json.loads(options.journeys_json)
        self.pause: Callable[[], float] | None = None
        if options.request_rate:
            interval = options.all_users / options.request_rate
            # Users that all began at once would send in step for the whole run.
            begin = time.monotonic() + self.random.uniform(0, interval)
            self.pause = Pace(interval_seconds=interval, clock=time.monotonic, next_at=begin).wait

    @task
    def walk(self) -> None:
        """One visit."""
        assert self.visitors is not None
        (name,) = self.random.choices(list(self.shares), list(self.shares.values()))
        self.visitors.visit(JOURNEYS[name], pause=self.pause)


class Stampeding(_InProcess):
    """Buyers who all check out at one moment."""

    @task
    def come(self) -> None:
        """Once; the run is over when all have their answer."""
        stampede = courses.parse(json.loads(_options(self.environment).shape_json), list(JOURNEYS))
        assert isinstance(stampede, Stampede)
        assert self.visitors is not None
        _REPORTERS[self.environment].stampede = trample(self.visitors, stampede)
        gevent.spawn(self.environment.runner.quit)
        gevent.sleep(PARENT_SECONDS * 60)
