"""One line of a log as Loki takes it: its level out of a closed list, its time, its text as it was."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

UNKNOWN = "unknown"
LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
_ALIASES = {
    "trace": "debug",
    "notice": "info",
    "log": "info",  # PostgreSQL's
    "warn": "warning",
    "err": "error",
    "crit": "critical",
    "alert": "critical",
    "emerg": "critical",
    "fatal": "critical",
    "panic": "critical",
}
# As Prometheus and Loki say it, nginx, PostgreSQL, and Jaeger between tabs.
_LEVEL = re.compile(r"\blevel=\"?(\w+)|\[(\w+)\] \d+#\d+:|\[\d+\] ([A-Z]+): |\t(\w+)\t", re.ASCII)
_TIME = re.compile(r"(?:^|\b(?:ts|time)=\"?)(\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """*level*: one of LEVELS, or unknown. Its ids, such as trace_id, stay in *text*: there are too many for labels."""

    level: str
    nanoseconds: int
    text: str


def read(text: str, *, now: int) -> LogLine:
    """*text* of a service (JSON) or another program. *now*: its time where it says none, or one that is yet to come."""
    level, written = _of_json(text) if text.startswith("{") else _of_plain(text)
    at = _nanoseconds(written)
    return LogLine(level=_known(level), nanoseconds=now if at is None else min(at, now), text=text)


def _of_json(text: str) -> tuple[str, str]:
    try:
        fields: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        return _of_plain(text)
    return str(fields.get("level", "")), str(fields.get("timestamp", ""))


def _of_plain(text: str) -> tuple[str, str]:
    level, at = _LEVEL.search(text), _TIME.search(text)
    return next(filter(None, level.groups()), "") if level else "", at[1] if at else ""


def _known(level: str) -> str:
    level = level.lower()
    level = _ALIASES.get(level, level)
    return level if level in LEVELS else UNKNOWN


def _nanoseconds(written: str) -> int | None:
    try:
        since = datetime.fromisoformat(written) - _EPOCH
    except (ValueError, TypeError):  # TypeError: without a zone it could be any time
        return None
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
