"""A backtest for programs: ratios 0–1, Unix seconds as RFC 3339, null where there is no value."""

from __future__ import annotations

from typing import Any

from budget.backtest import Backtest, Fired, Outcome, Past
from budget.time_range import spelt
from slo import conventions as names

AS_IT_IS, CHANGED = "as it is", "changed"


def as_json(found: Backtest) -> dict[str, Any]:
    """The whole of it; the first outcome is the SLO as it is, a second one as it would be."""
    slo = found.outcomes[0].slo
    marks = (AS_IT_IS, CHANGED)
    return {
        "slo": slo.id,
        "labels": dict(slo.identity),
        "from": spelt(found.past.start),
        "to": spelt(found.past.end),
        "history": _past(found.past),
        "outcomes": [_outcome(mark, each) for mark, each in zip(marks, found.outcomes, strict=False)],
    }


def _past(past: Past) -> dict[str, Any]:
    return {
        "origin": past.origin,
        "first": spelt(past.first),
        "last": spelt(past.last),
        "known_since": spelt(past.known_since),
        "gaps": [{"from": spelt(start), "to": spelt(end), "seconds": end - start} for start, end in past.gaps],
        "seeded": None if past.seeded is None else {"from": spelt(past.seeded[0]), "to": spelt(past.seeded[1])},
    }


def _outcome(mark: str, of: Outcome) -> dict[str, Any]:
    lowest = of.lowest
    return {
        "variant": mark,
        "objective": float(of.slo.objective) / 100,
        "window_days": of.slo.period_days,
        "min_failures": of.slo.alerting.min_failures,
        "pages": len(of.of(names.PAGE)),
        "tickets": len(of.of(names.TICKET)),
        "page_seconds": sum(each.seconds for each in of.of(names.PAGE)),
        "ticket_seconds": sum(each.seconds for each in of.of(names.TICKET)),
        "left": of.left,
        "lowest": None if lowest is None else {"at": spelt(lowest[0]), "left": lowest[1]},
        "fired": [_fired(each) for each in of.fired],
        "budget": [{"at": spelt(at), "left": left} for at, left in of.budget],
    }


def _fired(each: Fired) -> dict[str, Any]:
    return {
        "alert": each.alert,
        "severity": each.severity,
        "from": spelt(each.start),
        "to": spelt(each.end),
        "seconds": each.seconds,
        "since_before": each.since_before,
        "goes_on": each.goes_on,
        "seeded": each.seeded,
        "left": each.left,
        "labels": dict(each.labels),
    }
