"""JSON log lines, one an event, each with the ids of its request and its trace.

A line says what happened, never to whom: no addresses, query strings, header values or bodies. What still looks like
a secret is taken out of it.
"""

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from services.shared import redaction, request_id, tracing
from services.shared.observe import Observation

_LOGGER = logging.getLogger("services.request")


class Formatter(JsonFormatter):
    """A line as JSON: RFC 3339 time in UTC, level, logger, message, service, request and trace ids, and the extras."""

    def __init__(self, service: str | None = None) -> None:
        super().__init__(
            ("levelname", "name", "message"),
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={} if service is None else {"service": service},
            timestamp=True,
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        if (identifier := request_id.current.get()) is not None:
            log_data["request_id"] = identifier
        if (trace := tracing.current.get()) is not None:
            log_data["trace_id"] = trace.trace_id
            if trace.span_id is not None:
                log_data["span_id"] = trace.span_id

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return redaction.mapping(log_data)


def settings(level: str, service: str | None = None) -> dict[str, Any]:
    """A logging configuration that sends everything, gunicorn's own lines included, to stderr as JSON.

    Its access lines are left out: they hold addresses and raw paths, and `RequestLog` says the rest.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": Formatter, "service": service}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "gunicorn.error": {"handlers": [], "propagate": True, "level": level.upper()},
            # Below this level it writes whom it has limited: addresses.
            "flask-limiter": {"level": "WARNING"},
            "gunicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
        },
    }


class RequestLog:
    """One line an answered request; a sink of `Observer`. It holds the route: a path may name people."""

    def started(self) -> None:
        """Nothing to say yet."""

    def finished(self, observation: Observation) -> None:
        _LOGGER.log(
            logging.ERROR if observation.status >= 500 else logging.INFO,
            "request",
            extra={
                "http_request_method": observation.method,
                "http_route": observation.route,
                "http_response_status_code": observation.status,
                "traffic": observation.traffic,
                "duration_ms": round(observation.seconds * 1000, 3),
            },
        )
