"""What people break and mend, to see that it is noticed: drills, faults, the fire alarm. `guard` lets them in."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from budget.drill_spec import Drill
from budget.ops.actions import acted
from budget.ops.board import Board
from budget.ops.desk import Desk
from budget.ops.door import Door
from budget.ops.drills import Drills, expected
from budget.ops.errors import NotHere
from budget.ops.faults import Faults
from budget.ops.fire_alarm import ALERT, why_unheard
from budget.ops.kept import Kept, Seen
from budget.ops.words import lasting

FORECAST_PATIENCE_SECONDS = 8.0
HEARD_PATIENCE_SECONDS, HEARD_FRESH_SECONDS = 2.0, 3.0


def alarm_actions(desk: Desk, board: Board) -> Blueprint:
    """The fire alarm, on and off."""
    pages = Blueprint("alarm_actions", __name__)
    unheard = Kept(lambda: why_unheard(desk.server), fresh_seconds=HEARD_FRESH_SECONDS, clock=desk.clock)

    @pages.post("/ops/alarm/sound")
    def sound() -> Response:
        why = unheard.get(patience_seconds=HEARD_PATIENCE_SECONDS)
        says = f"The fire alarm sounds for five minutes{_expected(why)}"
        return acted(board, says, desk.alarm.sound, kind="done" if why.known == "" else "failed")

    @pages.post("/ops/alarm/end")
    def end() -> Response:
        return acted(board, "The fire alarm is off", desk.alarm.end)

    return pages


def break_actions(desk: Desk, board: Board, door: Door, drills: Drills, faults: Faults) -> Blueprint:
    """Each drill by itself, with its button; and what takes faults back."""
    pages = Blueprint("break_actions", __name__)

    @pages.get("/ops/drills/<name>")
    def drill(name: str) -> str:
        found = _found(drills, name)
        # It takes seconds of a core, which another site's page must not be able to ask for.
        ask = drills.forecast(found, patience_seconds=FORECAST_PATIENCE_SECONDS) if door.is_in() else None
        forecast = drills.known(found) if ask is None else ask
        pages_of_it = expected(found, forecast)
        return render_template("drill.html.j2", desk=desk, drill=found, forecast=forecast, expected=pages_of_it)

    @pages.post("/ops/drills/<name>/break")
    def break_(name: str) -> Response:
        found = _found(drills, name)
        return acted(board, f"{found.title}: it is broken now{_until(found)}", lambda: _break(found, faults))

    @pages.post("/ops/faults/<target>/mend")
    def mend(target: str) -> Response:
        if target not in faults.names:
            abort(404, "Nobody of this name takes faults here.")
        return acted(board, f"{target} is mended", lambda: faults.mend(target))

    return pages


def _expected(why: Seen[str]) -> str:
    """What comes of the fire alarm. *why*: nobody would be paged by it."""
    if why.known == "":
        return f": {ALERT} is expected"
    if why.known:
        return f", and nobody is paged by it: {why.known}"
    return f"; whether {ALERT} comes is not known: {why.fault or 'Prometheus does not answer'}"


def _found(drills: Drills, name: str) -> Drill:
    found = drills.get(name)
    if found is None:
        abort(404, "There is no drill of this name here.")
    return found


def _break(drill: Drill, faults: Faults) -> None:
    if drill.break_ is None:
        raise NotHere(f"it takes more than one service can be asked for: python -m local drill {drill.name} does it")
    faults.break_(drill.break_.service, drill.break_.body)


def _until(drill: Drill) -> str:
    seconds = 0.0 if drill.break_ is None else float(drill.break_.body.get("seconds", 0))
    return f", and mends itself after {lasting(seconds)}" if seconds else ""
