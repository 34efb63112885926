"""What people do about an alert: acknowledge its incident, silence it, end a silence. `guard` lets them in."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from budget.errors import BudgetError
from budget.ops.alertmanager import WHO, Alert, Told
from budget.ops.board import Board
from budget.ops.desk import Desk
from budget.ops.errors import NotAnswered, PartlyDone
from budget.ops.firing import Firing
from budget.ops.sign_in import HOME
from budget.plain_text import printable

_LOGGER = logging.getLogger(__name__)
# Minutes, as the form offers them.
DURATIONS = {"15": "15 minutes", "60": "1 hour", "240": "4 hours", "1440": "1 day", "10080": "1 week"}
MOST_COMMENT = 500


def acted(board: Board, done: str, do: Callable[[], object], *, kind: str = "done") -> Response:
    """*do* it, and lead back to the page, which says what came of it: *done*, or how far not, and why.

    Args:    kind: how *done* looks: as good news, or as "failed" where it is none.
    """
    try:
        do()
    except BudgetError as error:
        came = _came_of(error)
        _LOGGER.warning("%s, for: %s: %s", came, printable(done), printable(str(error)))
        flash(f"{came}: {error}.", "failed")
    else:
        _LOGGER.info("done: %s", printable(done))
        flash(f"{done}.", kind)
    board.changed()
    return redirect(HOME, 303)


def _came_of(error: BudgetError) -> str:
    if isinstance(error, PartlyDone):
        return "It was done in part"
    return "Whether it was done is not known" if isinstance(error, NotAnswered) else "Nothing was done"


def alert_actions(desk: Desk, board: Board) -> Blueprint:
    """Each of them, and the form of a silence."""
    pages = Blueprint("alert_actions", __name__)

    @pages.post("/ops/incidents/<int:number>/acknowledge")
    def acknowledge(number: int) -> Response:
        return acted(board, f"Incident {number} is acknowledged", lambda: desk.incidents.acknowledge(number))

    @pages.get("/ops/alerts/<fingerprint>/silence")
    def silence_form(fingerprint: str) -> str:
        return _silence_form(_alert(board, fingerprint))

    @pages.post("/ops/alerts/<fingerprint>/silence")
    def silence(fingerprint: str) -> Response | tuple[str, int]:
        alert = _alert(board, fingerprint)
        comment, minutes = request.form.get("comment", "").strip(), request.form.get("minutes", "")
        if fault := _fault(comment, minutes):
            return _silence_form(alert, fault, comment), 422
        return acted(
            board,
            f"{alert.name} of {alert.service or 'the platform'} is silenced for {DURATIONS[minutes]}",
            lambda: desk.alertmanagers.silence(
                alert.labels, seconds=int(minutes) * 60, comment=comment, now=desk.clock()
            ),
        )

    @pages.post("/ops/silences/<silence_id>/expire")
    def expire(silence_id: str) -> Response:
        return acted(board, "The silence is over", lambda: desk.alertmanagers.expire(silence_id))

    return pages


def _alert(board: Board, fingerprint: str) -> Alert:
    view = board.look()
    before = Firing(alerts=(view.told.value or Told()).alerts)  # its labels are the same, whoever answers now
    found = view.firing.get(fingerprint) or before.get(fingerprint)
    if found is None:
        abort(404, "That alert fires no more, or Alertmanager cannot be asked: there is nothing to silence.")
    return found


def _silence_form(alert: Alert, fault: str = "", comment: str = "") -> str:
    return render_template(
        "silence.html.j2",
        alert=alert,
        durations=DURATIONS,
        most_comment=MOST_COMMENT,
        who=WHO,
        fault=fault,
        comment=comment,
    )


def _fault(comment: str, minutes: str) -> str:
    if minutes not in DURATIONS:
        return f"For how long? Expected one of {', '.join(DURATIONS.values())}."
    if not comment:
        return "Why? Whoever is on call next reads it."
    return f"At most {MOST_COMMENT} characters, please." if len(comment) > MOST_COMMENT else ""
