"""What is left of each promise now: readings in, one `SloStatus` per SLO out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from budget import readings as asked
from budget import trust
from budget.answers import Sample
from budget.exhaustion import seconds_until_spent
from budget.firing import Alert, alerts_of, gravest
from budget.identity import Key
from budget.parts import Figures, Part, by_id, copies
from budget.readings import Readings, Source, read
from budget.trust import Seeded
from slo import conventions, windows

__all__ = ["Readings", "SloStatus", "Source", "read", "statuses"]

OK = "ok"
NO_DATA = "no data"
EXHAUSTED = "exhausted"
STALE = "stale"
LOW_TRAFFIC = "low traffic"
SEEDED = "seeded"

_SIX_HOURS = (asked.SIX_HOURS_RATIO, asked.SLOTH_SIX_HOURS_RATIO)
_MEASURED = (conventions.CURRENT_BURN_RATE, conventions.PERIOD_BURN_RATE)  # the others may be constants


@dataclass(frozen=True, slots=True, kw_only=True)
class SloStatus:
    """One SLO's figures now. A figure is None where Prometheus holds no (finite) value for it.

    Ratios are 0–1; *sli* is the share of good events over the period; a burn rate of 1.0 spends the budget in exactly
    one period; *events* and *bad_events* were counted in the period, *events_remaining* may still fail in it;
    *labels* are the identity labels beside the ids.

    seconds_left:  until the budget is spent at the pace of the last six hours (`exhaustion`); 0 where it is spent,
                   None where it never is, or is unknown.
    alert:         the gravest of page, absent, ticket, pending; else ok, or no data.
    states:        which of exhausted, no data, stale, low traffic, seeded hold. faults: why it is stale.
    at:            when all this was so, in Unix seconds.
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
    events_1h: float | None
    seconds_left: float | None
    alert: str
    alerts: tuple[Alert, ...]
    states: tuple[str, ...]
    faults: tuple[str, ...]
    seeded: Seeded | None
    at: float

    @property
    def is_healthy(self) -> bool:
        """Budget left, known by figures of now, and nothing fires."""
        left = self.budget_remaining is not None and self.budget_remaining > 0
        fires = any(alert.state == "firing" for alert in self.alerts)
        return left and not fires and STALE not in self.states


def statuses(readings: Readings) -> tuple[SloStatus, ...]:
    """One status per SLO and copy of it, sorted by service, SLO and identity labels.

    An SLO whose rules are loaded but have no series yet is there too, as no data; where no rules of SLOs are loaded
    at all, for they run elsewhere, also one whose records have stopped within the last day, as stale.
    """
    parts = by_id(readings).values()
    elsewhere = not any(part.rules for part in parts)
    rows = (_status(key, part, readings) for part in parts for key in copies(part, elsewhere=elsewhere))
    return tuple(sorted(rows, key=_place))


def _status(key: Key, part: Part, readings: Readings) -> SloStatus:
    figures = Figures(key, part)
    objective, days = figures[conventions.OBJECTIVE], figures[conventions.PERIOD_DAYS]
    spent, left = figures[conventions.PERIOD_BURN_RATE], figures[conventions.BUDGET_REMAINING]
    events_left, burn_6h = figures[conventions.BUDGET_EVENTS_REMAINING], figures.burn(*_SIX_HOURS)
    measured = any(figures[record] is not None for record in _MEASURED)
    # What is counted in a unit of the spec's own has no record of events that may fail.
    counts, period = events_left is not None, _spelt_period(days)
    low = trust.is_low_traffic(
        figures[asked.HOUR_EVENTS],
        counts=counts,
        ratio=figures.raw(asked.HOUR_RATIO),
        floor=trust.low_traffic_floor(0 if objective is None else objective, days),
    )
    faults = (*_age_fault(figures, part, readings.at), *part.faults)
    seeded = trust.seeded_part(readings.seeded, days, readings.at)
    found = {
        EXHAUSTED: left is not None and left <= 0,
        NO_DATA: not measured and not low and not faults,
        STALE: bool(faults),
        LOW_TRAFFIC: low,
        SEEDED: seeded is not None,
    }
    alerts, labels = alerts_of(key, part.alerts, part.since), dict(key)
    return SloStatus(
        id=labels.pop(conventions.ID),
        service=labels.pop(conventions.SERVICE, ""),
        slo=labels.pop(conventions.SLO, ""),
        labels=labels,
        objective=objective,
        period_days=days,
        # The record of the period's ratio is named after the period; this one is the same for every SLO.
        sli=None if objective is None or spent is None else 1 - spent * (1 - objective),
        burn_rate=figures[conventions.CURRENT_BURN_RATE],
        burn_rate_1h=figures.burn(asked.HOUR_RATIO),
        burn_rate_6h=burn_6h,
        budget_remaining=left,
        events_remaining=events_left,
        events=figures[conventions.total_increase(period)] if counts else None,
        bad_events=figures[conventions.bad_increase(period)] if counts else None,
        events_1h=figures[asked.HOUR_EVENTS] if counts else None,
        seconds_left=_seconds_left(left, burn_6h, days, figures, now=readings.at),
        alert=gravest(alerts) or (OK if measured else NO_DATA),
        alerts=alerts,
        states=tuple(state for state, holds in found.items() if holds),
        faults=faults,
        seeded=seeded,
        at=readings.at,
    )


def _seconds_left(
    left: float | None, burn: float | None, days: float | None, figures: Figures, *, now: float
) -> float | None:
    if left is not None and left <= 0:
        return 0.0
    if left is None or burn is None or not days or days < 0:
        return None
    period, recent = days * windows.DAY, figures.burn(asked.THREE_DAYS_RATIO)
    oldest = _moments(figures.samples(asked.OLDEST))
    return seconds_until_spent(
        left=left,
        burn=burn,
        period=period,
        # Where nobody knows, the period is taken as whole.
        age=max(now - min(oldest), windows.BASE_SECONDS) if oldest else period,
        recent=None if recent is None else (recent, 3.0 * windows.DAY),
    )


def _age_fault(figures: Figures, part: Part, now: float) -> tuple[str, ...]:
    """That nothing has been measured for a while, where something was."""
    newest = _moments(figures.samples(asked.NEWEST))
    if not newest or now - max(newest) <= trust.limit_seconds(part.interval_seconds):
        return ()
    return (f"last measured {trust.spelt(now - max(newest))} ago",)


def _moments(samples: Iterable[Sample]) -> list[float]:
    return [sample.value for sample in samples if math.isfinite(sample.value)]


def _spelt_period(days: float | None) -> str:
    """The period in the names of its records; something that is none where it is unknown."""
    return windows.spell(round(days * windows.DAY)) if days and days * windows.DAY >= 1 else "?"


def _place(status: SloStatus) -> tuple[str, ...]:
    return (status.service, status.slo, status.id, *status.labels.values())
