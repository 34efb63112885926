"""What is found about one SLO, before anybody asks what that means for a release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from budget import trust
from budget.firing import ABSENT, PENDING, Alert
from budget.policy import Policy, RuleName
from budget.status import LOW_TRAFFIC, NO_DATA, SloStatus
from slo import conventions, windows
from slo.windows import AlertWindows

_USUAL_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that applies, and what it says to people."""

    rule: RuleName
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An SLO's status, of measured figures alone. seconds: how much of its period was measured; None: not enough."""

    row: SloStatus
    seconds: float | None
    why_not: str = ""


def is_busy(measured: Measured) -> bool:
    """Whether the last hour had enough events to see a release in, and figures of now."""
    row = measured.row
    return measured.seconds is not None and not row.faults and not {LOW_TRAFFIC, NO_DATA} & set(row.states)


def findings(measured: Measured, policy: Policy, *, others_busy: bool) -> tuple[Finding, ...]:
    """Everything that is found about *measured*.

    Args:    others_busy: whether another SLO of the same service is busy.
    """
    row = measured.row
    return (
        *_alerts(row.alerts, row.at),
        *_budget(row, policy),
        *_burn(row),
        *_blind(measured),
        *_traffic(measured, others_busy=others_busy),
    )


def _alerts(alerts: tuple[Alert, ...], now: float) -> Iterator[Finding]:
    rules = {
        conventions.PAGE: RuleName.PAGE,
        conventions.TICKET: RuleName.TICKET,
        PENDING: RuleName.TICKET,
        ABSENT: RuleName.ABSENT,
    }
    for alert in alerts:
        if alert.gravity is not None:
            since = "" if alert.since is None else f" for {trust.spelt(now - alert.since)}"
            state = "fires" if alert.state == "firing" else f"is {alert.state}"
            yield Finding(rule=rules[alert.gravity], says=f"{alert.name} {state}{since}")


def _budget(row: SloStatus, policy: Policy) -> Iterator[Finding]:
    left = row.budget_remaining
    if left is None:
        return
    period = "its period" if row.period_days is None else f"{row.period_days:g}d"
    if left <= 0:
        yield Finding(rule=RuleName.SPENT, says=f"{1 - left:.0%} of the error budget of {period} is spent")
    elif left < policy.least_left:
        says = f"{left:.1%} of the error budget of {period} is left; below {policy.least_left:.0%} releases go slowly"
        yield Finding(rule=RuleName.LITTLE_LEFT, says=says)


def _burn(row: SloStatus) -> Iterator[Finding]:
    """Burn rates beyond the thresholds of the SLO's own alerts, also where those are off or held back."""
    pairs = _thresholds(row.period_days)
    now, hour, hours = row.burn_rate, row.burn_rate_1h, row.burn_rate_6h
    # The slow page reads 30 minutes beside six hours; an hour in its place lets go a little later.
    if _beyond(float(pairs.page_quick.factor), now, hour) or _beyond(float(pairs.page_slow.factor), hour, hours):
        yield Finding(rule=RuleName.BURNING, says=f"it burns like a page: {_rates(row)}")
    elif _beyond(float(pairs.ticket_quick.factor), hour, hours):
        yield Finding(rule=RuleName.BURNING_FOR_HOURS, says=f"it has burnt like a ticket for hours: {_rates(row)}")


def _thresholds(days: float | None) -> AlertWindows:
    try:
        return windows.for_period(int(days or _USUAL_DAYS))
    except ValueError:  # a period that these rules never have
        return windows.for_period(_USUAL_DAYS)


def _beyond(factor: float, *rates: float | None) -> bool:
    return all(rate is not None and rate > factor for rate in rates)


def _rates(row: SloStatus) -> str:
    known = (("5m", row.burn_rate), ("1h", row.burn_rate_1h), ("6h", row.burn_rate_6h))
    return ", ".join(f"{rate:.1f} over {window}" for window, rate in known if rate is not None)


def _blind(measured: Measured) -> Iterator[Finding]:
    row = measured.row
    if row.faults:
        yield Finding(rule=RuleName.STALE, says="; ".join(row.faults))
    if measured.seconds is None:
        yield Finding(rule=RuleName.SEEDED, says=measured.why_not)
        return
    missing = "error budget" if row.budget_remaining is None else ""
    if not missing and row.burn_rate is None and LOW_TRAFFIC not in row.states:
        missing = "burn rate of now"
    if NO_DATA in row.states or (missing and not row.faults):
        yield Finding(rule=RuleName.NO_DATA, says=f"Prometheus has no {missing or 'figures'} of it")


def _traffic(measured: Measured, *, others_busy: bool) -> Iterator[Finding]:
    row = measured.row
    if LOW_TRAFFIC not in row.states:
        return
    floor = trust.low_traffic_floor(0 if row.objective is None else row.objective, row.period_days)
    events = "hardly any" if row.events_1h is None else f"{row.events_1h:.0f}"
    had = f"{events} events in the last hour, too few to see a release in (at least {floor:.0f})"
    if others_busy and _is_rare(measured, floor):
        yield Finding(rule=RuleName.RARE, says=f"{had}, as always: judged by its budget")
    else:
        yield Finding(rule=RuleName.LOW_TRAFFIC, says=had)


def _is_rare(measured: Measured, floor: float) -> bool:
    """Whether what it counts is rare all the time, as payments without an answer are: then a quiet hour is usual."""
    events, seconds = measured.row.events, measured.seconds
    return events is not None and bool(seconds) and events / (seconds or 1) * windows.HOUR < floor
