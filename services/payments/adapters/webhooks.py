"""Sends webhooks: signed, each attempt in bounded time, and none at all for a moment after nobody answered."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import urllib3

from services.payments.adapters.store import COPIES
from services.payments.domain import signature
from services.shared import propagation
from services.shared.outbox import LEASE_MS, Event

CONNECT_SECONDS = 2.0
READ_SECONDS = 3.0
assert (CONNECT_SECONDS + READ_SECONDS) * 1000 < LEASE_MS
# A batch of fifty to a receiver that hangs would otherwise take minutes, and hold up the worker's end as long.
PAUSE_SECONDS = 1.0
MAX_COPIES = 3


class WebhookFailed(Exception):
    """The receiver did not say that it has the event. The text holds neither its address nor what it said."""


class WebhookSender:
    """Delivers events to one receiver.

    Args:    url, key: where to, and what the signature is made with. traffic_key: TRAFFIC_KEY, passes the class on.
             now: Unix seconds. clock: monotonic seconds.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        traffic_key: str | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._key = key
        self._traffic_key = traffic_key
        self._now = now
        self._clock = clock
        self._paused_until = 0.0
        self._pool = urllib3.PoolManager(
            num_pools=1, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
        )

    def send(self, event: Event) -> None:
        """Deliver *event* once, or as often as a drill wants it.

        Raises:  WebhookFailed: unless each time was answered with 2xx.
        """
        body = body_of(event)
        copies = int(event.context.get(COPIES, "1"))
        with propagation.resumed(event.context, name="webhook"):
            for _ in range(min(copies, MAX_COPIES)):
                self._post(body)

    def _post(self, body: bytes) -> None:
        if self._clock() < self._paused_until:
            raise WebhookFailed("paused, as nobody answered a moment ago")
        now = self._now()
        headers = propagation.headers(self._traffic_key, now=now) | {
            "Content-Type": "application/json",
            signature.HEADER: signature.signature(self._key, body, at=int(now)),
        }
        try:
            # A redirect is not followed: what is signed is for this address.
            response = self._pool.request(
                "POST", self._url, body=body, headers=headers, redirect=False, preload_content=False
            )
            # What the receiver says beyond its status is not read: it may be of any length.
            response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._paused_until = self._clock() + PAUSE_SECONDS
            raise WebhookFailed(f"no answer: {type(error).__name__}") from error
        if not 200 <= response.status < 300:
            raise WebhookFailed(f"answered {response.status}")


def body_of(event: Event) -> bytes:
    """The webhook's body, the same at each attempt."""
    occurred_at = datetime.fromtimestamp(event.occurred_at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    document = {
        "event_id": event.event_id,
        "type": event.type,
        "occurred_at": occurred_at.replace("+00:00", "Z"),
        "data": dict(event.data),
    }
    return json.dumps(document, separators=(",", ":")).encode()
