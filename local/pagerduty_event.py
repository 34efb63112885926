"""An event of PagerDuty's Events API v2: what is valid, and the words in which it is refused.

As strict as the documentation, so that what is taken here is taken there. PagerDuty's own words are known for the
routing key alone (v2.developer.pagerduty.com/docs/send-an-event-events-api-v2); the others are ours, in that form.

Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and its schema,
        https://github.com/PagerDuty/api-schema/blob/main/reference/events-v2/openapiv3.json
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

TRIGGER = "trigger"
ACKNOWLEDGE = "acknowledge"
RESOLVE = "resolve"
ACTIONS = (TRIGGER, ACKNOWLEDGE, RESOLVE)
SEVERITIES = ("critical", "error", "warning", "info")

KEY_LENGTH = 32
MAX_DEDUP_KEY = 255
MAX_SUMMARY = 1024
# "Events API payloads are limited to 512 KB": the smaller reading, which Alertmanager has too (notify/pagerduty).
MAX_BYTES = 512_000
# What an event and its payload may hold beside what is looked at more closely.
EVENT_TEXTS = ("client", "client_url")
PAYLOAD_TEXTS = ("component", "group", "class")
# The member that each object of these lists must have.
CONTEXT = {"links": "href", "images": "src"}


def decoded(body: bytes) -> Any:
    """The JSON value that *body* holds.

    Raises:  ValueError: it holds none, or one that could not be written out again.
    """
    try:
        event = json.loads(body, parse_constant=_no_constant)
        json.dumps(event, ensure_ascii=False).encode()  # half a surrogate pair has no UTF-8
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return event


def faults(event: Any) -> tuple[str, ...]:
    """Everything that is wrong with *event*, a decoded body; empty when PagerDuty would take it."""
    if not isinstance(event, dict):
        return ("Event object is not a JSON object",)
    found = [*_key_faults(event), *_action_faults(event), *_dedup_faults(event)]
    if event.get("event_action") == TRIGGER:
        found += [*_payload_faults(event.get("payload")), *_context_faults(event)]
    return tuple(found)


def dedup_key(event: dict[str, Any]) -> str:
    """The key of a valid *event*; a trigger that brings none gets one, as PagerDuty does."""
    return event.get("dedup_key") or uuid.uuid4().hex


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _key_faults(event: dict[str, Any]) -> Iterator[str]:
    key = event.get("routing_key")
    if not key or not isinstance(key, str):
        yield "'routing_key' is missing or blank"
    elif len(key) != KEY_LENGTH:
        yield f"Length of 'routing_key' is incorrect (should be {KEY_LENGTH} characters)"


def _action_faults(event: dict[str, Any]) -> Iterator[str]:
    action = event.get("event_action")
    if not action:
        yield "'event_action' is missing or blank"
    elif action not in ACTIONS:
        yield f"'event_action' is invalid (must be one of the following: {_listed(ACTIONS)})"


def _dedup_faults(event: dict[str, Any]) -> Iterator[str]:
    key = event.get("dedup_key")
    if key is not None and not isinstance(key, str):
        yield "'dedup_key' is not a string"
    elif key is not None and len(key) > MAX_DEDUP_KEY:
        yield f"'dedup_key' is too long (maximum is {MAX_DEDUP_KEY} characters)"
    elif not key and event.get("event_action") in (ACKNOWLEDGE, RESOLVE):
        yield "'dedup_key' is missing or blank"


def _payload_faults(payload: Any) -> Iterator[str]:
    if not isinstance(payload, dict):
        yield "'payload' is missing or blank"
        return
    for name in ("summary", "source"):
        value = payload.get(name)
        if not isinstance(value, str) or not value.strip():
            yield f"'payload.{name}' is missing or blank"
        elif name == "summary" and len(value) > MAX_SUMMARY:
            yield f"'payload.summary' is too long (maximum is {MAX_SUMMARY} characters)"
    severity = payload.get("severity")
    if not severity:
        yield "'payload.severity' is missing or blank"
    elif severity not in SEVERITIES:
        yield f"'payload.severity' is invalid (must be one of the following: {_listed(SEVERITIES)})"
    yield from _optional_faults(payload)


def _optional_faults(payload: dict[str, Any]) -> Iterator[str]:
    for name in PAYLOAD_TEXTS:
        if not isinstance(payload.get(name, ""), str | None):
            yield f"'payload.{name}' is not a string"
    if not isinstance(payload.get("custom_details", {}), dict | None):
        yield "'payload.custom_details' is not an object"
    timestamp = payload.get("timestamp")
    if timestamp is not None and not _is_time(timestamp):
        yield "'payload.timestamp' is not an ISO 8601 time"


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _context_faults(event: dict[str, Any]) -> Iterator[str]:
    for name in EVENT_TEXTS:
        if not isinstance(event.get(name, ""), str | None):
            yield f"'{name}' is not a string"
    for name, needed in CONTEXT.items():
        rows = event.get(name) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield f"'{name}' is not an array of objects"
            continue
        for number, row in enumerate(rows):
            if not isinstance(row.get(needed), str) or not row[needed].strip():
                yield f"'{name}[{number}].{needed}' is missing or blank"
            elif name == "images" and not row[needed].startswith("https://"):
                yield f"'{name}[{number}].{needed}' is not served via HTTPS"


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
