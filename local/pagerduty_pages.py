"""The page of incidents, for people: what is open first, with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, render_template, request

from local.pagerduty_api import ALL, OPEN
from local.pagerduty_faults import FaultBoard
from local.pagerduty_origin import refuse_strangers
from local.pagerduty_store import IncidentStore
from local.pagerduty_words import ago, clock_time, is_web, lasted

# The page shows so many of those that are resolved; the JSON has them all.
MOST_RESOLVED = 100
REFRESH_SECONDS = 15


def incident_page(store: IncidentStore, *, clock: Callable[[], datetime], board: FaultBoard) -> Blueprint:
    """`/?status=open|all&refresh=on`. *board*: the page says which faults are on."""
    pages = Blueprint("page", __name__)
    pages.before_request(refuse_strangers)

    @pages.get("/")
    def page() -> str:
        wanted = OPEN if request.args.get("status") == OPEN else ALL
        newest_first = store.incidents()[::-1]
        resolved = tuple(each for each in newest_first if not each.is_open)
        return render_template(
            "incidents.html",
            any_ever=bool(newest_first),
            still_open=tuple(each for each in newest_first if each.is_open),
            over=resolved[:MOST_RESOLVED] if wanted == ALL else (),
            hidden=max(0, len(resolved) - MOST_RESOLVED),
            wanted=wanted,
            refreshing="refresh" in request.args,
            refresh_seconds=REFRESH_SECONDS,
            faults=board.listing(),
            now=clock(),
            ago=ago,
            clock_time=clock_time,
            lasted=lasted,
            is_web=is_web,
        )

    return pages
