"""Who makes a load run's visits with Locust: each in a process of the generator. Importing it patches sockets."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random

import gevent  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from synthetics.accounts import Lender
from synthetics.arrivals import Arrivals
from synthetics.claim import Claim
from synthetics.course import Course
from synthetics.journey import Journey, Outcome, Visit, arrive, leave, walk
from synthetics.load_accounts import EveryNth
from synthetics.load_visit import LoadVisit
from synthetics.record import Record
from synthetics.shopper import Shopper, thinking

# A shop that hangs must not keep a shopper waiting for ever. A checkout may take five seconds.
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 8.0
HEADERS = {"User-Agent": "tillwatch-load"}


@dataclass(kw_only=True)
class Visitors:
    """Those of one process: what they need, and the visits under way."""

    host: str
    record: Record
    claim: Claim
    accounts: Lender
    random: Random = field(default_factory=Random)
    answer_seconds: float = ANSWER_SECONDS
    under_way: set[LoadVisit] = field(default_factory=set)

    @property
    def accounts_used(self) -> int:
        """The number of the last account of load that was used: those up to it may have bought something."""
        return self.accounts.last if isinstance(self.accounts, EveryNth) else 0

    def visit(
        self,
        journey: Journey,
        *,
        due: float | None = None,
        pause: Callable[[], float] | None = None,
        barrier: Callable[[], object] = lambda: None,
    ) -> tuple[Visit, Outcome]:
        """One visit, to its end; what comes of it is in the record. *due*, *pause*: as `LoadVisit` has them."""
        made = LoadVisit(
            journey=journey,
            record=self.record,
            pause=pause or thinking(self.random, journey),
            sleep=gevent.sleep,
            due=due,
        )
        visit, outcome = arrive(journey, self.accounts, self.random), Outcome.FAILED
        visit.barrier = barrier
        client = session(self.host, self.answer_seconds)
        self.record.begun(journey.name, time.time())
        self.under_way.add(made)
        try:
            shopper = Shopper(client, journey, pause=lambda: 0.0, tell=made.told, headers=self.claim.header)
            outcome = walk(journey, visit, made.timed(shopper.take))
            self.record.ended(journey.name, outcome)
        except gevent.GreenletExit:
            if made in self.under_way:
                made.cut_off()
            raise
        except Exception as surprise:  # what a step makes of an answer that it did not foresee; its text is not shown
            made.failed(f"{journey.name}: the visit ended with {type(surprise).__name__}")
            self.record.ended(journey.name, outcome)
        finally:
            self.under_way.discard(made)
            client.client.clientpool.close()
            leave(journey, self.accounts, visit)
        return visit, outcome

    def cut_off(self) -> None:
        """The run is over for those who are still under way."""
        for each in self.under_way:
            each.cut_off()
        self.under_way.clear()


def keep_arriving(
    visitors: Visitors, journeys: dict[str, Journey], course: Course, *, peak: float, seconds: float, at_once: int
) -> None:
    """Begin visits as *course* says, until the greenlet is killed; each takes as long as it takes.

    Args:    peak: visits per second at the busiest, of this process. seconds: of the whole run.
             at_once: how many may be under way; those on top are left out, and counted.
    """
    began, pool = time.monotonic(), Pool(at_once)
    arrivals = Arrivals(
        rate=lambda: course.rate(time.monotonic() - began, peak=peak, seconds=seconds),
        highest=peak * course.highest,
        random=visitors.random,
        clock=time.monotonic,
        next_at=began,
    )
    names, shares = list(course.journeys), list(course.journeys.values())
    try:
        while True:
            gevent.sleep(arrivals.wait())
            if missed := arrivals.take_missed():
                visitors.record.left_out(time.time(), missed)
            if not arrivals.begins():
                continue
            if pool.full():
                visitors.record.left_out(time.time())
                continue
            (name,) = visitors.random.choices(names, shares)
            pool.spawn(visitors.visit, journeys[name], due=arrivals.next_at)
    finally:
        visitors.cut_off()
        pool.kill(block=False)


def session(host: str, answer_seconds: float = ANSWER_SECONDS) -> FastHttpSession:
    """A client for one visit."""
    return FastHttpSession(
        base_url=host,
        request_event=EventHook(),
        user=None,
        # Passwords go this way: whoever else answers for the shop is to be noticed.
        insecure=False,
        ssl_context_factory=_trust,
        connection_timeout=CONNECT_SECONDS,
        network_timeout=answer_seconds,
        # Sent once, as a browser does: a second checkout is not for the client to decide.
        max_retries=0,
        headers=HEADERS,
        concurrency=1,
    )


@cache
def _trust() -> object:
    """Whom to believe, read once: a visit that did that would measure it."""
    return gevent.ssl.create_default_context()
