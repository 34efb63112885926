"""Open incidents of the PagerDuty stand-in, and who acknowledges them: local/pagerduty_api.py is the other side.

The real PagerDuty is acknowledged in its own app, by whoever carries the phone: nothing here talks to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from budget.errors import QueryFailed
from budget.ops.alertmanager import Alert
from budget.ops.errors import NotHere
from budget.ops.peer import Peer
from slo import conventions

ACKNOWLEDGED = "acknowledged"
# As our routes translate them: alerts/receivers.py.
_SEVERITIES = {"critical": conventions.PAGE, "warning": conventions.TICKET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One that is open. group: the SLO, or else the alert. since: Unix seconds."""

    number: int
    status: str
    alert: str
    service: str
    group: str
    team: str
    summary: str
    severity: str
    since: float

    @property
    def is_acknowledged(self) -> bool:
        """Whether somebody has it."""
        return self.status == ACKNOWLEDGED

    def is_about(self, alert: Alert) -> bool:
        """Whether *alert* is one of those that it was opened for: a ticket is none that a page of its name opened."""
        severity = _SEVERITIES.get(self.severity, alert.severity)
        named = (alert.name, alert.service, alert.slo or alert.name, alert.severity)
        return (self.alert, self.service, self.group, severity) == named


class Incidents:
    """The stand-in, where there is one."""

    def __init__(self, url: str | None) -> None:
        self._peer = None if url is None else Peer(url)

    def __bool__(self) -> bool:
        return self._peer is not None

    @property
    def url(self) -> str:
        """Where people see them all; empty without one."""
        return "" if self._peer is None else self._peer.url

    def open(self) -> tuple[Incident, ...]:
        """Those that are not resolved, the newest first; none without a stand-in.

        Raises:  Unreachable, Refused, QueryFailed.
        """
        if self._peer is None:
            return ()
        answer = self._peer.ask("GET", "/incidents", fields={"status": "open"})
        try:
            return tuple(reversed([_incident(row) for row in answer["incidents"]]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise QueryFailed(f"{self._peer.url} has not the shape of the stand-in's API: {error!r}") from error

    def acknowledge(self, number: int) -> None:
        """Say that somebody has it.

        Raises:  Unreachable, Refused, NotAnswered, QueryFailed, NotHere.
        """
        if self._peer is None:
            raise NotHere("no PagerDuty stand-in is known here: incidents are acknowledged in PagerDuty's own app")
        self._peer.ask("POST", f"/incidents/{number:d}/acknowledge")


def unmatched(incidents: Iterable[Incident], alerts: Iterable[Alert]) -> tuple[Incident, ...]:
    """Those whose alert fires no more, or was never known here."""
    firing = tuple(alerts)
    return tuple(each for each in incidents if not any(each.is_about(alert) for alert in firing))


def _incident(row: Any) -> Incident:
    payload = row["event"].get("payload") or {}
    return Incident(
        number=int(row["number"]),
        status=str(row["status"]),
        alert=str(payload.get("class") or row["alert"]),
        service=str(payload.get("component") or ""),
        group=str(payload.get("group") or ""),
        team=str(row["team"]),
        summary=str(row["summary"]),
        severity=str(row["severity"]),
        since=datetime.fromisoformat(row["created_at"]).timestamp(),
    )
