"""When alerts were pending and firing: spans of time, read from Prometheus' own series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from budget.answers import RuleGroup
from budget.errors import QueryFailed
from budget.history import Source, ranges
from budget.identity import Key, key_of, same_slo
from budget.readings import ALERTS
from slo import conventions

FIRING, PENDING = "firing", "pending"
STEP_SECONDS = 60.0
WATCHDOG = "Watchdog"  # fires always: it says that alerts arrive
_STATE = "alertstate"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSpan:
    """One alert in one state, from *start* to *end* (Unix seconds), to a step of the question.

    labels: what else it carries; key: the SLO that it speaks of, empty for an alert of no SLO.
    """

    name: str
    severity: str
    state: str
    start: float
    end: float
    labels: Mapping[str, str]
    key: Key

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.start


def alert_spans(
    source: Source, *, start: float, end: float, matchers: str = "", step_seconds: float = STEP_SECONDS
) -> tuple[AlertSpan, ...]:
    """Every alert of the range by time, in each of its states; those of an SLO alone by *matchers*.

    Raises:  Unreachable, QueryFailed.
    """
    points: dict[frozenset[tuple[str, str]], list[float]] = defaultdict(list)
    for series in ranges(source, f"{ALERTS}{matchers}", start=start, end=end, step_seconds=step_seconds):
        if series.labels.get(conventions.ALERT_NAME) != WATCHDOG:
            points[frozenset(series.labels.items())] += [at for at, _ in series.points]
    found = (
        _span(dict(labels), *bounds) for labels, moments in points.items() for bounds in spells(moments, step_seconds)
    )
    return tuple(sorted(found, key=lambda each: (each.start, each.name, each.severity, each.state)))


def spells(moments: Iterable[float], step_seconds: float) -> Iterator[tuple[float, float]]:
    """From when to when something was there, seen at *moments* a step apart."""
    begin = last = None
    for at in moments:
        if begin is None or last is None or at - last > 1.5 * step_seconds:
            if begin is not None and last is not None:
                yield begin, last + step_seconds
            begin = at
        last = at
    if begin is not None and last is not None:
        yield begin, last + step_seconds


def of_key(key: Key, spans: Iterable[AlertSpan]) -> tuple[AlertSpan, ...]:
    """The alerts of one SLO."""
    return tuple(each for each in spans if each.key and same_slo(key, each.key))


def read_runbooks(source: Source) -> tuple[dict[str, str], tuple[str, ...]]:
    """The runbook of each alert, by its name; and for people why none is known, where that is so.

    Raises:  Unreachable.
    """
    try:
        return runbooks(source.rules()), ()
    except QueryFailed as error:  # what stands before a ruler may not tell of rules
        return {}, (f"Runbooks are not known: {error}",)


def runbooks(groups: Iterable[RuleGroup]) -> dict[str, str]:
    """The runbook of each alert that has one, by its name. Others than web addresses are left out: they are links."""
    return {
        rule.name: address
        for group in groups
        for rule in group.rules
        if (address := rule.annotations.get(conventions.RUNBOOK_URL, "")).startswith(("https://", "http://"))
    }


def _span(labels: dict[str, str], start: float, end: float) -> AlertSpan:
    key = key_of(labels) if labels.get(conventions.ID) else ()
    severity = labels.get(conventions.SEVERITY) or labels.get("severity", "")
    return AlertSpan(
        name=labels.get(conventions.ALERT_NAME, ""),
        severity=severity,
        state=labels.get(_STATE, ""),
        start=start,
        end=end,
        labels={name: value for name, value in labels.items() if name not in ("__name__", _STATE)},
        key=key,
    )
