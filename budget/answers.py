"""Prometheus' JSON answers as frozen values: the only place that knows the shape of its HTTP API.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from budget.errors import QueryFailed

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series' value at one moment (*at*: Unix seconds). The value may be NaN or infinite."""

    labels: Mapping[str, str]
    value: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series over time: (Unix seconds, value) pairs, oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar:
    """One request among those that a series counts. labels: its own, the trace's id above all. at: Unix seconds."""

    series: Mapping[str, str]
    labels: Mapping[str, str]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One loaded rule. *kind* is recording or alerting, *health* ok, err or unknown (not evaluated yet)."""

    name: str
    kind: str
    query: str
    labels: Mapping[str, str]
    health: str
    error: str
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """One loaded group. *evaluated_at* is None until its first evaluation."""

    name: str
    file: str
    interval_seconds: float
    evaluated_at: datetime | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveAlert:
    """One alert that a rule makes now. *state* is pending or firing."""

    labels: Mapping[str, str]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One active scrape target. *health* is up, down or unknown (not scraped yet)."""

    job: str
    url: str
    health: str
    error: str


def vector(data: Any) -> tuple[Sample, ...]:
    """Result of an instant query; a scalar is a sample without labels."""
    if data["resultType"] == "scalar":
        return (_sample({}, data["result"]),)
    if data["resultType"] != "vector":
        raise QueryFailed(f"expected a vector or a scalar, got a {data['resultType']}")
    return tuple(_sample(row["metric"], row["value"]) for row in data["result"])


def matrix(data: Any) -> tuple[Series, ...]:
    """Result of a range query."""
    return tuple(
        Series(labels=row["metric"], points=tuple((float(at), float(value)) for at, value in row["values"]))
        for row in data["result"]
    )


def exemplars(data: Any) -> tuple[Exemplar, ...]:
    """Answer of /query_exemplars."""
    return tuple(
        Exemplar(series=row["seriesLabels"], labels=each["labels"], at=float(each["timestamp"]))
        for row in data
        for each in row["exemplars"]
    )


def rule_groups(data: Any) -> tuple[RuleGroup, ...]:
    """Answer of /rules, in the order of the files."""
    return tuple(
        RuleGroup(
            name=group["name"],
            file=group["file"],
            interval_seconds=float(group["interval"]),
            evaluated_at=_moment(group.get("lastEvaluation", "")),
            rules=tuple(_rule(rule) for rule in group["rules"]),
        )
        for group in data["groups"]
    )


def active_alerts(data: Any) -> tuple[ActiveAlert, ...]:
    """Answer of /alerts."""
    return tuple(ActiveAlert(labels=row["labels"], state=row["state"]) for row in data["alerts"])


def targets(data: Any) -> tuple[Target, ...]:
    """Active targets of the answer of /targets."""
    return tuple(
        Target(
            job=row["labels"].get("job", ""),
            url=row["scrapeUrl"],
            health=row["health"],
            error=row.get("lastError", ""),
        )
        for row in data["activeTargets"]
    )


def version(data: Any) -> str:
    """Version of the answer of /status/buildinfo; empty for a binary that was built without one."""
    return str(data["version"])


def parsed(parse: Callable[[Any], Parsed], data: Any) -> Parsed:
    """*data* through *parse*; another shape than the API's is a QueryFailed, never a KeyError."""
    try:
        return parse(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"the answer has not the shape of Prometheus' API: {error!r}"
        raise QueryFailed(message) from error


def _sample(labels: Mapping[str, str], pair: Any) -> Sample:
    at, value = pair
    return Sample(labels=labels, value=float(value), at=float(at))


def _rule(row: Any) -> Rule:
    return Rule(
        name=row["name"],
        kind=row["type"],
        query=row["query"],
        labels=row.get("labels") or {},
        health=row["health"],
        error=row.get("lastError", ""),
        annotations=row.get("annotations") or {},
    )


def _moment(text: str) -> datetime | None:
    # Go's zero time: the group waits for its first turn. Its nanoseconds are more than Python reads.
    if not text or text.startswith("0001-"):
        return None
    whole, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    return datetime.fromisoformat(f"{whole}{zone}".replace("Z", "+00:00"))
