"""`/v2/enqueue` of the PagerDuty stand-in: an event comes in, and is either written down or not answered with 202."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from local import pagerduty_metrics as results
from local.pagerduty_event import decoded, dedup_key, faults
from local.pagerduty_faults import DropFault, ErrorsFault, FaultBoard, RateLimitFault, SlowFault
from local.pagerduty_limit import RateLimit
from local.pagerduty_metrics import Metrics
from local.pagerduty_origin import is_foreign
from local.pagerduty_problem import refusal
from local.pagerduty_store import IncidentStore

_LOGGER = logging.getLogger(__name__)
UNKNOWN_TEAM = "unknown key"
# Each slow event holds a thread of the server, which has four: the page and `mend` need one too.
SLOW_AT_ONCE = 2

_FORMAT = ("Unrecognized object", "Event object format is unrecognized")
_INVALID = ("invalid event", "Event object is invalid")
_BROKEN = ("Internal Server Error", "The event was not processed: send it again")


class Intake:
    """What happens to an event, in PagerDuty's order: trouble on its way, then its form, then the rate limit.

    Args:    teams: routing key → team; any other valid key is taken too. sleep: waits so many seconds.
    """

    def __init__(
        self,
        *,
        store: IncidentStore,
        teams: Mapping[str, str],
        board: FaultBoard,
        limit: RateLimit,
        metrics: Metrics,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._teams = teams
        self._board = board
        self._limit = limit
        self._metrics = metrics
        self._clock = clock
        self._sleep = sleep
        self._slow = threading.BoundedSemaphore(SLOW_AT_ONCE)

    def answer(self) -> Response:
        """Take the event of this request, and count what became of it."""
        trouble = self._trouble()
        if trouble is not None:
            self._metrics.count(results.FAILED)
            return trouble
        try:
            response, result = self._taken(request.get_data())
        except RequestEntityTooLarge:
            self._metrics.count(results.REFUSED)
            raise
        self._metrics.count(result)
        return response

    def _trouble(self) -> Response | None:
        """What a fault that is on makes of this event before anybody has read it."""
        if self._board.strikes(DropFault):
            return _hung_up()
        if slow := self._board.strikes(SlowFault):
            if not self._slow.acquire(blocking=False):
                return refusal(503, *_BROKEN)
            try:
                self._sleep(slow.delay_seconds)
            finally:
                self._slow.release()
        if errors := self._board.strikes(ErrorsFault):
            return refusal(errors.status, *_BROKEN)
        return None

    def _taken(self, body: bytes) -> tuple[Response, str]:
        """The answer, and its result for the metrics."""
        try:
            event = decoded(body)
        except ValueError:
            return refusal(400, *_FORMAT, "JSON parse error"), results.REFUSED
        if found := faults(event):
            _LOGGER.warning("event refused: %s", "; ".join(found))
            return refusal(400, *_INVALID, *found), results.REFUSED
        team = self._teams.get(event["routing_key"], UNKNOWN_TEAM)
        if not self._within_limit(team):
            return refusal(429, "throttled", "Request Limit Exceeded"), results.LIMITED
        key, at = dedup_key(event), self._clock().isoformat(timespec="milliseconds")
        try:
            self._store.accept(event, dedup_key=key, team=team, at=at)
        except OSError as error:
            _LOGGER.error("event not written: %s", error.strerror)
            return refusal(503, *_BROKEN), results.FAILED
        response = jsonify(status="success", message="Event processed", dedup_key=key)
        response.status_code = 202
        return response, results.ACCEPTED

    def _within_limit(self, team: str) -> bool:
        fault = self._board.strikes(RateLimitFault)
        return self._limit.takes(team, at_most=None if fault is None else fault.events_per_minute)


def intake_pages(intake: Intake) -> Blueprint:
    """The Events API: alert events; change events are sent by nobody here."""
    pages = Blueprint("events", __name__, url_prefix="/v2")

    @pages.post("/enqueue")
    def enqueue() -> Response:
        if is_foreign(request):
            return refusal(403, "Forbidden", "Events are taken from programs, not from other sites' pages")
        return intake.answer()

    @pages.post("/change/enqueue")
    def change() -> Response:
        return refusal(404, "Not Found", "This stand-in takes alert events alone: POST /v2/enqueue")

    return pages


def _hung_up() -> Response:
    """Close the connection under the answer, which then reaches nobody."""
    connection = request.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return refusal(500, *_BROKEN)
