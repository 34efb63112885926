"""How far figures can be trusted: too few events, too old, or made up."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from budget.answers import Rule, RuleGroup
from slo import windows

# The spec's default guard: no alert counts fewer bad events than this (`min_failures`).
LEAST_FAILURES = 3
# Prometheus looks back for five minutes; what is older is shown by nobody as if it were now.
STALE_SECONDS = 300.0
_USUAL_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What of an SLO's period is made up: its share of the time (0–1), from when to when (Unix seconds)."""

    share: float
    start: float
    end: float


def low_traffic_floor(objective: float, days: float | None) -> float:
    """Events an hour below which no burn rate means much, and an SLO neither keeps nor breaks its promise.

    One failure alone then burns beyond the threshold of the quick page (factor × budget), so that any burn rate above
    0 is either nothing or an alarm; at least the failures that the page waits for.

    Args:    objective: 0–1. days: the period, whose quick page has the factor; 30 where it is unknown.
    """
    if not 0 <= objective < 1:
        return LEAST_FAILURES
    try:
        factor = windows.for_period(int(days or _USUAL_DAYS)).page_quick.factor
    except ValueError:  # a period that these rules never have
        factor = windows.for_period(_USUAL_DAYS).page_quick.factor
    return max(LEAST_FAILURES, 1 / (float(factor) * (1 - objective)))


def is_low_traffic(events: float | None, *, counts: bool, ratio: float | None, floor: float) -> bool:
    """Whether the last hour had fewer events than *floor*.

    Args:    events: of that hour, if it is known. counts: whether these are requests, say, and no unit of the spec's
             own, of which nothing but zero can be judged. ratio: of that hour; sloth records 0 / 0 for no events.
    """
    if events is not None and not math.isnan(events):
        return events < floor if counts else events == 0
    return ratio is not None and math.isnan(ratio)


def seeded_part(span: tuple[float, float] | None, days: float | None, now: float) -> Seeded | None:
    """What of the last *days* lies within *span*, the seeded range."""
    if span is None or not days or days < 0:
        return None
    period = days * windows.DAY
    start, end = max(span[0], now - period), min(span[1], now)
    return Seeded(share=(end - start) / period, start=start, end=end) if end > start else None


def group_faults(group: RuleGroup, now: float) -> tuple[str, ...]:
    """Why what *group* records may be old; a group that waits for its first turn has no fault."""
    age = 0.0 if group.evaluated_at is None else now - group.evaluated_at.timestamp()
    if age > limit_seconds(group.interval_seconds):
        return (f"rules last evaluated {spelt(age)} ago",)
    return ()


def rule_faults(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Which rules fail, and why."""
    return tuple(f"{rule.name} fails: {rule.error or 'no reason given'}" for rule in rules if rule.health == "err")


def limit_seconds(interval_seconds: float) -> float:
    """From which age on a figure is stale: one missed turn is survived."""
    return max(STALE_SECONDS, 2 * interval_seconds)


def spelt(seconds: float) -> str:
    """A duration for people, in its two largest units: 12d 4h, 3h 20m, 45s."""
    rest, parts = max(int(seconds), 0), list[str]()
    for unit, size in (("d", windows.DAY), ("h", windows.HOUR), ("m", windows.MINUTE), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or parts or size == 1:
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0")) or "0s"
