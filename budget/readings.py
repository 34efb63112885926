"""Asks Prometheus for all that a status is made of: so many queries, however many SLOs there are."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from budget.answers import RuleGroup, Sample
from budget.errors import QueryFailed
from budget.identity import Key, key_of, same_slo
from slo import conventions

HOUR_RATIO = conventions.sli_ratio("1h")
# The page's own reading of six hours; sloth's rules have the plain one alone.
SIX_HOURS_RATIO, SLOTH_SIX_HOURS_RATIO = conventions.recent_ratio("6h"), conventions.sli_ratio("6h")
THREE_DAYS_RATIO = conventions.sli_ratio("3d")
# What is asked: each record once for all SLOs together, whatever their number.
RECORDS = (
    conventions.OBJECTIVE,
    conventions.PERIOD_DAYS,
    conventions.CURRENT_BURN_RATE,
    HOUR_RATIO,
    SIX_HOURS_RATIO,
    SLOTH_SIX_HOURS_RATIO,
    THREE_DAYS_RATIO,
    conventions.PERIOD_BURN_RATE,
    conventions.BUDGET_REMAINING,
    conventions.BUDGET_EVENTS_REMAINING,
)

# And what no single record holds, under names of its own.
HOUR_EVENTS, NEWEST, OLDEST = "events of the last hour", "newest sample", "oldest sample"
_OURS = f'{{{conventions.ID}!=""}}'
_WRITTEN = f"timestamp({conventions.CURRENT_BURN_RATE}{_OURS})"
_QUERIES = {
    # Periods below seven days have no window of an hour, but the averages that theirs are summed from.
    HOUR_EVENTS: f"3600 * {conventions.total_rate('1h')}{_OURS}"
    f" or 120 * sum_over_time({conventions.total_average('2m')}{_OURS}[1h:2m])",
    NEWEST: _WRITTEN,
}
# Coarse where much is read: a past of months to six hours, that of a day to a quarter of one.
_OLDEST = (f"min_over_time({_WRITTEN}[90d:6h])", f"min_over_time({_WRITTEN}[1d:15m])")
# An instant query looks back for five minutes; this one for a day, and is asked only where that one found nothing.
_LAST_SEEN = f"max_over_time({_WRITTEN}[1d:5m])"
# Named after the period, which differs from SLO to SLO: all at once.
_COUNTED = f'{{__name__=~"(?:{conventions.total_increase("")}|{conventions.bad_increase("")}).+",{conventions.ID}!=""}}'
ALERTS = "ALERTS"  # Prometheus' own series: one per alert that is pending or firing
ALERTS_FOR_STATE = "ALERTS_FOR_STATE"  # and another, whose value is when its condition became true
# The local platform marks its seeded past so: each sample's value is its own time. See local/past.
SEEDED = "tillwatch_history_seeded_timestamp_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All that `statuses` needs.

    records: by name of the record (or one of the names above), its samples. since: ALERTS_FOR_STATE's samples.
    seeded:  from when to when the past is made up, in Unix seconds; None where it is not.
    at:      when Prometheus answered, by its own clock.
    """

    records: Mapping[str, tuple[Sample, ...]]
    alerts: tuple[Sample, ...] = ()
    since: tuple[Sample, ...] = ()
    groups: tuple[RuleGroup, ...] = ()
    seeded: tuple[float, float] | None = None
    at: float = 0.0


class Source(Protocol):
    """What is read from: `budget.prometheus.Prometheus`, or a fake of it."""

    def instant(self, query: str) -> tuple[Sample, ...]:
        """Value of *query* now."""

    def rules(self) -> tuple[RuleGroup, ...]:
        """Every loaded rule group."""


def read(source: Source, *, seeded_matters: bool = False) -> Readings:
    """Ask *source* once per record, once for the rules, and a few times for what is around them.

    Args:    seeded_matters: whether a server that does not say what is seeded is an error, and not one without.
    Raises:  Unreachable, QueryFailed.
    """
    records = {record: source.instant(f"{record}{_OURS}") for record in RECORDS}
    records |= {name: source.instant(query) for name, query in _QUERIES.items()}
    records |= _by_name(source.instant(_COUNTED))
    alerts, groups = source.instant(f"{ALERTS}{_OURS}"), source.rules()
    oldest = [found for query in _OLDEST if (found := _asked(source, query)) is not None]
    if len(oldest) == len(_OLDEST):  # a part of it would make an SLO seem younger than it is
        records[OLDEST] = oldest[0] + oldest[1]
    if _lacks_newest(records, groups):
        records[NEWEST] += _asked(source, _LAST_SEEN) or ()
    moments = [sample.at for samples in records.values() for sample in samples]
    return Readings(
        records=records,
        alerts=alerts,
        since=source.instant(f"{ALERTS_FOR_STATE}{_OURS}"),
        groups=groups,
        seeded=_seeded(source, matters=seeded_matters),
        at=max(moments, default=time.time()),
    )


def _asked(source: Source, query: str) -> tuple[Sample, ...] | None:
    """The answer; None from a server that limits how far back one may ask: the figures are shown without it."""
    try:
        return source.instant(query)
    except QueryFailed:
        return None


def _by_name(samples: tuple[Sample, ...]) -> dict[str, tuple[Sample, ...]]:
    found: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.labels.get("__name__", "")].append(sample)
    return {name: tuple(of_name) for name, of_name in found.items()}


def _seeded(source: Source, *, matters: bool) -> tuple[float, float] | None:
    """The first and the last seeded moment."""
    queries = [f"{which}_over_time({SEEDED}[90d])" for which in ("min", "max")]
    first, last = (source.instant(query) if matters else _asked(source, query) or () for query in queries)
    if not first or not last:
        return None
    return min(sample.value for sample in first), max(sample.value for sample in last)


def _lacks_newest(records: Mapping[str, tuple[Sample, ...]], groups: tuple[RuleGroup, ...]) -> bool:
    """Whether an SLO that is known has no current sample; also if none is known, for its rules may run elsewhere."""
    fresh: dict[str, set[Key]] = defaultdict(set)
    for sample in records[NEWEST]:
        fresh[sample.labels.get(conventions.ID, "")].add(key_of(sample.labels))
    known = {(labels.get(conventions.ID, ""), key_of(labels)) for labels in _known(records, groups)}
    missing = (not any(same_slo(key, other) for other in fresh[slo_id]) for slo_id, key in known if slo_id)
    return not known or any(missing)


def _known(records: Mapping[str, tuple[Sample, ...]], groups: tuple[RuleGroup, ...]) -> Iterator[Mapping[str, str]]:
    yield from (sample.labels for record in RECORDS for sample in records[record])
    yield from (rule.labels for group in groups for rule in group.rules if rule.labels.get(conventions.ID))
