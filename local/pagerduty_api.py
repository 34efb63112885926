"""Incidents as JSON, and what a person does about them.

`GET /incidents?status=open|all&since=RFC3339` → `{"incidents": […]}`, the oldest first; without a status all of
them, with *since* those that were opened then or later. An incident:

    {"number": 3, "team": "catalog", "dedup_key": "…", "status": "triggered|acknowledged|resolved",
     "created_at": "2026-03-01T12:00:00.000+00:00", "last_trigger_at": …, "acknowledged_at": "", "resolved_at": "",
     "triggers": 2, "alert": "CatalogAvailability", "summary": …, "severity": "critical", "source": …,
     "event": {the first trigger's body without its key},
     "log": [{"at": …, "action": "trigger|acknowledge|resolve", "by": "event|person"}, …]}

Times are UTC, and empty until they come. The log keeps its first entry and the newest 199.
`POST /incidents/NUMBER/acknowledge` and `…/resolve` answer the incident; 404 where there is none, 409 where it is
too late. A browser's form is led back to the page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from local.pagerduty_event import ACKNOWLEDGE, RESOLVE
from local.pagerduty_incident import shown
from local.pagerduty_origin import refuse_strangers
from local.pagerduty_problem import problem
from local.pagerduty_store import AlreadyResolved, IncidentStore, UnknownIncident

OPEN = "open"
ALL = "all"


def incident_api(store: IncidentStore, *, clock: Callable[[], datetime]) -> Blueprint:
    """`/incidents`, and `/incidents/NUMBER/…`."""
    pages = Blueprint("incidents", __name__)
    pages.before_request(refuse_strangers)

    @pages.get("/incidents")
    def incidents() -> Response:
        status = request.args.get("status", ALL)
        if status not in (OPEN, ALL):
            return problem(400, "status: expected open or all")
        found = [each for each in store.incidents() if status == ALL or each.is_open]
        if text := request.args.get("since"):
            since = _moment(text)
            if since is None:
                return problem(400, "since: expected a time with its zone, like 2026-03-01T12:00:00Z (+ is %2B)")
            found = [each for each in found if datetime.fromisoformat(each.created_at) >= since]
        return jsonify(incidents=[shown(each) for each in found])

    @pages.post(f"/incidents/<int:number>/<any({ACKNOWLEDGE}, {RESOLVE}):action>")
    def act(number: int, action: str) -> AnyResponse:
        from_form = request.mimetype == "application/x-www-form-urlencoded" and request.accept_mimetypes.accept_html
        try:
            incident = store.act(number, action, at=clock().isoformat(timespec="milliseconds"))
        except UnknownIncident:
            return problem(404, f"There is no incident {number}.")
        except AlreadyResolved:
            if not from_form:
                return problem(409, f"Incident {number} is resolved.")
        except OSError:
            return problem(503, "It could not be written down: nothing has changed.")
        # Where the form was sent from: it shows the incident as it is now, also if it was too late.
        return redirect(_address(request.form.get("status")), 303) if from_form else jsonify(shown(incident))

    return pages


def _address(status: str | None) -> str:
    return f"/?status={OPEN}" if status == OPEN else "/"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
