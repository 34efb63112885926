"""What is left of each promise now: query results in, one `SloStatus` per SLO out."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from budget.answers import Rule, RuleGroup, Sample
from slo import conventions

NO_DATA = "no data"
STALE = "stale"
LOW_TRAFFIC = "low traffic"
OK = "ok"
PENDING = "pending"
ABSENT = "absent"

HOUR_RATIO = conventions.sli_ratio("1h")
# The page's own reading of six hours; sloth's rules have the plain one alone.
SIX_HOURS_RATIO, SLOTH_SIX_HOURS_RATIO = conventions.recent_ratio("6h"), conventions.sli_ratio("6h")
HOUR_EVENTS = conventions.total_rate("1h")
# What is asked: each record once for all SLOs together, whatever their number.
RECORDS = (
    conventions.OBJECTIVE,
    conventions.PERIOD_DAYS,
    conventions.CURRENT_BURN_RATE,
    HOUR_RATIO,
    SIX_HOURS_RATIO,
    SLOTH_SIX_HOURS_RATIO,
    HOUR_EVENTS,
    conventions.PERIOD_BURN_RATE,
    conventions.BUDGET_REMAINING,
    conventions.BUDGET_EVENTS_REMAINING,
)
# Named after the period, which differs from SLO to SLO: both asked at once.
TOTAL_EVENTS, BAD_EVENTS = conventions.total_increase(""), conventions.bad_increase("")
# Below so many events in an hour one failure is a tenth of them and more: the ratio says little of that hour.
LOW_TRAFFIC_EVENTS = 10.0
# Prometheus looks back for five minutes; what is older is shown by nobody as if it were now.
STALE_SECONDS = 300.0
# The local platform marks its seeded past so: each sample's value is its own time. See local/past.
SEEDED = "tillwatch_history_seeded_timestamp_seconds"
SEEDED_RANGE = "90d"
MEASURED = (conventions.CURRENT_BURN_RATE, conventions.PERIOD_BURN_RATE)  # the others may be constants
ALERTS = "ALERTS"  # Prometheus' own series: one per alert that is pending or firing

_ALERT_ORDER = (conventions.PAGE, ABSENT, conventions.TICKET, PENDING)
_ABSENT_SUFFIX = conventions.absent_alert("")

# An SLO's identity: the three ids, and what tells its copies apart. Hashable, and readable in a test.
Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SloStatus:
    """One SLO's figures now. A figure is None where Prometheus holds no (finite) value for it.

    Ratios are 0–1; *sli* is the share of good events over the period; a burn rate of 1.0 spends the budget in exactly
    one period, over the last five minutes, the last hour and the last six; *events* and *bad_events* were counted in
    the period, *events_remaining* may still fail in it; *labels* are the identity labels beside the ids.

    exhausted_at:  Unix seconds at which the budget is spent, should the burn of the last six hours last: now, if it is
                   spent; None, if it would never be. What leaves the rolling period meanwhile is not given back, so
                   that the time is rather too early than too late; at a burn of 1 or less more is given back.
    alert:         the gravest of page, absent, ticket, pending; else ok, low traffic, stale or no data.
    alerts:        names and severities of what fires. seeded: share of the period that is made up.
    """

    id: str
    service: str
    slo: str
    labels: Mapping[str, str]
    objective: float | None
    period_days: float | None
    sli: float | None
    burn_rate: float | None
    burn_rate_1h: float | None
    burn_rate_6h: float | None
    budget_remaining: float | None
    events_remaining: float | None
    events: float | None
    bad_events: float | None
    exhausted_at: float | None
    alert: str
    alerts: tuple[tuple[str, str], ...]
    low_traffic: bool
    seeded: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All that `statuses` needs: each record's samples, the alerts' samples, and the loaded rules.

    seeded: from when to when the past is made up, in Unix seconds; None where it is not. at: when all this was asked.
    """

    records: Mapping[str, tuple[Sample, ...]]
    alerts: tuple[Sample, ...] = ()
    groups: tuple[RuleGroup, ...] = ()
    counted: tuple[Sample, ...] = ()
    seeded: tuple[float, float] | None = None
    at: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Part:
    """One SLO's share of the readings, filled while they are sorted."""

    records: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    counted: list[Sample] = field(default_factory=list)
    alerts: list[Sample] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    stale: bool = False


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
    counted = f'{{__name__=~"(?:{TOTAL_EVENTS}|{BAD_EVENTS}).+",{conventions.ID}!=""}}'
    marks = [source.instant(f"{which}_over_time({SEEDED}[{SEEDED_RANGE}])") for which in ("min", "max")]
    return Readings(
        records={record: source.instant(f"{record}{selector}") for record in RECORDS},
        alerts=source.instant(f"{ALERTS}{selector}"),
        groups=source.rules(),
        counted=source.instant(counted),
        seeded=(marks[0][0].value, marks[1][0].value) if all(marks) else None,
        at=time.time(),
    )


def statuses(readings: Readings) -> tuple[SloStatus, ...]:
    """One status per SLO and copy of it, sorted by service, SLO and identity labels.

    An SLO whose rules are loaded but have no series yet is there too, as no data.
    """
    parts = _by_id(readings).values()
    rows = (_status(key, part, readings) for part in parts for key in _copies(part))
    return tuple(sorted(rows, key=_place))


def _by_id(readings: Readings) -> dict[str, _Part]:
    """The readings of each SLO apart: 5,000 of them are then read in one pass."""
    parts: dict[str, _Part] = defaultdict(_Part)
    for record, samples in readings.records.items():
        for sample in samples:
            parts[sample.labels.get(conventions.ID, "")].records[record].append(sample)
    for sample in readings.counted:
        parts[sample.labels.get(conventions.ID, "")].counted.append(sample)
    for sample in readings.alerts:
        parts[sample.labels.get(conventions.ID, "")].alerts.append(sample)
    for group in readings.groups:
        stale = _is_stale(group, readings.at)
        for rule in group.rules:
            part = parts[rule.labels.get(conventions.ID, "")]
            part.rules.append(rule)
            part.stale |= stale or rule.health == "err"
    parts.pop("", None)
    return parts


def _copies(part: _Part) -> list[Key]:
    """The identities of one SLO's copies: those that no other says more of."""
    keys = {_key(sample.labels) for samples in part.records.values() for sample in samples}
    keys |= {_key(rule.labels) for rule in part.rules}
    return [key for key in keys if not any(set(key) < set(other) for other in keys)]


def _status(key: Key, part: _Part, readings: Readings) -> SloStatus:
    values = {record: _value(key, part.records[record]) for record in RECORDS}
    labels = dict(key)
    objective, spent = values[conventions.OBJECTIVE], values[conventions.PERIOD_BURN_RATE]
    remaining, days = values[conventions.BUDGET_REMAINING], values[conventions.PERIOD_DAYS]
    six_hours = values[SIX_HOURS_RATIO] if values[SIX_HOURS_RATIO] is not None else values[SLOTH_SIX_HOURS_RATIO]
    burn = _burn(six_hours, objective)
    hour = values[HOUR_EVENTS]
    low = hour is not None and hour * 3600 < LOW_TRAFFIC_EVENTS
    measured = any(values[record] is not None for record in MEASURED)
    return SloStatus(
        id=labels.pop(conventions.ID),
        service=labels.pop(conventions.SERVICE, ""),
        slo=labels.pop(conventions.SLO, ""),
        labels=labels,
        objective=objective,
        period_days=days,
        # The record of the period's ratio is named after the period; this one is the same for every SLO.
        sli=None if objective is None or spent is None else 1 - spent * (1 - objective),
        burn_rate=values[conventions.CURRENT_BURN_RATE],
        burn_rate_1h=_burn(values[HOUR_RATIO], objective),
        burn_rate_6h=burn,
        budget_remaining=remaining,
        events_remaining=values[conventions.BUDGET_EVENTS_REMAINING],
        events=_counted(key, part.counted, TOTAL_EVENTS),
        bad_events=_counted(key, part.counted, BAD_EVENTS),
        exhausted_at=exhausted_at(remaining, burn, days, now=readings.at),
        alert=_alert(key, part, otherwise=_without_alerts(part, measured=measured, low=low)),
        alerts=_firing(key, part.alerts),
        low_traffic=low,
        seeded=_seeded(readings, days),
    )


def exhausted_at(remaining: float | None, burn: float | None, days: float | None, *, now: float) -> float | None:
    """As `SloStatus` has it, of the share of the budget that remains, the burn rate and the period in days."""
    if remaining is None:
        return None
    if remaining <= 0:
        return now
    if burn is None or days is None or burn <= 1:
        return None
    return now + remaining / burn * days * 86_400


def _burn(ratio: float | None, objective: float | None) -> float | None:
    return None if ratio is None or objective is None or objective >= 1 else ratio / (1 - objective)


def _counted(key: Key, samples: Iterable[Sample], kind: str) -> float | None:
    return _value(key, [sample for sample in samples if sample.labels.get("__name__", "").startswith(kind)])


def _seeded(readings: Readings, days: float | None) -> float:
    """Share of the period that lies within what is seeded."""
    if readings.seeded is None or not days:
        return 0.0
    period = days * 86_400
    start, end = max(readings.seeded[0], readings.at - period), min(readings.seeded[1], readings.at)
    return max(end - start, 0.0) / period


def _is_stale(group: RuleGroup, now: float) -> bool:
    """Whether its figures are older than two of its turns and a look back; one that waits for its first is not."""
    if group.evaluated_at is None:
        return False
    return now - group.evaluated_at.timestamp() > max(STALE_SECONDS, 2 * group.interval_seconds)


def _without_alerts(part: _Part, *, measured: bool, low: bool) -> str:
    if part.stale:
        return STALE
    if not measured:
        return NO_DATA
    return LOW_TRAFFIC if low else OK


def _alert(key: Key, part: _Part, *, otherwise: str) -> str:
    """The gravest state of the SLO's alerts; without any, *otherwise*."""
    states = {_state(sample.labels) for sample in part.alerts if _same_slo(key, _key(sample.labels))} - {None}
    found = [state for state in _ALERT_ORDER if state in states]
    return found[0] if found else otherwise


def _firing(key: Key, samples: Iterable[Sample]) -> tuple[tuple[str, str], ...]:
    found = {
        (sample.labels.get("alertname", ""), sample.labels.get(conventions.SEVERITY, ""))
        for sample in samples
        if sample.labels.get("alertstate") == "firing" and _same_slo(key, _key(sample.labels))
    }
    return tuple(sorted(found))


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
