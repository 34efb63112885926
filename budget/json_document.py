"""The status of every SLO for programs: plain JSON values."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from budget.firing import Alert
from budget.status import SloStatus
from budget.trust import Seeded


def as_json(rows: Sequence[SloStatus]) -> dict[str, Any]:
    """The same figures: ratios 0–1, null where there is no value, times as RFC 3339."""
    at = max((row.at for row in rows), default=time.time())
    return {"slos": [_slo(row) for row in rows], "generated_at": _moment(at)}


def _slo(row: SloStatus) -> dict[str, Any]:
    return {
        "id": row.id,
        "service": row.service,
        "slo": row.slo,
        "labels": dict(row.labels),
        "objective": row.objective,
        "window": None if row.period_days is None else f"{row.period_days:g}d",
        "sli": row.sli,
        "burn": {"5m": row.burn_rate, "1h": row.burn_rate_1h, "6h": row.burn_rate_6h},
        "budget_left": row.budget_remaining,
        "events_left": row.events_remaining,
        "events": row.events,
        "bad_events": row.bad_events,
        "events_1h": row.events_1h,
        # When a spent budget was spent is not known; its state says that it is.
        "exhausted_at": _moment(row.at + row.seconds_left) if row.seconds_left else None,
        "exhausted_in_seconds": row.seconds_left,
        "alert": row.alert,
        "alerts": [_alert(alert) for alert in row.alerts],
        "states": list(row.states),
        "faults": list(row.faults),
        "seeded": None if row.seeded is None else _seeded(row.seeded),
    }


def _alert(alert: Alert) -> dict[str, Any]:
    since = None if alert.since is None else _moment(alert.since)
    return {"name": alert.name, "severity": alert.severity, "state": alert.state, "since": since}


def _seeded(part: Seeded) -> dict[str, Any]:
    return {"share": part.share, "from": _moment(part.start), "until": _moment(part.end)}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
