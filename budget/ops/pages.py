"""What people and programs read: the page, its parts alone, one promise, a runbook, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from budget.ops import promises, strip, summary
from budget.ops.board import PROGRAM_PATIENCE_SECONDS, Board, View
from budget.ops.desk import Desk
from budget.ops.document import document
from budget.ops.door import Door
from budget.ops.drills import Drills, expected
from budget.ops.fire_alarm import exposition
from budget.ops.incidents import unmatched
from budget.ops.journeys import CELL_SECONDS, most_troubled
from budget.ops.promise_page import PromisePages
from budget.ops.sign_in import HOME

REFRESH_SECONDS, LIVE_SECONDS = 15, 5
MOST_HAPPENINGS = 12


def reading_pages(desk: Desk, board: Board) -> Blueprint:
    """Everything that changes nothing, for people and for programs."""
    pages = Blueprint("pages", __name__)
    single = PromisePages(desk)

    @pages.get("/")
    def home() -> AnyResponse:
        return redirect(HOME)

    @pages.get(HOME)
    def page() -> str:
        refresh = REFRESH_SECONDS if "refresh" in request.args else 0
        return render_template("ops.html.j2", refresh=refresh, **_shown(desk, board.look()))

    @pages.get("/ops/parts")
    def parts() -> str:
        return render_template("parts.html.j2", **_shown(desk, board.look()))

    @pages.get("/ops.json")
    def as_data() -> Response:
        return jsonify(document(board.look(patience_seconds=PROGRAM_PATIENCE_SECONDS), desk))

    @pages.get("/ops/promises/<path:slo>")
    def promise(slo: str) -> str:
        view = board.look()
        found = single.read(slo, view)
        if found is None:
            abort(404, "No promise has this id, or Prometheus has not told of it yet.")
        return render_template("promise.html.j2", view=view, desk=desk, found=found)

    @pages.get("/ops/runbooks/<name>")
    def runbook(name: str) -> str:
        text = desk.runbooks.html(name)
        if text is None:
            abort(404, "There is no runbook of this name.")
        return render_template("runbook.html.j2", name=name, text=text)

    return pages


def own_pages(desk: Desk, door: Door) -> Blueprint:
    """Whether the page is there, and its own figures: they say nothing of the shop."""
    pages = Blueprint("own", __name__)

    @pages.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @pages.get("/metrics")
    def metrics() -> Response:
        text = exposition(desk.alarm, refused_sign_ins=door.throttle.refused)
        return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")

    return pages


def _shown(desk: Desk, view: View) -> Mapping[str, Any]:
    """What the parts of the page are made of."""
    timelines = most_troubled(view.timelines.value or ())
    happenings = view.happenings.value or ()
    minutes_end = timelines[0].cells[-1].end if timelines else CELL_SECONDS * (view.now // CELL_SECONDS)
    incidents = view.incidents.known or ()
    return {
        "view": view,
        "desk": desk,
        "live_seconds": LIVE_SECONDS,
        "headline": summary.headline(view),
        "absent": summary.absent(view, desk),
        "invariants": [(each.name, *summary.invariant_words(each, view.now)) for each in view.invariants.known or ()],
        "courses_words": summary.courses_words(view),
        "rows": promises.rows(view.promises, view.courses.value or {}, happenings),
        "timelines": [(each, strip.boxes(each), strip.says(each)) for each in timelines],
        "lane": strip.lane(happenings, minutes_end),
        "minutes_end": minutes_end,
        "happenings": happenings[:MOST_HAPPENINGS],
        "more_happenings": max(0, len(happenings) - MOST_HAPPENINGS),
        "incidents": incidents,
        "unmatched": unmatched(incidents, view.firing.alerts),
        "drills": _drills(desk.drills),
        "alarm_left": desk.alarm.seconds_left,
    }


def _drills(drills: Drills | None) -> list[Any]:
    if drills is None:
        return []
    return [(each, expected(each, drills.known(each))) for each in drills.all()]
