"""Pushes lines to a Loki: one attempt, and what became of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable

import urllib3

from local.errors import Refused
from local.log_line import LogLine

PUSH_PATH = "/loki/api/v1/push"
SECONDS = 3.0
_SHOWN = 200


class Unreachable(Exception):
    """It cannot take the lines now: the same ones may be sent again."""


class Rejected(Exception):
    """It will never take some of these lines; the others it has."""


class Loki:
    """The Loki at an address."""

    def __init__(self, url: str) -> None:
        """*url*: http or https, with a user and a password where it wants them.

        Raises:  Refused: it is no such address.
        """
        try:
            parts = urllib3.util.parse_url(url)
        except urllib3.exceptions.LocationParseError:
            parts = urllib3.util.Url()
        if parts.scheme not in ("http", "https") or not parts.host:
            raise Refused("LOKI_URL: expected an address such as http://127.0.0.1:3100")  # it may hold a password
        self.address = parts._replace(auth=None, path=(parts.path or "").rstrip("/"), query=None, fragment=None).url
        self._headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        if parts.auth:
            self._headers |= urllib3.util.make_headers(basic_auth=parts.auth)
        self._pool = urllib3.PoolManager(timeout=SECONDS, retries=False)

    def push(self, streams: Iterable[tuple[dict[str, str], Iterable[LogLine]]]) -> None:
        """Send lines, by their labels.

        Raises:  Unreachable, Rejected.
        """
        body = {
            "streams": [
                {"stream": labels, "values": [[str(line.nanoseconds), line.text] for line in lines]}
                for labels, lines in streams
            ]
        }
        try:
            answer = self._pool.request(
                "POST",
                self.address + PUSH_PATH,
                body=gzip.compress(json.dumps(body).encode(), compresslevel=1),
                headers=self._headers,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(type(error).__name__) from error
        if answer.status == 429 or answer.status >= 500 or answer.status in (401, 403, 404):
            raise Unreachable(f"it answered {answer.status}")
        if answer.status >= 300:
            raise Rejected(f"it answered {answer.status}: {answer.data[:_SHOWN].decode(errors='replace').strip()}")
