"""Signing in and out: the token goes in by a form, and nowhere else."""

from __future__ import annotations

import logging
import math

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from budget.ops.door import Door
from budget.ops.words import lasting

_LOGGER = logging.getLogger(__name__)
HOME = "/ops"


def sign_in_pages(door: Door) -> Blueprint:
    """`/ops/sign-in` and `/ops/sign-out`."""
    pages = Blueprint("sign_in", __name__)

    @pages.get("/ops/sign-in")
    def form() -> str:
        return _form(_place(request.args.get("next", "")))

    @pages.post("/ops/sign-in")
    def enter() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
        place = _place(request.form.get("next", ""))
        if wait := door.throttle.seconds_left:
            fault = f"Too many wrong tries: the next one counts in {lasting(math.ceil(wait))}."
            return _form(place, fault), 429, {"Retry-After": str(math.ceil(wait))}
        if not door.is_right(request.form.get("token", "")):
            _LOGGER.warning("a wrong token was shown")
            return _form(place, "That is not the token of this page."), 403
        door.let_in()
        _LOGGER.info("somebody has signed in")
        flash("You are signed in.", "done")
        return redirect(place, 303)

    @pages.post("/ops/sign-out")
    def leave() -> Response:
        door.show_out()
        flash("You are signed out.", "done")
        return redirect(HOME, 303)

    def _form(place: str, fault: str = "") -> str:
        return render_template("sign_in.html.j2", next=place, fault=fault, can_open=door.can_open)

    return pages


def _place(wanted: str) -> str:
    """Where to go after it: a page of ours, whatever a link says."""
    inside = wanted == HOME or wanted.startswith(f"{HOME}/")
    return wanted if inside and "//" not in wanted and "\\" not in wanted and wanted.isprintable() else HOME
