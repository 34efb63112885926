"""Draws what the shop's counters would have counted, minute by minute, in one slice of the past.

The same slice of the same model comes out the same whenever it is drawn: every kind of request has random numbers of
its own, seeded by its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from local.past.model import Effect, Incident, Model, Probe, Request
from local.past.timeline import HOUR, MINUTE, SLICE_MINUTES, SLICE_SECONDS
from synthetics.shape import visits_per_second

SEED = 20_261_101
Floats: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = tuple[tuple[str, str], ...]
DURATION = "http_server_request_duration_seconds"
PROBES, ATTEMPTS = "journeys", "journey_attempts_total"
# What an observation is taken to be beyond the last bucket, for a histogram's sum.
BEYOND = 2.0


@dataclass(frozen=True, slots=True)
class Series:
    """One counter: its name, its labels without job and instance, and by how much it grew in the minute before each
    of the slice's samples.
    """

    job: str
    name: str
    labels: Labels
    growth: Floats


def draw(model: Model, number: int, anchor: float) -> list[Series]:
    """The counters of slice *number*, all of them; incidents lie before *anchor* (Unix seconds)."""
    times = np.arange(SLICE_MINUTES, dtype=np.float64) * MINUTE + number * SLICE_SECONDS
    course = _Course(model, times, anchor)
    visits = {
        journey: course.visits(np.random.default_rng((SEED, number, 3_000 + place)), journey)
        for place, journey in enumerate(model.shape.journeys)
    }
    found: list[Series] = []
    good: dict[str, Floats] = {}
    every: dict[str, Floats] = {}
    for place, request in enumerate(model.requests):
        random = np.random.default_rng((SEED, number, place))
        asked = _asked(random, visits, request.per_visit)
        failed, parts = course.split(random, request, asked)
        every[request.id] = asked.astype(np.float64)
        good[request.id] = (asked - failed.sum(axis=0)).astype(np.float64)
        found += _answered(request, good[request.id], dict(zip(parts, failed, strict=True)))
        found += course.timed(random, request, good[request.id], failed.sum(axis=0))
    for place, counter in enumerate(model.counters):
        random = np.random.default_rng((SEED, number, 1_000 + place))
        counted = every if counter.asked else good
        of = sum((counted[each] for each in counter.of), start=np.zeros(len(times))) if counter.of else None
        growth = _growth(random, times, of, counter.an_hour) * counter.each
        found.append(Series(counter.job, counter.name, _labels(counter.labels), growth))
    for place, histogram in enumerate(model.histograms):
        random = np.random.default_rng((SEED, number, 2_000 + place))
        observed = _growth(random, times, good.get(histogram.of), histogram.an_hour)
        slow = course.share(lambda incident: incident.slow, _is_called(histogram.name))
        found += _histogram(
            random,
            histogram.job,
            histogram.name,
            histogram.labels,
            histogram.buckets,
            observed,
            _mixed(histogram.within, histogram.slow, slow),
        )
    for place, probe in enumerate(model.probes):
        found += course.attempts(np.random.default_rng((SEED, number, 4_000 + place)), probe)
    return found


class _Course:
    """How many come, how many requests fail and how many are slow, at each of *times*."""

    def __init__(self, model: Model, times: Floats, anchor: float) -> None:
        self._model = model
        self._times = times
        self._under = [(incident, _under(incident, times, anchor)) for incident in model.incidents]
        middle = times - MINUTE / 2
        moments = (datetime.fromtimestamp(each, UTC) for each in middle.tolist())
        self._visits = np.array([visits_per_second(model.shape, moment) for moment in moments])
        for incident, under in self._under:
            self._visits = np.where(under, self._visits * incident.visits, self._visits)

    def visits(self, random: np.random.Generator, journey: str) -> NDArray[np.int64]:
        """How many visits of *journey* there were in each minute."""
        return random.poisson(self._visits * self._model.shape.journeys[journey] * MINUTE)

    def share(
        self, kind: Callable[[Incident], Sequence[Effect]], about: Callable[[Effect], bool], status: int = 0
    ) -> Floats:
        """The share that incidents' effects of a *kind* have on what they are *about*."""
        found = np.zeros(len(self._times))
        for incident, under in self._under:
            for effect in kind(incident):
                if about(effect) and status in (0, effect.status):
                    found = np.where(under, np.maximum(found, effect.share), found)
        return found

    def split(
        self, random: np.random.Generator, request: Request, asked: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], tuple[int, ...]]:
        """How many of *asked* failed, by status, and those statuses. A refusal is an answer, and does not fail."""
        if request.status >= 400:
            return np.zeros((0, len(asked)), dtype=np.int64), ()
        internal = self.share(lambda incident: incident.errors, lambda effect: effect.is_about(request), 500)
        away = self.share(lambda incident: incident.errors, lambda effect: effect.is_about(request), 503)
        first = random.binomial(asked, np.maximum(internal, self._model.errors[request.job]))
        second = random.binomial(asked - first, away)
        return np.array([first, second]), (500, 503)

    def timed(
        self, random: np.random.Generator, request: Request, good: Floats, failed: NDArray[np.int64]
    ) -> list[Series]:
        """The durations of good and failed answers."""
        slow = self.share(lambda incident: incident.slow, lambda effect: effect.is_about(request))
        within = _mixed(self._model.latencies[request.job], self._model.slow, slow)
        found = []
        for status, answered in ((request.status, good), (500, failed.astype(np.float64))):
            if status == 500 and request.status >= 400:
                continue
            labels = {**_route(request), "http_response_status_class": f"{status // 100}xx"}
            found += _histogram(
                random,
                request.job,
                "http_server_request_duration_seconds",
                labels,
                self._model.buckets,
                answered,
                within,
            )
        return found

    def attempts(self, random: np.random.Generator, probe: Probe) -> list[Series]:
        """How the visit of each minute ended."""
        failed = random.random(len(self._times)) < np.maximum(probe.failed, self._of_probe(probe, "failed"))
        slow = ~failed & (random.random(len(self._times)) < np.maximum(probe.slow, self._of_probe(probe, "slow")))
        outcomes = {"passed": ~failed & ~slow, "slow": slow, "failed": failed}
        return [
            Series(PROBES, ATTEMPTS, _labels({"journey": probe.journey, "outcome": outcome}), ended.astype(np.float64))
            for outcome, ended in outcomes.items()
        ]

    def _of_probe(self, probe: Probe, outcome: str) -> Floats:
        """The share of visits that incidents have end in *outcome*."""
        found = np.zeros(len(self._times))
        for incident, under in self._under:
            for effect in incident.probes:
                if probe.journey in effect.journeys and effect.outcome == outcome:
                    found = np.where(under, np.maximum(found, effect.share), found)
        return found


def _is_called(name: str) -> Callable[[Effect], bool]:
    return lambda effect: effect.name == name


def _asked(
    random: np.random.Generator, visits: Mapping[str, NDArray[np.int64]], per_visit: Mapping[str, float]
) -> NDArray[np.int64]:
    """Requests of one kind in each minute. All kinds follow the same visits: steps of one way differ by those who leave
    it, and not by chance.
    """
    found = np.zeros_like(next(iter(visits.values())))
    for journey, times in per_visit.items():
        found += int(times) * visits[journey] + random.binomial(visits[journey], times % 1)
    return found


def _under(incident: Incident, times: Floats, anchor: float) -> NDArray[np.bool_]:
    start = incident.began(anchor)
    return (times > start) & (times <= start + incident.minutes * MINUTE)


def _growth(random: np.random.Generator, times: Floats, good: Floats | None, an_hour: float) -> Floats:
    if good is not None:
        return good
    if an_hour == 1:  # a job of the hour
        return (times % HOUR == 25 * MINUTE).astype(np.float64)
    return random.poisson(an_hour / 60, len(times)).astype(np.float64)


def _answered(request: Request, good: Floats, failed: Mapping[int, NDArray[np.int64]]) -> list[Series]:
    name = "http_server_requests_total"
    counts = {request.status: good, **{status: count.astype(np.float64) for status, count in failed.items()}}
    return [
        Series(request.job, name, _labels({**_route(request), "http_response_status_code": str(status)}), count)
        for status, count in counts.items()
    ]


def _route(request: Request) -> dict[str, str]:
    return {"http_request_method": request.method, "http_route": request.route, "traffic": "user"}


def _mixed(ordinary: Sequence[float], slow: Sequence[float], share: Floats) -> Floats:
    """Share within each bucket, at each time; one row a time."""
    weight = share[:, np.newaxis]
    return (1 - weight) * np.asarray(ordinary) + weight * np.asarray(slow)


def _histogram(
    random: np.random.Generator,
    job: str,
    name: str,
    labels: Mapping[str, str],
    buckets: Sequence[str],
    observed: Floats,
    within: Floats,
) -> list[Series]:
    shares = np.diff(np.hstack((np.zeros((len(within), 1)), within, np.ones((len(within), 1)))), axis=1)
    counts = random.multinomial(observed.astype(np.int64), shares.clip(0)).astype(np.float64)
    bounds = np.array([float(bound) for bound in buckets])
    middles = np.append((bounds + np.append(0, bounds[:-1])) / 2, bounds[-1] * BEYOND)
    found = [
        Series(job, f"{name}_bucket", _labels({**labels, "le": bound}), growth)
        for bound, growth in zip((*buckets, "+Inf"), counts.cumsum(axis=1).T, strict=True)
    ]
    count = Series(job, f"{name}_count", _labels(labels), counts.sum(axis=1))
    total = Series(job, f"{name}_sum", _labels(labels), (counts * middles).sum(axis=1))
    return [*found, count, total]


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))
