"""Breaks and mends a running service, with the token of this run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from local.errors import FaultRefused, NotRunning
from local.preflight import is_free
from local.settings import MOST_REPLICAS, Settings
from local.shop import SERVICES, replicas_of

PATH = "/internal/faults"
# Who takes faults. Each knows which ones it has.
TARGETS = (*SERVICES, "pagerduty")


def break_service(settings: Settings, service: str, fault: Mapping[str, Any]) -> None:
    """Switch *fault* on in *service*, in each of its replicas: its body as services/README.md has it.

    Raises:  NotRunning, FaultRefused.
    """
    _send_to_all(settings, service, "POST", fault)


def mend_service(settings: Settings, service: str) -> None:
    """Switch every fault of *service* off.

    Raises:  NotRunning, FaultRefused.
    """
    _send_to_all(settings, service, "DELETE", None)


def _send_to_all(settings: Settings, service: str, method: str, body: Mapping[str, Any] | None) -> None:
    _send(settings, service, method, body)
    if service in SERVICES:
        for name in replicas_of(service, MOST_REPLICAS)[1:]:
            if not is_free(settings.port(name)):
                _send(settings, name, method, body)


def _send(settings: Settings, name: str, method: str, body: Mapping[str, Any] | None) -> None:
    try:
        token = settings.fault_token.read_text(encoding="utf-8")
        answer = urllib3.request(
            method,
            settings.url(name) + PATH,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5.0,
            retries=False,
        )
    except (FileNotFoundError, urllib3.exceptions.HTTPError):
        message = f"{name} does not answer on {settings.url(name)}: start the platform with make demo"
        raise NotRunning(message) from None
    if answer.status >= 300:
        raise FaultRefused(f"{name} refused it ({answer.status}): {_reason(answer.data)}")


def _reason(body: bytes) -> str:
    """What a problem document (RFC 9457) says, or as much of the answer as fits a line."""
    try:
        problem = json.loads(body)
        details = [
            problem.get("detail") or problem.get("title") or "",
            *map(json.dumps, problem.get("errors", [])),
        ]
    except (ValueError, AttributeError, TypeError):
        return body[:200].decode(errors="replace")
    return " ".join(filter(None, details))
