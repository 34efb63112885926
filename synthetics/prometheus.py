"""Asks a Prometheus for what a report shows, with the standard library alone: the image of load stays small."""

import json
import math
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 10.0


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


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The server at *url*."""

    url: str

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query* from *start* to *end* (Unix seconds, both included); what is no number is left out.

        Raises:  PrometheusError.
        """
        fields = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_seconds:g}"}
        found = []
        for each in self._ask("query_range", fields)["result"]:
            points = tuple((float(at), float(value)) for at, value in each["values"] if math.isfinite(float(value)))
            if points:
                found.append(Series(labels=each["metric"], points=points))
        return tuple(found)

    def _ask(self, path: str, fields: dict[str, str]) -> dict:
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise PrometheusError("--prometheus is not of the form http://HOST:PORT")
        request = urllib.request.Request(f"{self.url.rstrip('/')}/api/v1/{path}", data=urlencode(fields).encode())
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                body = json.load(response)
        except (OSError, ValueError) as error:
            what = type(error).__name__
            raise PrometheusError(f"{self._place} does not answer as a Prometheus does ({what})") from error
        if not isinstance(body, dict) or body.get("status") != "success":
            raise PrometheusError(f"{self._place}: the query was refused")
        data: dict = body["data"]
        return data

    @property
    def _place(self) -> str:
        """Where it is, without a name and password that the address may hold."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
