"""What is left of each promise now: query results in, one `SloStatus` per SLO out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from budget.answers import Rule, RuleGroup, Sample
from slo import conventions

NO_DATA = "no data"
OK = "ok"
PENDING = "pending"
ABSENT = "absent"

# What is asked: each record once for all SLOs together, whatever their number.
RECORDS = (
    conventions.OBJECTIVE,
    conventions.PERIOD_DAYS,
    conventions.CURRENT_BURN_RATE,
    conventions.PERIOD_BURN_RATE,
    conventions.BUDGET_REMAINING,
    conventions.BUDGET_EVENTS_REMAINING,
)
MEASURED = (conventions.CURRENT_BURN_RATE, conventions.PERIOD_BURN_RATE)  # the others may be constants
ALERTS = "ALERTS"  # Prometheus' own series: one per alert that is pending or firing

_ALERT_ORDER = (conventions.PAGE, ABSENT, conventions.TICKET, PENDING)
_ABSENT_SUFFIX = conventions.absent_alert("")

# An SLO's identity: the three ids, and what tells its copies apart. Hashable, and readable in a test.
Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SloStatus:
    """One SLO's figures now. A figure is None where Prometheus holds no (finite) value for it.

    Ratios are 0–1; *sli* is the share of good events over the period; *burn_rate* 1.0 spends the budget in
    exactly one period; *events_remaining* may still fail in it; *alert* is page, absent, ticket, pending,
    ok or no data; *labels* are the identity labels beside the ids.
    """

    id: str
    service: str
    slo: str
    labels: Mapping[str, str]
    objective: float | None
    period_days: float | None
    sli: float | None
    burn_rate: float | None
    budget_remaining: float | None
    events_remaining: float | None
    alert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All that `statuses` needs: each record's samples, the alerts' samples, and the loaded rules."""

    records: Mapping[str, tuple[Sample, ...]]
    alerts: tuple[Sample, ...] = ()
    groups: tuple[RuleGroup, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Part:
    """One SLO's share of the readings, filled while they are sorted."""

    records: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    alerts: list[Sample] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


class Source(Protocol):
    """What is read from: `budget.prometheus.Prometheus`, or a fake of it."""

    def instant(self, query: str) -> tuple[Sample, ...]:
        """Value of *query* now."""

    def rules(self) -> tuple[RuleGroup, ...]:
        """Every loaded rule group."""


def read(source: Source) -> Readings:
    """Ask *source* once per record, once for the alerts and once for the rules.

    Raises:  Unreachable, QueryFailed.
    """
    selector = f'{{{conventions.ID}!=""}}'
    return Readings(
        records={record: source.instant(f"{record}{selector}") for record in RECORDS},
        alerts=source.instant(f"{ALERTS}{selector}"),
        groups=source.rules(),
    )


def statuses(readings: Readings) -> tuple[SloStatus, ...]:
    """One status per SLO and copy of it, sorted by service, SLO and identity labels.

    An SLO whose rules are loaded but have no series yet is there too, as no data.
    """
    rows = (_status(key, part) for part in _by_id(readings).values() for key in _copies(part))
    return tuple(sorted(rows, key=_place))


def _by_id(readings: Readings) -> dict[str, _Part]:
    """The readings of each SLO apart: 5,000 of them are then read in one pass."""
    parts: dict[str, _Part] = defaultdict(_Part)
    for record, samples in readings.records.items():
        for sample in samples:
            parts[sample.labels.get(conventions.ID, "")].records[record].append(sample)
    for sample in readings.alerts:
        parts[sample.labels.get(conventions.ID, "")].alerts.append(sample)
    for group in readings.groups:
        for rule in group.rules:
            parts[rule.labels.get(conventions.ID, "")].rules.append(rule)
    parts.pop("", None)
    return parts


def _copies(part: _Part) -> list[Key]:
    """The identities of one SLO's copies: those that no other says more of."""
    keys = {_key(sample.labels) for samples in part.records.values() for sample in samples}
    keys |= {_key(rule.labels) for rule in part.rules}
    return [key for key in keys if not any(set(key) < set(other) for other in keys)]


def _status(key: Key, part: _Part) -> SloStatus:
    values = {record: _value(key, part.records[record]) for record in RECORDS}
    labels = dict(key)
    objective, spent = values[conventions.OBJECTIVE], values[conventions.PERIOD_BURN_RATE]
    return SloStatus(
        id=labels.pop(conventions.ID),
        service=labels.pop(conventions.SERVICE, ""),
        slo=labels.pop(conventions.SLO, ""),
        labels=labels,
        objective=objective,
        period_days=values[conventions.PERIOD_DAYS],
        # The record of the period's ratio is named after the period; this one is the same for every SLO.
        sli=None if objective is None or spent is None else 1 - spent * (1 - objective),
        burn_rate=values[conventions.CURRENT_BURN_RATE],
        budget_remaining=values[conventions.BUDGET_REMAINING],
        events_remaining=values[conventions.BUDGET_EVENTS_REMAINING],
        alert=_alert(key, part.alerts, measured=any(values[record] is not None for record in MEASURED)),
    )


def _alert(key: Key, alerts: Iterable[Sample], *, measured: bool) -> str:
    """The gravest state of the SLO's alerts; without any, whether there are figures at all."""
    states = {_state(sample.labels) for sample in alerts if _same_slo(key, _key(sample.labels))} - {None}
    found = [state for state in _ALERT_ORDER if state in states]
    return found[0] if found else OK if measured else NO_DATA


def _state(labels: Mapping[str, str]) -> str | None:
    """What an alert says; None for an SLI that is only waited for, as it is after every start."""
    fires = labels.get("alertstate") == "firing"
    if labels.get("alertname", "").endswith(_ABSENT_SUFFIX):
        return ABSENT if fires else None
    if not fires:
        return PENDING
    page = labels.get(conventions.SEVERITY) == conventions.PAGE
    return conventions.PAGE if page else conventions.TICKET


def _value(key: Key, samples: Iterable[Sample]) -> float | None:
    """The value at *key*; constants carry fewer labels than a query that is grouped by cluster."""
    for fits in (_equal, _same_slo):
        for sample in samples:
            if fits(key, _key(sample.labels)):
                return sample.value if math.isfinite(sample.value) else None
    return None


def _key(labels: Mapping[str, str]) -> Key:
    """*labels*' identity."""
    names = (*conventions.ID_LABELS, *conventions.IDENTITY_LABELS)
    return tuple((name, labels[name]) for name in names if labels.get(name))


def _equal(key: Key, other: Key) -> bool:
    return key == other


def _same_slo(key: Key, other: Key) -> bool:
    """Whether both name one SLO: neither says more than the other but where the other is silent."""
    return set(key) <= set(other) or set(other) <= set(key)


def _place(status: SloStatus) -> tuple[str, ...]:
    return (status.service, status.slo, status.id, *status.labels.values())
