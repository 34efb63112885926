"""Everything that the page shows, each part read in the background and kept while it is fresh."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from budget.answers import Exemplar
from budget.gate_decision import Decision
from budget.identity import Key
from budget.ops.alertmanager import Alertmanagers, Told
from budget.ops.courses import Course, read_courses
from budget.ops.faults import Broken, Faults
from budget.ops.firing import Firing, firing, read_evaluated
from budget.ops.gates import Gate
from budget.ops.happenings import Happening, joined, read_day, read_deploys
from budget.ops.incidents import Incident, Incidents
from budget.ops.invariants import Invariant, read_invariants
from budget.ops.journeys import Timeline, read_timelines, read_traces, traced
from budget.ops.kept import Kept, Seen
from budget.ops.thrifty import Server as Asked
from budget.ops.thrifty import Thrifty
from budget.status import SloStatus, read, statuses
from slo import windows

# The page asks every five seconds; what hardly changes is asked for less often.
NOW_SECONDS, SOON_SECONDS, SLOW_SECONDS, OLD_SECONDS = 3.0, 10.0, 60.0, 300.0
# The first look, and one after a while in which nobody looked, has nothing of now to show. A program that looks once an
# hour waits longer than one question may take.
FIRST_PATIENCE_SECONDS, PROGRAM_PATIENCE_SECONDS, PATIENCE_SECONDS = 3.5, 6.0, 0.6
_USUAL_DAYS = 30.0


class Server(Asked, Protocol):
    """A Prometheus that keeps exemplars too, and where it is."""

    url: str

    def exemplars(self, query: str, *, start: float, end: float) -> tuple[Exemplar, ...]:
        """Exemplars of the series of *query*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known at one moment. now: by this machine's clock, in Unix seconds."""

    now: float
    promises: Seen[tuple[SloStatus, ...]]
    courses: Seen[Mapping[Key, Course]]
    timelines: Seen[tuple[Timeline, ...]]
    happenings: Seen[tuple[Happening, ...]]
    invariants: Seen[tuple[Invariant, ...]]
    gate: Seen[tuple[Decision, ...]]
    told: Seen[Told]
    firing: Firing
    incidents: Seen[tuple[Incident, ...]]
    broken: Seen[Broken]


class Board:
    """The questions of the page, and their newest answers."""

    def __init__(
        self,
        *,
        server: Server,
        alertmanagers: Alertmanagers,
        incidents: Incidents,
        gate: Gate,
        faults: Faults | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock, self._gate, self._alertmanagers = clock, gate, alertmanagers
        self._source = thrifty = Thrifty(server)
        self._promises = self._kept(lambda: statuses(read(thrifty)), NOW_SECONDS)
        self._courses = self._kept(lambda: {each.key: each for each in read_courses(thrifty, clock())}, SLOW_SECONDS)
        self._timelines = self._kept(lambda: read_timelines(server, clock()), SOON_SECONDS)
        self._traces = self._kept(lambda: read_traces(server, clock()), SLOW_SECONDS)
        self._day = self._kept(lambda: read_day(thrifty, clock()), SOON_SECONDS)
        self._deploys = self._kept(lambda: read_deploys(thrifty, clock(), seconds=self._period), OLD_SECONDS)
        self._invariants = self._kept(lambda: read_invariants(thrifty, clock()), NOW_SECONDS)
        self._decisions = self._kept(self._decide, SOON_SECONDS if gate.seeded_counts else SLOW_SECONDS)
        self._evaluated = self._kept(lambda: read_evaluated(thrifty), NOW_SECONDS)
        self._told = self._kept(alertmanagers.told, NOW_SECONDS)
        self._incidents = self._kept(incidents.open, NOW_SECONDS)
        self._broken = self._kept(Broken if faults is None else faults.broken, NOW_SECONDS)

    def look(self, *, patience_seconds: float = FIRST_PATIENCE_SECONDS) -> View:
        """What is known now. Nobody is waited for long: what has not answered is told as such.

        *patience_seconds*: how long, where there is nothing else to show.
        """
        kept: tuple[Kept[Any], ...] = (*self._all(), *self._alerting())
        for each in kept:
            each.start()
        waiting = any(each.is_worth_waiting_for() for each in kept)
        deadline = time.monotonic() + (patience_seconds if waiting else PATIENCE_SECONDS)

        def seen(each: Kept[Any]) -> Seen[Any]:
            return each.get(patience_seconds=max(0.0, deadline - time.monotonic()))

        told, timelines, day = seen(self._told), seen(self._timelines), seen(self._day)
        return View(
            now=self._clock(),
            promises=seen(self._promises),
            courses=seen(self._courses),
            timelines=_with(timelines, lambda found: traced(found, seen(self._traces).value or {})),
            happenings=_with(day, lambda found: joined(found, seen(self._deploys).value or (), self._clock())),
            invariants=seen(self._invariants),
            gate=seen(self._decisions),
            told=told,
            firing=firing(told, seen(self._evaluated), asked=bool(self._alertmanagers)),
            incidents=seen(self._incidents),
            broken=seen(self._broken),
        )

    def changed(self) -> None:
        """Somebody has done something: who is told of what, and what is broken, is asked anew."""
        for each in self._alerting():
            each.forget()

    def _kept(self, ask: Callable[[], Any], fresh_seconds: float) -> Kept[Any]:
        return Kept(ask, fresh_seconds=fresh_seconds, clock=self._clock)

    def _all(self) -> tuple[Kept[Any], ...]:
        return (
            self._promises,
            self._courses,
            self._timelines,
            self._traces,
            self._day,
            self._deploys,
            self._invariants,
            self._decisions,
        )

    def _alerting(self) -> tuple[Kept[Any], ...]:
        return (self._told, self._evaluated, self._incidents, self._broken)

    def _decide(self) -> tuple[Decision, ...]:
        others = {row.service for row in self._promises.peek().value or ()}
        return self._gate.decisions(self._source, now=self._clock(), others=others)

    @property
    def _period(self) -> float:
        """The longest of the promises', in seconds."""
        days = [row.period_days for row in self._promises.peek().value or () if row.period_days]
        return max(days, default=_USUAL_DAYS) * windows.DAY


def _with(seen: Seen[Any], change: Callable[[Any], Any]) -> Seen[Any]:
    """*seen* with its value changed, where it has one."""
    return seen if seen.value is None else replace(seen, value=change(seen.value))
