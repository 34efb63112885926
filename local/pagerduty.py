"""PagerDuty stand-in: takes events as the Events API v2 does, and shows the incidents that come of them.

Alertmanager talks to it as to the real one: only the address differs.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, render_template, request

from local.pagerduty_event import MAX_BYTES, decoded, dedup_key, faults
from local.pagerduty_store import IncidentStore

UNKNOWN_TEAM = "unknown key"


def create_app(
    *,
    store: IncidentStore,
    teams: Mapping[str, str],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """The application over *store*. *teams*: routing key → team; any other valid key is taken too."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.after_request(_harden)

    @app.post("/v2/enqueue")
    def enqueue() -> tuple[Response, int]:
        try:
            event = decoded(request.get_data())
        except ValueError:
            return _refusal("Event object is not valid JSON")
        if found := faults(event):
            return _refusal(*found)
        key = dedup_key(event)
        team = teams.get(event["routing_key"], UNKNOWN_TEAM)
        store.accept(event, dedup_key=key, team=team, at=clock().isoformat(timespec="milliseconds"))
        return jsonify(status="success", message="Event processed", dedup_key=key), 202

    @app.get("/incidents")
    def incidents() -> Response:
        return jsonify(incidents=[dataclasses.asdict(incident) for incident in store.incidents()])

    @app.get("/")
    def page() -> str:
        return render_template("incidents.html", incidents=tuple(reversed(store.incidents())), web=_is_web)

    return app


def from_environment() -> Flask:
    """The application for gunicorn: PAGERDUTY_EVENTS is its file, PAGERDUTY_KEYS the folder of keys."""
    keys = Path(os.environ["PAGERDUTY_KEYS"]).glob("*/routing_key")
    teams = {file.read_text(encoding="utf-8").strip(): file.parent.name for file in keys}
    return create_app(store=IncidentStore(Path(os.environ["PAGERDUTY_EVENTS"])), teams=teams)


def _refusal(*errors: str) -> tuple[Response, int]:
    body: dict[str, Any] = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return jsonify(body), 400


def _harden(response: Response) -> Response:
    # Alerts carry text from anywhere: nothing on the page may run or load, whatever it says.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _is_web(address: Any) -> bool:
    """Whether *address* may be a link: `javascript:` and the like stay text."""
    return isinstance(address, str) and address.startswith(("http://", "https://"))
