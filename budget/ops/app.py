"""The application: pages, actions and sign-in behind one guard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, jsonify, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from budget.gate_document import word
from budget.ops import words
from budget.ops.actions import alert_actions
from budget.ops.breaking import alarm_actions, break_actions
from budget.ops.desk import Desk
from budget.ops.door import Door
from budget.ops.guard import guard
from budget.ops.pages import own_pages, reading_pages
from budget.ops.promises import cell
from budget.ops.sign_in import sign_in_pages
from budget.trust import spelt

HERE = Path(__file__).parent
MOST_BYTES = 64 * 2**10  # the longest form is a comment


def create_app(desk: Desk, door: Door, *, port: int, behind_tls: bool = False) -> Flask:
    """The page of *desk*, behind *door*."""
    app = Flask(__name__, static_url_path="/ops/static", template_folder=str(HERE / "templates"))
    app.jinja_options = {
        "autoescape": True,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    door.furnish(app, port=port, behind_tls=behind_tls)
    guard(app, door)
    board = desk.board()
    app.register_blueprint(reading_pages(desk, board))
    app.register_blueprint(own_pages(desk, door))
    app.register_blueprint(alert_actions(desk, board))
    app.register_blueprint(alarm_actions(desk, board))
    if desk.drills is not None and desk.faults is not None:
        app.register_blueprint(break_actions(desk, board, door, desk.drills, desk.faults))
    app.register_blueprint(sign_in_pages(door))
    app.register_error_handler(HTTPException, _problem)
    app.jinja_env.filters |= {name: getattr(words, name) for name in ("clock", "minute", "day", "iso", "lasting")}
    app.jinja_env.filters |= {"percent": words.percent, "count": words.count, "spelt": spelt, "word": word}
    app.jinja_env.globals |= {"form_key": door.form_key, "is_in": door.is_in, "can_open": door.can_open, "cell": cell}
    return app


def _problem(error: HTTPException) -> Any:
    """What went wrong, as a page; for programs as a problem document (RFC 9457)."""
    status = error.code or 500
    if request.path.endswith(".json"):
        response = jsonify(title=error.name, status=status, detail=error.description)
        response.status_code, response.content_type = status, "application/problem+json"
        return response
    page = render_template("problem.html.j2", title=error.name, detail=error.description or "", status=status)
    return page, status, dict(header for header in error.get_headers() if header[0] in ("Allow", "Retry-After"))
