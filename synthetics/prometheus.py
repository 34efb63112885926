"""Asks a Prometheus for what a report shows, with the standard library alone: the image of load stays small."""

import json
import math
import time
import urllib.request
from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import unquote, urlencode, urlsplit

from synthetics.host import UsageError

TIMEOUT_SECONDS = 10.0
# By no proxy that the environment names, as the verdict asks.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PrometheusError(Exception):
    """It did not answer, or not with what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values over time: (Unix seconds, value), with the labels that tell it from the others."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def highest(self) -> float:
        """The largest of its values."""
        return max(value for _, value in self.points)


def _series(found: dict) -> Series:
    points = ((float(at), float(value)) for at, value in found["values"])
    labels = {str(name): str(value) for name, value in found["metric"].items()}
    return Series(labels=labels, points=tuple(each for each in points if math.isfinite(each[1])))


def reachable(url: str) -> None:
    """See that a Prometheus answers at *url*: whoever wants a verdict in the end is told at the beginning.

    Raises:  UsageError.
    """
    now = time.time()
    try:
        Prometheus(url).range("vector(1)", start=now, end=now, step_seconds=1.0)
    except PrometheusError as error:
        raise UsageError(f"--prometheus: {error}") from error


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The server at *url*."""

    url: str

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query* from *start* to *end* (Unix seconds, both included); what is no number is left out.

        Raises:  PrometheusError.
        """
        fields = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_seconds:g}"}
        body = self._ask("query_range", fields)
        try:
            found = tuple(_series(each) for each in body["data"]["result"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PrometheusError(f"{self._place}: the answer has not the shape of Prometheus' API") from error
        return tuple(each for each in found if each.points)

    def _ask(self, path: str, fields: dict[str, str]) -> dict:
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise PrometheusError("--prometheus is not of the form http://HOST:PORT")
        try:
            with _OPENER.open(self._request(path, fields), timeout=TIMEOUT_SECONDS) as response:
                body = json.load(response)
        except (OSError, ValueError, HTTPException, RecursionError) as error:
            what = type(error).__name__
            raise PrometheusError(f"{self._place} does not answer as a Prometheus does ({what})") from error
        if not isinstance(body, dict) or body.get("status") != "success":
            raise PrometheusError(f"{self._place}: the query was refused")
        return body

    def _request(self, path: str, fields: dict[str, str]) -> urllib.request.Request:
        """A name and a password in the address are sent as basic authentication."""
        parts = urlsplit(self.url)
        who, _, place = parts.netloc.rpartition("@")
        url = parts._replace(netloc=place, path=f"{parts.path.rstrip('/')}/api/v1/{path}").geturl()
        headers = {"Authorization": f"Basic {b64encode(unquote(who).encode()).decode()}"} if who else {}
        return urllib.request.Request(url, data=urlencode(fields).encode(), headers=headers)

    @property
    def _place(self) -> str:
        """Where it is, without a name and password that the address may hold."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
