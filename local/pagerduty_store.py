"""Incidents as PagerDuty keeps them: one per deduplication key until it is resolved.

What is kept on disk is the events, one JSON line each, written through before they are answered; incidents
are derived from them, when they come in and when the file is read again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local.pagerduty_event import ACKNOWLEDGE, TRIGGER

TRIGGERED = "triggered"
ACKNOWLEDGED = "acknowledged"
RESOLVED = "resolved"


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


class IncidentStore:
    """Every incident, from the first event in the file on. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """*path*: the file of events; what it holds is read again."""
        self._path = path
        self._lock = threading.Lock()
        self._incidents: list[Incident] = []
        self._open: dict[tuple[str, str], int] = {}
        for record in _records(path):
            self._apply(record)

    def incidents(self) -> tuple[Incident, ...]:
        """Every incident, the oldest first."""
        with self._lock:
            return tuple(self._incidents)

    def accept(self, event: dict[str, Any], *, dedup_key: str, team: str, at: str) -> None:
        """Write the valid *event* down, then let it act. The routing key is a secret: it is not written."""
        body = {name: value for name, value in event.items() if name != "routing_key"}
        record = {"at": at, "team": team, "dedup_key": dedup_key, "event": body}
        with self._lock:
            _append(self._path, record)
            self._apply(record)

    def _apply(self, record: dict[str, Any]) -> None:
        key, at, action = (record["team"], record["dedup_key"]), record["at"], record["event"]["event_action"]
        place = self._open.get(key)
        if place is None:
            if action == TRIGGER:
                self._open_incident(key, record)
            return  # to acknowledge or resolve what is not open is no fault, and changes nothing
        incident = self._incidents[place]
        if action == TRIGGER:
            changed = replace(incident, triggers=incident.triggers + 1, last_trigger_at=at)
        elif action == ACKNOWLEDGE:
            changed = replace(incident, status=ACKNOWLEDGED, acknowledged_at=incident.acknowledged_at or at)
        else:
            changed = replace(incident, status=RESOLVED, resolved_at=at)
            del self._open[key]
        self._incidents[place] = changed

    def _open_incident(self, key: tuple[str, str], record: dict[str, Any]) -> None:
        self._open[key] = len(self._incidents)
        incident = Incident(
            number=len(self._incidents) + 1,
            team=record["team"],
            dedup_key=record["dedup_key"],
            status=TRIGGERED,
            triggers=1,
            created_at=record["at"],
            last_trigger_at=record["at"],
            event=record["event"],
        )
        self._incidents.append(incident)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line. A last one that a crash cut short was never answered: it is cut off, for good."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(path, len(whole))
    for line in whole.splitlines():
        yield json.loads(line)


def _append(path: Path, record: dict[str, Any]) -> None:
    line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(file).st_size
        try:
            _write_all(file, line)
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)  # half a line would swallow the next one
            raise
    finally:
        os.close(file)


def _write_all(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]
