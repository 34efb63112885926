"""An incident of the PagerDuty stand-in, and what an action makes of it.

Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ ("Event Action Behavior")
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from local.pagerduty_event import ACKNOWLEDGE, RESOLVE, TRIGGER

TRIGGERED = "triggered"
ACKNOWLEDGED = "acknowledged"
RESOLVED = "resolved"

# Who acted: whoever has the routing key, or somebody on the page.
BY_EVENT = "event"
BY_PERSON = "person"

# Entries that an incident keeps of its log: the first one and the newest. An alert that is sent anew every hour
# fills it in a week.
MOST_ENTRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an incident's log: *action* is trigger, acknowledge or resolve."""

    at: str
    action: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident. Times are ISO 8601 in UTC, empty until they come; *event* is the first trigger's body."""

    number: int
    team: str
    dedup_key: str
    status: str
    triggers: int
    created_at: str
    last_trigger_at: str
    acknowledged_at: str = ""
    resolved_at: str = ""
    event: dict[str, Any]
    log: tuple[Entry, ...]

    @property
    def is_open(self) -> bool:
        """Whether events of its key still act on it."""
        return self.status != RESOLVED

    @property
    def payload(self) -> dict[str, Any]:
        """What the first trigger said of the fault."""
        payload: dict[str, Any] = self.event.get("payload") or {}
        return payload

    @property
    def alert(self) -> str:
        """The alert's name: our routes send it as the class."""
        return str(self.payload.get("class") or "")


def opened(number: int, event: dict[str, Any], *, team: str, dedup_key: str, at: str) -> Incident:
    """The incident that a first trigger opens."""
    return Incident(
        number=number,
        team=team,
        dedup_key=dedup_key,
        status=TRIGGERED,
        triggers=1,
        created_at=at,
        last_trigger_at=at,
        event=event,
        log=(Entry(at=at, action=TRIGGER, by=BY_EVENT),),
    )


def after(incident: Incident, action: str, *, at: str, by: str) -> Incident:
    """The open *incident* once *action* has come. A trigger does not take back that somebody is at work on it."""
    log = (*incident.log, Entry(at=at, action=action, by=by))
    if len(log) > MOST_ENTRIES:
        log = (log[0], *log[-MOST_ENTRIES + 1 :])
    if action == TRIGGER:
        return replace(incident, triggers=incident.triggers + 1, last_trigger_at=at, log=log)
    if action == ACKNOWLEDGE:
        return replace(incident, status=ACKNOWLEDGED, acknowledged_at=incident.acknowledged_at or at, log=log)
    assert action == RESOLVE
    return replace(incident, status=RESOLVED, resolved_at=at, log=log)


def as_data(incident: Incident) -> dict[str, Any]:
    """*incident* as JSON holds it on disk; `from_data` reads it again."""
    return asdict(incident)


def from_data(data: dict[str, Any]) -> Incident:
    """The incident that `as_data` wrote."""
    return Incident(**{**data, "log": tuple(Entry(**entry) for entry in data["log"])})


def shown(incident: Incident) -> dict[str, Any]:
    """*incident* as `/incidents` answers it: with what is read most often beside the event."""
    payload = incident.payload
    return {
        **as_data(incident),
        "alert": incident.alert,
        "summary": payload.get("summary", ""),
        "severity": payload.get("severity", ""),
        "source": payload.get("source", ""),
    }
