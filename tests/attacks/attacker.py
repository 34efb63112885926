"""What an attacker has: HTTP to each running service, with whatever token; no answer may say more than it should."""

import contextlib
import http.client
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.shop_run import Answer, ShopRun
from services.shared.identity import CUSTOMER, SERVICE

HOST = "127.0.0.1"
MALLORY = "u_mallory"
# Who may call inventory and payments; each other service only checks who it is.
CALLER = "service:orders"
SECONDS = 15
_PROBLEM = "application/problem+json"
# What only somebody who knows the inside would write.
_INSIDE = re.compile(
    r'Traceback|File "|sqlalchemy|sqlite|psycopg|pydantic|werkzeug|gunicorn|jinja|site-packages'
    r"|/(?:work|tmp|home|usr|etc)/|\bservices[./]\w|\w\.py\b|(?-i:\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Attacker:
    """Sends requests to the services of *shop*, and looks at each answer as `assert_discreet` does."""

    shop: ShopRun

    def port(self, service: str) -> int:
        """Where *service* answers."""
        return self.shop.plan.ports[service]

    def bearer(self, service: str, role: str | None = CUSTOMER, subject: str = MALLORY) -> dict[str, str]:
        """The header with a good token of *role* for *service*; none for no role."""
        if role is None:
            return {}
        return self.shop.issuer.bearer(CALLER if role == SERVICE else subject, {role}, service)

    def ask(
        self,
        service: str,
        path: str,
        method: str = "GET",
        body: Any = None,
        *,
        role: str | None = None,
        subject: str = MALLORY,
        headers: Mapping[str, str] | None = None,
        raw: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """One request over a connection of its own.

        Args:    body: sent as JSON; raw: sent as it is, said to be JSON, in chunks where it is not of one piece.
        """
        sent = raw if raw is not None else None if body is None else json.dumps(body).encode()
        typed = {} if sent is None else {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection(HOST, self.port(service), timeout=SECONDS)
        every = {**typed, **self.bearer(service, role, subject), **(headers or {})}
        try:
            # One that is refused for its length may be answered, and the connection closed, before all of it is sent.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=sent, headers=every)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, found, response.read())
        finally:
            connection.close()
        assert_discreet(answer, f"{method} {service}{path[:80]}", with_body=method != "HEAD")
        return answer


def assert_discreet(answer: Answer, asked: str, *, with_body: bool = True) -> None:
    """What holds for each answer: no fault of ours, no word about the inside, no leave for other sites' pages."""
    assert answer.status < 500 or answer.status == 503, f"{asked}: {answer.status} {answer.body[:300]!r}"
    allowed = [name for name in answer.headers if name.startswith("access-control-")]
    assert allowed == [], f"{asked}: {allowed}"
    assert answer.headers.get("x-content-type-options") == "nosniff", f"{asked}: any type may be guessed"
    if answer.status >= 400 and with_body:
        assert answer.headers["content-type"] == _PROBLEM, f"{asked}: {answer.headers['content-type']}"
        text = answer.body.decode()
        assert answer.json()["code"], asked
        assert _INSIDE.search(text) is None, f"{asked}: says too much: {text}"


def code(answer: Answer) -> tuple[int, str]:
    """The status of a refusal, and its code."""
    return answer.status, answer.json()["code"]
