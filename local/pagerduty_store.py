"""Incidents as PagerDuty keeps them: one per deduplication key until it is resolved.

What is kept on disk is the events; incidents are derived from them, when they come in and when the file is read
again. Every MOST_EVENTS events the file is written anew, an incident a line: all that are open, and the newest
MOST_RESOLVED of the others, under the numbers that they had.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from local import pagerduty_file
from local.pagerduty_event import ACKNOWLEDGE, TRIGGER
from local.pagerduty_incident import (
    ACKNOWLEDGED,
    BY_EVENT,
    BY_PERSON,
    Incident,
    after,
    as_data,
    from_data,
    opened,
)

_LOGGER = logging.getLogger(__name__)
MOST_EVENTS = 10_000
MOST_RESOLVED = 2_000


class UnknownIncident(LookupError):
    """No incident has that number, or it is too long ago."""


class AlreadyResolved(LookupError):
    """What is resolved cannot be acknowledged any more."""


class IncidentStore:
    """Every incident, from the first event in the file on. Safe to use from several threads of one process."""

    def __init__(self, path: Path, *, most_events: int = MOST_EVENTS, most_resolved: int = MOST_RESOLVED) -> None:
        """Read what *path*, the file of events, holds.

        Args:    most_events, most_resolved: ≥ 1; the newest incident stays, for the next number follows from it.
        Raises:  ValueError: a line of it is no event; it says which.
        """
        self._path = path
        self._most_events = most_events
        self._most_resolved = most_resolved
        self._lock = threading.Lock()
        self._incidents: dict[int, Incident] = {}
        self._open: dict[tuple[str, str], int] = {}
        self._last_number = 0
        self._events = 0  # lines in the file that are an event, not an incident
        for number, record in enumerate(pagerduty_file.read(path), start=1):
            try:
                self._restore(record)
            except (KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number}: not an event: move the file away, or remove this line") from error
        self._compact_if_long()

    def incidents(self) -> tuple[Incident, ...]:
        """Every incident that is kept, the oldest first."""
        with self._lock:
            return tuple(self._incidents.values())

    def open_incidents(self) -> int:
        """How many are not resolved."""
        with self._lock:
            return len(self._open)

    def accept(self, event: dict[str, Any], *, dedup_key: str, team: str, at: str) -> None:
        """Write the valid *event* down, then let it act. The routing key is a secret: it is not written.

        Raises:  OSError: it could not be written, and nothing has changed.
        """
        body = {name: value for name, value in event.items() if name != "routing_key"}
        with self._lock:
            self._take({"at": at, "team": team, "dedup_key": dedup_key, "event": body})

    def act(self, number: int, action: str, *, at: str) -> Incident:
        """Let a person acknowledge or resolve incident *number*; what is so already stays as it is.

        Raises:  UnknownIncident, AlreadyResolved.  OSError: as `accept`.
        """
        with self._lock:
            incident = self._incidents.get(number)
            if incident is None:
                raise UnknownIncident(number)
            if not incident.is_open:
                if action == ACKNOWLEDGE:
                    raise AlreadyResolved(number)
                return incident
            if action == ACKNOWLEDGE and incident.status == ACKNOWLEDGED:
                return incident
            of_whom = {"team": incident.team, "dedup_key": incident.dedup_key}
            self._take({"at": at, **of_whom, "by": BY_PERSON, "event": {"event_action": action}})
            return self._incidents[number]

    def _take(self, record: dict[str, Any]) -> None:
        pagerduty_file.append(self._path, record)
        self._restore(record)
        self._compact_if_long()

    def _restore(self, record: dict[str, Any]) -> None:
        """What a line of the file makes of the incidents."""
        if "incident" in record:
            self._keep(from_data(record["incident"]))
            return
        self._events += 1
        at, team, key, event = record["at"], record["team"], record["dedup_key"], record["event"]
        action, number = event["event_action"], self._open.get((team, key))
        if number is not None:
            self._keep(after(self._incidents[number], action, at=at, by=record.get("by", BY_EVENT)))
        elif action == TRIGGER:
            self._keep(opened(self._last_number + 1, event, team=team, dedup_key=key, at=at))
        # To acknowledge or resolve what is not open is no fault, and changes nothing.

    def _keep(self, incident: Incident) -> None:
        self._incidents[incident.number] = incident
        self._last_number = max(self._last_number, incident.number)
        key = (incident.team, incident.dedup_key)
        if incident.is_open:
            self._open[key] = incident.number
        else:
            self._open.pop(key, None)

    def _compact_if_long(self) -> None:
        if self._events < self._most_events:
            return
        self._events = 0
        resolved = [incident.number for incident in self._incidents.values() if not incident.is_open]
        for number in resolved[: max(0, len(resolved) - self._most_resolved)]:
            del self._incidents[number]
        try:
            pagerduty_file.rewrite(self._path, ({"incident": as_data(each)} for each in self._incidents.values()))
        except OSError as error:
            # The events are there, only more of them than need be; the next turn comes.
            _LOGGER.warning("%s could not be made shorter: %s", self._path, error.strerror)
