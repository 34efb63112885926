"""HTTP client for Prometheus' API: asks, and hands back frozen values or a narrow error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.util import Timeout, Url, make_headers, parse_url

from budget import answers
from budget.answers import ActiveAlert, Exemplar, RuleGroup, Sample, Series, Target
from budget.errors import QueryFailed, Unreachable


class Prometheus:
    """One server (or a Mimir or Thanos that speaks the same API), with a small pool of connections.

    A name and password in the address are sent as basic authentication and shown nowhere.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 5.0) -> None:
        """*url*: with or without a path, as in http://127.0.0.1:9090.

        Raises:  ValueError: not an http(s) address.
        """
        address = _address(url)
        self.url = address._replace(auth=None).url.rstrip("/")
        self._pool = urllib3.PoolManager(
            timeout=Timeout(total=timeout_seconds),
            retries=False,
            headers=make_headers(basic_auth=address.auth, user_agent="tillwatch-budget"),
        )

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """Value of *query* now, or at the Unix time *at*.

        Raises:  Unreachable, QueryFailed.
        """
        fields = {"query": query} if at is None else {"query": query, "time": f"{at:.3f}"}
        return answers.parsed(answers.vector, self._ask("POST", "query", fields))

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query* from *start* to *end* (Unix seconds, both included).

        Raises:  Unreachable, QueryFailed.
        """
        fields = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_seconds:g}"}
        return answers.parsed(answers.matrix, self._ask("POST", "query_range", fields))

    def exemplars(self, query: str, *, start: float, end: float) -> tuple[Exemplar, ...]:
        """Exemplars of the series that *query* names, from *start* to *end*; none from a server that keeps none.

        Raises:  Unreachable, QueryFailed.
        """
        fields = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}"}
        return answers.parsed(answers.exemplars, self._ask("POST", "query_exemplars", fields) or ())

    def rules(self) -> tuple[RuleGroup, ...]:
        """Every loaded rule group, evaluated yet or not."""
        return answers.parsed(answers.rule_groups, self._ask("GET", "rules"))

    def alerts(self) -> tuple[ActiveAlert, ...]:
        """Every alert of the last turn of its rule; the series ALERTS has none of them for a turn after a restart."""
        return answers.parsed(answers.active_alerts, self._ask("GET", "alerts"))

    def targets(self) -> tuple[Target, ...]:
        """Every active scrape target."""
        return answers.parsed(answers.targets, self._ask("GET", "targets", {"state": "active"}))

    def version(self) -> str:
        """Version that the server was built as."""
        return answers.parsed(answers.version, self._ask("GET", "status/buildinfo"))

    def _ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> Any:
        url = f"{self.url}/api/v1/{path}"
        try:
            response = self._send(method, url, fields)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{self.url} does not answer ({type(error).__name__})") from error
        except UnicodeEncodeError as error:  # of a command line that was not UTF-8
            raise QueryFailed("the question holds bytes that are no UTF-8 text: mend the name in it") from error
        return self._data(response)

    def _send(self, method: str, url: str, fields: Mapping[str, str] | None) -> urllib3.BaseHTTPResponse:
        if method == "GET":
            return self._pool.request_encode_url(method, url, fields=fields)
        # Queries travel as a form: a long one does not fit into every proxy's URL.
        return self._pool.request_encode_body(method, url, fields=fields, encode_multipart=False)

    def _data(self, response: urllib3.BaseHTTPResponse) -> Any:
        try:
            body = response.json()
        except ValueError as error:
            message = f"{self.url} answered {response.status} without JSON: is it a Prometheus?"
            raise QueryFailed(message) from error
        if not isinstance(body, dict) or body.get("status") != "success":
            reason = body.get("error") if isinstance(body, dict) else None
            reason = reason or "JSON that says neither success nor why not: is it a Prometheus?"
            raise QueryFailed(f"{self.url} answered {response.status}: {reason}")
        return body.get("data")


def _address(url: str) -> Url:
    try:
        address = parse_url(url)
    except urllib3.exceptions.LocationParseError:
        address = Url()
    if address.scheme not in {"http", "https"} or not address.host:
        raise ValueError("expected an address such as http://127.0.0.1:9090")
    return address
