"""The Idempotency-Key header on a Flask request: read, claimed, answered once, answered again from the store."""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from apiflask import HTTPError
from flask import Response, request
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Connection

from services.shared import idempotency
from services.shared.database import Database
from services.shared.errors import KeyInUse, KeyReused
from services.shared.idempotency import Answer, Claimed, Key, Replayed

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
# Visible ASCII: what a header can carry everywhere, what a log line can show.
_VALID = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
RESULTS = ("new", "replayed", "resumed", "in_use", "reused", "missing")


class Refused(Exception):
    """Raised by work that must leave no trace but its answer, which a repeat of the request gets again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class IdempotentRequests:
    """Answers of one service's routes, once a key.

    Args:    now: Unix seconds.
    """

    def __init__(
        self, database: Database, registry: CollectorRegistry, *, now: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._now = now
        self._results = Counter(
            "idempotency_requests", "Requests with an Idempotency-Key, by what it was.", ("result",), registry=registry
        )
        for result in RESULTS:
            self._results.labels(result)

    def key(self, *, principal: str, route: str) -> Key:
        """The key that this request brings.

        Args:    route: what the key is for, with the ids that the path holds: `POST /api/v1/orders`.
        Raises:  HTTPError: 400, there is none or it is malformed.
        """
        sent = request.headers.get(HEADER)
        if sent is None or _VALID.fullmatch(sent) is None:
            self._results.labels("missing").inc()
            wrong = "is missing" if sent is None else "is not 1 to 255 visible ASCII characters"
            raise HTTPError(400, f"The header {HEADER} {wrong}.", extra_data={"code": "idempotency_key_required"})
        return Key.of(principal=principal, route=route, key=sent, body=request.get_data())

    def claim(self, connection: Connection, key: Key, *, resource: str | None = None) -> Claimed | Replayed:
        """As `idempotency.claim`, with its errors as answers.

        Raises:  HTTPError: 422, another body; 409 with Retry-After, still being answered.
        """
        try:
            found = idempotency.claim(connection, key, now_ms=int(self._now() * 1000), resource=resource)
        except KeyReused as error:
            self._results.labels("reused").inc()
            raise HTTPError(
                422,
                "This Idempotency-Key came with another body before.",
                extra_data={"code": "idempotency_key_reused"},
            ) from error
        except KeyInUse as error:
            self._results.labels("in_use").inc()
            raise HTTPError(
                409,
                "The first request with this Idempotency-Key is still being answered.",
                extra_data={"code": "idempotency_key_in_use"},
                headers={"Retry-After": str(max(1, error.retry_after_seconds))},
            ) from error
        if isinstance(found, Replayed):
            self._results.labels("replayed").inc()
        else:
            self._results.labels("new" if found.resource is None else "resumed").inc()
        return found

    def once(self, *, principal: str, route: str, work: Callable[[Connection], Answer]) -> Response:
        """Do *work* and store its answer in one transaction, or answer as the first request was answered.

        Args:    work: changes this service's own data alone. Its Refused is stored without its changes; any other
                 error takes the key back with everything else.
        """
        key = self.key(principal=principal, route=route)
        with self._database.writing() as connection:
            found = self.claim(connection, key)
            if isinstance(found, Replayed):
                return to_response(found.answer, replayed=True)
            answer = _done(connection, work)
            idempotency.complete(connection, found, answer)
        return to_response(answer)


def _done(connection: Connection, work: Callable[[Connection], Answer]) -> Answer:
    try:
        with connection.begin_nested():
            return work(connection)
    except Refused as refused:
        return refused.answer


def to_response(answer: Answer, *, replayed: bool = False) -> Response:
    """*answer* over HTTP; problems keep their media type."""
    media_type = "application/problem+json" if answer.status >= 400 else "application/json"
    response = Response(json.dumps(answer.body), status=answer.status, content_type=media_type)
    headers: Mapping[str, Any] = answer.headers
    for name, value in headers.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    if replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response
