"""PagerDuty stand-in: takes events as the Events API v2 does, and shows the incidents that come of them.

Alertmanager talks to it as to the real one: only the address differs.

    POST /v2/enqueue                                an event; pagerduty_intake.py
    GET  /  and  /incidents                         what has come of them; pagerduty_pages.py, pagerduty_api.py
    POST /incidents/NUMBER/acknowledge (or resolve) what a person does about it
    POST, GET, DELETE /internal/faults              trouble on demand; pagerduty_fault_pages.py
    GET  /livez  and  /metrics

One process at a time: gunicorn with one worker, for the store and its file belong to it alone.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from local.pagerduty_api import incident_api
from local.pagerduty_event import MAX_BYTES
from local.pagerduty_fault_pages import fault_pages
from local.pagerduty_faults import FaultBoard
from local.pagerduty_intake import Intake, intake_pages
from local.pagerduty_limit import EVENTS_PER_MINUTE, RateLimit
from local.pagerduty_metrics import Metrics, metrics_page
from local.pagerduty_pages import incident_page
from local.pagerduty_problem import as_json
from local.pagerduty_store import IncidentStore


def create_app(
    *,
    store: IncidentStore,
    teams: Mapping[str, str],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    fault_token: str = "",
    events_per_minute: int = EVENTS_PER_MINUTE,
) -> Flask:
    """The application over *store*.

    Args:    teams: routing key → team; any other valid key is taken too.
             clock: the time of day. monotonic: seconds, for limits and faults. sleep: how a slow event waits.
             fault_token: opens `/internal/faults`; without one there is none.
             events_per_minute: how many a routing key may send.
    """
    board = FaultBoard(clock=monotonic, random=random.random)
    metrics = Metrics(store.open_incidents)
    intake = Intake(
        store=store,
        teams=teams,
        board=board,
        limit=RateLimit(clock=monotonic, per_minute=events_per_minute),
        metrics=metrics,
        clock=clock,
        sleep=sleep,
    )
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.register_blueprint(intake_pages(intake))
    app.register_blueprint(incident_page(store, clock=clock, board=board))
    app.register_blueprint(incident_api(store, clock=clock))
    app.register_blueprint(metrics_page(metrics))
    if fault_token:
        app.register_blueprint(fault_pages(board, fault_token))
    app.register_error_handler(HTTPException, as_json)
    app.after_request(_harden)

    @app.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    return app


def from_environment() -> Flask:
    """The application for gunicorn.

    PAGERDUTY_EVENTS is its file, PAGERDUTY_KEYS the folder of keys (`<team>/routing_key`), FAULT_TOKEN may be empty,
    PAGERDUTY_EVENTS_PER_MINUTE stands for the limit of the real one.
    """
    keys = Path(os.environ["PAGERDUTY_KEYS"]).glob("*/routing_key")
    return create_app(
        store=IncidentStore(Path(os.environ["PAGERDUTY_EVENTS"])),
        teams={file.read_text(encoding="utf-8").strip(): file.parent.name for file in keys},
        fault_token=os.environ.get("FAULT_TOKEN", ""),
        events_per_minute=int(os.environ.get("PAGERDUTY_EVENTS_PER_MINUTE") or EVENTS_PER_MINUTE),
    )


def _harden(response: Response) -> Response:
    # Alerts carry text from anywhere: nothing on the page may run or load, whatever it says; its forms lead here,
    # and no other page shows it in a frame, where a click could be led astray.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    # `no-referrer` would make browsers hide the origin of the page's own forms as well.
    response.headers["Referrer-Policy"] = "same-origin"
    return response
