"""What a spec means, once read: the catalogue of services, their SLOs and how each alerts.

Everything here is frozen and holds causes; what follows from them (budgets, factors, names) is derived where used.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from slo.conventions import IDENTITY_LABELS
from slo.query import Query

Pairs = tuple[tuple[str, str], ...]
"""Labels or annotations: (name, value), sorted by name, no name twice."""


def pairs(*mappings: dict[str, str] | Pairs) -> Pairs:
    """One sorted set of labels from several; later mappings win."""
    merged: dict[str, str] = {}
    for mapping in mappings:
        merged.update(mapping)
    return tuple(sorted(merged.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """An SLI that counts bad events among all events."""

    bad: Query
    total: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRatio:
    """An SLI whose query already is the share of bad events, 0–1."""

    ratio: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """An SLI that a sloth plugin writes; only the real sloth can run it."""

    id: str
    options: Pairs


Sli = Events | RawRatio | Plugin


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The sugar that an events SLI was written with: bad is slower than `below` seconds, a bucket boundary."""

    histogram: str
    below: str
    selector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The page or the ticket of an SLO: whether it is sent, and what it carries besides the shared labels."""

    enabled: bool
    labels: Pairs
    annotations: Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerting:
    """How an SLO alerts. `min_failures` and `absent_after_seconds` are off at 0.

    muted_by_dependencies: whether its page is held back while a service that this one depends on is down.
    """

    name: str
    labels: Pairs
    annotations: Pairs
    page: Notice
    ticket: Notice
    min_failures: int
    absent_after_seconds: int
    muted_by_dependencies: bool = True

    @property
    def enabled(self) -> bool:
        """Whether anybody is told anything."""
        return self.page.enabled or self.ticket.enabled


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """One service level objective. `objective` is in per cent, as written; `labels` include the service's.

    `plugins` is the JSON of sloth's SLO plugins; only the real sloth runs them.
    """

    service: str
    name: str
    objective: Decimal
    description: str
    labels: Pairs
    sli: Sli
    latency: Latency | None
    alerting: Alerting
    period_days: int
    team: str
    journey: str
    dialect: str
    plugins: str

    @property
    def id(self) -> str:
        """sloth's identifier."""
        return f"{self.service}-{self.name}"

    @property
    def identity(self) -> Pairs:
        """The user labels that tell copies of this SLO apart."""
        return tuple(pair for pair in self.labels if pair[0] in IDENTITY_LABELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiAlert:
    """When somebody is told of a KPI. Each limit is off where it is None; at least one is on.

    name:          of the alerts; the one on the deviation ends in Deviation, that on limits in Limit.
    deviation:     share of the baseline, > 0, by which the value may be worse (`better` says in which direction).
    above, below:  absolute limits, in the KPI's unit.
    least_baseline: the baseline, in the KPI's unit, below which no deviation is told: low traffic.
    """

    name: str
    severity: str
    for_seconds: int
    deviation: Decimal | None
    above: Decimal | None
    below: Decimal | None
    least_baseline: Decimal
    description: str
    dashboard: str

    @property
    def limited(self) -> bool:
        """Whether it has an absolute limit."""
        return self.above is not None or self.below is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A number that the business watches, without an objective. `team` owns its service."""

    service: str
    name: str
    title: str
    query: Query
    unit: str
    better: str
    team: str = ""
    alert: KpiAlert | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One document: a service, its promises and what it depends on. `slo_plugins` is JSON, as in `Slo`.

    serves_http: whether it answers requests, so that there are alerts and a page about these.
    """

    service: str
    team: str
    labels: Pairs
    depends_on: tuple[str, ...]
    slos: tuple[Slo, ...]
    kpis: tuple[Kpi, ...]
    slo_plugins: str
    serves_http: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFile:
    """One file of specs: `path` as people named it, `name` below the folder they gave, `stem` of its output."""

    path: str
    name: str
    stem: str
    specs: tuple[Spec, ...]

    @property
    def slos(self) -> tuple[Slo, ...]:
        """The SLOs of every document, in order."""
        return tuple(slo for spec in self.specs for slo in spec.slos)
