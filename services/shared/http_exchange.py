"""One HTTP request and its answer, over connections that are kept; failures are told apart by what they leave open."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
)

from services.shared.errors import PeerUnavailable, PeerUnknown

# A host that does not even take the connection in this time is down.
CONNECT_SECONDS = 1.0
MAX_REPLY_BYTES = 1024 * 1024
MAX_RETRY_AFTER_SECONDS = 60
# As many as a process has threads that call, and some: none waits for a connection.
CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer below 500. `json` is its parsed body, None where it has none or is not JSON; `headers` ignore case."""

    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class NotConnected(PeerUnavailable):
    """Nobody took the connection, so nothing was sent. `outcome` is for metrics; `timed_out`: it took too long."""

    def __init__(self, message: str, outcome: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.timed_out = timed_out


class Limited(PeerUnavailable):
    """The peer is up and said: too many requests."""

    outcome = "4xx"
    timed_out = False


class Unanswered(PeerUnknown):
    """The request was sent, or a part of it, and what came back is no answer. Attributes as of `NotConnected`."""

    def __init__(self, message: str, outcome: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.timed_out = timed_out


class Exchange:
    """Requests to the peer *name* at *base_url*: no redirects, no proxies, no retries, a bound on time and size."""

    def __init__(self, name: str, base_url: str) -> None:
        url = urllib3.util.parse_url(base_url)
        self._name = name
        self._prefix = (url.path or "").rstrip("/")
        self._pool = urllib3.connection_from_url(base_url, maxsize=CONNECTIONS, block=False)

    def send(
        self, operation: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> Reply:
        """The peer's answer to one request, within *seconds*.

        Raises:  NotConnected, Limited: nothing has happened there.  Unanswered: it may have.
        """
        what = f"{self._name}: {operation}"
        until = time.monotonic() + seconds
        try:
            response = self._pool.urlopen(
                method,
                self._prefix + path,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(seconds, CONNECT_SECONDS), total=seconds),
                # Nor redirects, which are retries to it.
                retries=False,
                preload_content=False,
                # Nothing packed was asked for; unpacked, a small answer can fill the memory.
                decode_content=False,
            )
            content = _read(response, until, what)
        # There was no connection. In this order: each of these is one of the next, too.
        except NewConnectionError as error:
            raise NotConnected(f"{what}: connection refused", "refused") from error
        except ConnectTimeoutError as error:
            raise NotConnected(f"{what}: no connection in time", "timeout", timed_out=True) from error
        except ReadTimeoutError as error:
            raise Unanswered(f"{what}: no answer in time", "timeout", timed_out=True) from error
        except HTTPError as error:
            raise Unanswered(f"{what}: the connection broke", "reset") from error
        return _reply(response, content, what)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()


def _read(response: urllib3.BaseHTTPResponse, until: float, what: str) -> bytes:
    """The body; the connection goes back to the others only when all of it was read."""
    content = bytearray()
    try:
        while chunk := response.read1(65536):
            content += chunk
            if len(content) > MAX_REPLY_BYTES:
                raise Unanswered(f"{what}: the answer is too long", "invalid")
            if time.monotonic() > until:
                raise Unanswered(f"{what}: no whole answer in time", "timeout", timed_out=True)
    except BaseException:
        response.close()
        raise
    return bytes(content)


def _reply(response: urllib3.BaseHTTPResponse, content: bytes, what: str) -> Reply:
    status = response.status
    if status >= 500:
        raise Unanswered(f"{what}: status {status}", "5xx")
    if status == 429:
        raise Limited(f"{what}: too many requests", retry_after_seconds=_seconds(response.headers.get("Retry-After")))
    try:
        parsed = json.loads(content) if content else None
    except (ValueError, RecursionError) as error:
        if status < 400:
            raise Unanswered(f"{what}: the answer is not JSON", "invalid") from error
        parsed = None
    return Reply(status=status, json=parsed, headers=response.headers)


def _seconds(retry_after: str | None) -> int:
    if retry_after is None or not (retry_after.isascii() and retry_after.isdigit()):
        return 1
    return max(1, min(int(retry_after[:6]), MAX_RETRY_AFTER_SECONDS))
