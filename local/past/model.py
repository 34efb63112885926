"""Reads what the seeded past is made of: traffic.yaml, incidents.yaml, and the shape of an ordinary day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from synthetics import shape
from synthetics.shape import Shape

FOLDER = Path(__file__).parent
TRAFFIC, INCIDENTS = FOLDER / "traffic.yaml", FOLDER / "incidents.yaml"
DAY = shape.find("day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One kind of request: its labels, and how many of them a visit of each journey makes."""

    id: str
    job: str
    method: str
    route: str
    status: int
    per_visit: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Grows by *each* with every good answer to the requests *of*, with *asked* also with every other one; or
    *an_hour* times by itself.
    """

    job: str
    name: str
    labels: Mapping[str, str]
    of: tuple[str, ...] = ()
    asked: bool = False
    each: int = 1
    an_hour: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Observed as a counter grows. *within*: share of observations within each bucket; *slow*: in an incident."""

    job: str
    name: str
    labels: Mapping[str, str]
    buckets: tuple[str, ...]
    within: tuple[float, ...]
    slow: tuple[float, ...]
    of: str = ""
    an_hour: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an incident does to a *share*: of a job's requests, of those in *of*, or of a histogram called *name*."""

    share: float
    job: str = ""
    of: tuple[str, ...] = ()
    name: str = ""
    status: int = 500

    def is_about(self, request: Request) -> bool:
        """Whether *request* is among what it is about."""
        return request.job == self.job and (not self.of or request.id in self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A journey that is walked once a minute. *failed*, *slow*: share of visits that end so on an ordinary day."""

    journey: str
    failed: float
    slow: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeEffect:
    """What an incident does to the probes: the *share* of visits of the *journeys* that ends in this *outcome*."""

    journeys: tuple[str, ...]
    share: float
    outcome: str = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that went wrong, so many days before the anchor's, at the time *at* of that day (UTC)."""

    title: str
    days_before: int
    at: time
    minutes: int
    errors: tuple[Effect, ...] = ()
    slow: tuple[Effect, ...] = ()
    visits: float = 1.0
    probes: tuple[ProbeEffect, ...] = ()

    def began(self, anchor: float) -> float:
        """When it began, in Unix seconds."""
        day = datetime.fromtimestamp(anchor, UTC).date() - timedelta(days=self.days_before)
        return datetime.combine(day, self.at, UTC).timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All of it. *latencies*: by job, share of answers within each of the *buckets*; *errors*: by job."""

    shape: Shape
    buckets: tuple[str, ...]
    latencies: Mapping[str, tuple[float, ...]]
    slow: tuple[float, ...]
    errors: Mapping[str, float]
    requests: tuple[Request, ...]
    counters: tuple[Counter, ...]
    histograms: tuple[Histogram, ...]
    probes: tuple[Probe, ...] = ()
    incidents: tuple[Incident, ...] = field(default=())


@lru_cache(maxsize=1)
def load() -> Model:
    """The model, as its files have it."""
    traffic = yaml.safe_load(TRAFFIC.read_text(encoding="utf-8"))
    incidents = yaml.safe_load(INCIDENTS.read_text(encoding="utf-8"))
    return Model(
        shape=shape.load(DAY, ("browse", "buy")),
        buckets=tuple(traffic["buckets"]),
        latencies={job: tuple(shares) for job, shares in traffic["latencies"].items()},
        slow=tuple(traffic["slow"]),
        errors=traffic["errors"],
        requests=tuple(Request(**row) for row in traffic["requests"]),
        counters=tuple(Counter(**_several(row)) for row in traffic["counters"]),
        histograms=tuple(Histogram(**_tuples(row)) for row in traffic["histograms"]),
        probes=tuple(Probe(**row) for row in traffic["probes"]),
        incidents=tuple(_incident(row) for row in incidents),
    )


def _incident(row: dict[str, Any]) -> Incident:
    errors, slow = (tuple(Effect(**_tuples(each)) for each in row.get(key, ())) for key in ("errors", "slow"))
    probes = tuple(ProbeEffect(**_tuples(each)) for each in row.get("probes", ()))
    return Incident(**{**row, "at": time.fromisoformat(row["at"]), "errors": errors, "slow": slow, "probes": probes})


def _several(row: dict[str, Any]) -> dict[str, Any]:
    """*row* with the requests that it counts, of which it may name one alone."""
    of = row.get("of", [])
    return {**row, "of": (of,) if isinstance(of, str) else tuple(of)}


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
