"""A line's level and time are read as each program writes them; everything else stays text."""

import logging
from datetime import UTC, datetime

import pytest

from local.log_line import LEVELS, UNKNOWN, read
from services.shared.logs import Formatter

NOW = 1_800_000_000 * 10**9


def nanoseconds(text: str) -> int:
    """Of a time in ISO 8601, exact to the microsecond."""
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


@pytest.mark.parametrize(
    ("text", "level", "time"),
    [
        pytest.param(
            '{"level": "ERROR", "timestamp": "2026-11-24 11:24:37.331981+00:00", "trace_id": "ab"}',
            "error",
            "2026-11-24T11:24:37.331981+00:00",
            id="a service",
        ),
        pytest.param(
            'time=2026-11-24T11:14:13.861Z level=WARN source=main.go:1 msg="ts=x"',
            "warning",
            "2026-11-24T11:14:13.861+00:00",
            id="Prometheus 3",
        ),
        pytest.param(
            "ts=2026-11-24T11:14:13.861249065+01:00 caller=m.go:110 level=info msg=x",
            "info",
            "2026-11-24T10:14:13.861249+00:00",
            id="Prometheus 2",
        ),
        pytest.param(
            '2026-11-24T11:14:13.743Z\twarn\tui/assets.go:27\tno assets\t{"a": 1}',
            "warning",
            "2026-11-24T11:14:13.743+00:00",
            id="Jaeger",
        ),
        pytest.param("2026/11/24 11:03:32 [emerg] 12#12: bind() failed", "critical", None, id="nginx"),
        pytest.param("2026-11-24 11:03:32.100 UTC [77] LOG:  checkpoint starting", "info", None, id="PostgreSQL"),
        pytest.param('{"level": "shouting", "timestamp": "2026-11-24 11:24:37"}', UNKNOWN, None, id="no zone"),
        pytest.param('{"level": {"a": 1}, "timestamp": 5}', UNKNOWN, None, id="other types"),
        pytest.param('{"level": "info", "timest', UNKNOWN, None, id="torn"),
        pytest.param("[" * 5000, UNKNOWN, None, id="deep"),
        pytest.param('{"a":' * 5000, UNKNOWN, None, id="deep JSON"),
        pytest.param('  File "x.py", line 3, in f', UNKNOWN, None, id="a traceback"),
        pytest.param("level=customer-4711", UNKNOWN, None, id="a level of its own"),
        pytest.param("ts=2126-01-01T00:00:00Z level=info", "info", None, id="the future"),
    ],
)
def test_level_and_time(text: str, level: str, time: str | None) -> None:
    """A level is one of a few; a time that is missing, unclear or yet to come is now."""
    found = read(text, now=NOW)
    assert (found.level, found.nanoseconds, found.text) == (level, nanoseconds(time) if time else NOW, text)


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL])
def test_what_services_write_is_understood(level: int) -> None:
    """Their own formatter's line, at every level."""
    record = logging.LogRecord("services.request", level, "x.py", 1, "request", (), None)
    found = read(Formatter("orders").format(record), now=2**62)
    assert found.level in LEVELS
    assert found.level == logging.getLevelName(level).lower()
    assert abs(found.nanoseconds / 1e9 - record.created) < 0.001
