"""A server that is asked in JSON and answers in it: Alertmanager, the PagerDuty stand-in, a service's faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.util import Timeout, make_headers, parse_url

from budget.errors import QueryFailed, Unreachable
from budget.ops.errors import NotAnswered, Refused

TIMEOUT_SECONDS = 4.0
MOST_BYTES = 8 * 2**20
_MOST_SAID = 300
_NEVER_SENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


class Peer:
    """One server. A name and password in its address are sent, and shown nowhere; where it redirects, nobody goes."""

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Raises:  ValueError: not an http(s) address."""
        try:
            address = parse_url(url)
        except urllib3.exceptions.LocationParseError:
            raise ValueError("expected an address such as http://127.0.0.1:9093") from None
        if address.scheme not in {"http", "https"} or not address.host:
            raise ValueError("expected an address such as http://127.0.0.1:9093")
        self.url = address._replace(auth=None, query=None, fragment=None).url.rstrip("/")
        self._seconds = timeout_seconds
        self._pool = urllib3.PoolManager(
            retries=False,
            headers=make_headers(basic_auth=address.auth, user_agent="tillwatch-budget"),
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        fields: Mapping[str, str] | None = None,
        bearer: str = "",
        timeout_seconds: float | None = None,
    ) -> Any:
        """What it answers; None for an empty answer. *timeout_seconds*: where another patience is due than its own.

        Raises:  Unreachable, Refused; QueryFailed: another kind of server answered; NotAnswered: of all but GET, where
                 it was sent, so that it may have been done.
        """
        headers = {**self._pool.headers, **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        try:
            response = self._pool.request(
                method,
                f"{self.url}{path}",
                fields=dict(fields) if fields else None,
                json=body,
                headers=headers,
                redirect=False,
                preload_content=False,
                timeout=Timeout(total=timeout_seconds or self._seconds),
            )
            data = response.read(MOST_BYTES + 1, decode_content=True)
            response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            if method == "GET" or isinstance(error, _NEVER_SENT):
                raise Unreachable(f"{self.url} does not answer ({type(error).__name__})") from error
            says = f"{self.url} was told and has not answered ({type(error).__name__})"
            raise NotAnswered(f"{says}: it may have done it, or may do it yet") from error
        if response.status >= 300:
            raise Refused(f"{self.url} answered {response.status}: {_said(data)}")
        return self._read(data)

    def _read(self, data: bytes) -> Any:
        if not data:
            return None
        if len(data) > MOST_BYTES:
            raise QueryFailed(f"{self.url} answered with more than {MOST_BYTES // 2**20} MiB")
        try:
            return json.loads(data)
        except ValueError:
            raise QueryFailed(f"{self.url} answered without JSON: is it the right address?") from None


def _said(data: bytes) -> str:
    """What a refusal says: a problem document (RFC 9457), a JSON text, or a line."""
    text = data[:_MOST_SAID].decode(errors="replace").strip()
    try:
        found = json.loads(data)
    except ValueError:
        return text or "no reason given"
    if isinstance(found, dict):
        more = "; ".join(json.dumps(each) for each in found.get("errors") or ())
        text = " ".join(
            filter(None, (str(found.get("detail") or found.get("title") or found.get("message") or ""), more))
        )
    return (str(found) if isinstance(found, str) else text)[:_MOST_SAID] or "no reason given"
