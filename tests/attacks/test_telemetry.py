"""What is left in logs and metrics of whatever an attacker sends: no forged line, and nothing secret."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from services.shared.identity import CUSTOMER, SERVICE, STAFF
from tests.attacks.attacker import Attacker
from tests.attacks.good_requests import body_of, headers_of, ids
from tests.attacks.route_table import SERVICES
from tests.attacks.shopping import Customer
from tests.attacks.wire import request, send
from tests.scan import findings

CRLF = "log CRLF"
SCANNED = "telemetry scanned for card numbers, passwords, tokens"
# What a forged line would hold; nothing else ever says it.
MARK = "forged-by-mallory"
FORGED = f'{{"level": "ERROR", "message": "{MARK}"}}'
LINE_ENDS = {
    "CR LF": "\r\n",
    "LF": "\n",
    "CR": "\r",
    "vertical tab": "\x0b",
    "form feed": "\x0c",
    "next line": "\x85",
    "line separator": "\u2028",
    "escape": "\x1b[2K",
    "NUL": "\x00",
}
CARD = "4111 1111 1111 1111"
PASSWORD = "correct-horse-battery-1"
EMAIL = "victim@mail.example"
HEADERS = ("X-Request-Id", "User-Agent", "Referer", "Cookie", "traceparent", "tracestate", "baggage", "Idempotency-Key")


def lines(attacker: Attacker) -> Iterator[tuple[str, dict[str, Any]]]:
    """(process, line) of all that the shop has logged; each line must be a JSON document."""
    for log in sorted(attacker.shop.folder.glob("*.log")):
        for line in log.read_text(encoding="utf-8").split("\n"):
            if line:
                parsed = json.loads(line)
                assert isinstance(parsed, dict), line
                yield log.name, parsed


def assert_nothing_was_forged(attacker: Attacker) -> None:
    """No line is the attacker's, and none says so loudly what only the attacker says."""
    seen = 0
    for name, line in lines(attacker):
        seen += 1
        if name.startswith(SERVICES):
            # What libraries say before a service is put together is said for none.
            named = {"service"} if "request_id" in line else set()
            assert {"level", "message", "timestamp"} | named <= line.keys(), line
        assert MARK not in (line["message"], line.get("logger")), f"{name}: {line}"
    assert seen > 10


@pytest.mark.attack(CRLF)
@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)
def test_a_line_end_in_an_address(attacker: Attacker, end: str) -> None:
    """A line end and a forged line in the path and in the query of each service. Each log line stays one document."""
    written = quote(f"x{end}{FORGED}", safe="")
    for service in SERVICES:
        for path in (
            f"/api/v1/{written}",
            f"/{written}",
            f"/api/v1/products?q={written}",
            f"/livez?{written}={written}",
        ):
            assert attacker.ask(service, path).status in (200, 404, 422)
    assert_nothing_was_forged(attacker)


@pytest.mark.attack(CRLF)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x1b[2K", "\x85"])
def test_a_line_end_in_a_header(attacker: Attacker, end: str) -> None:
    """A line end and a forged line in each header that is kept or logged. Refused, or not kept."""
    token = attacker.bearer("orders")["Authorization"]
    for name in HEADERS:
        sent = request(
            "GET", "/api/v1/orders", f"Authorization: {token}", f"{name}: x{end}{FORGED}", "Connection: close"
        )
        assert FORGED.encode() not in send(attacker.port("orders"), sent)
    assert_nothing_was_forged(attacker)


@pytest.mark.attack(CRLF)
@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)
def test_a_line_end_in_a_field(attacker: Attacker, mallory: Customer, end: str) -> None:
    """A line end and a forged line as value and as name of fields. 422, or a line that holds it as JSON."""
    text = f"x{end}{FORGED}"
    movement = {"kind": "receive", "quantity": 1, "reason": text}
    path = "/api/v1/stock/KIT-1004/movements"
    attacker.ask("inventory", path, "POST", movement, role=STAFF, headers=headers_of())
    mallory.ask("/api/v1/orders", "POST", {**body_of("place_order"), text: text}, headers=headers_of())
    mallory.ask("/api/v1/orders", "POST", {"cart_id": text, "payment_method": text}, headers=headers_of())
    fault = {"fault": "dependency-timeout", "peer": text, "seconds": 1}
    token = attacker.shop.plan.secrets["FAULT_TOKEN"]
    for service in SERVICES:
        headers = {"Authorization": f"Bearer {token}"}
        assert attacker.ask(service, "/internal/faults", "POST", fault, headers=headers).status == 422
    assert_nothing_was_forged(attacker)


@pytest.mark.attack(CRLF)
@pytest.mark.parametrize(
    "sent", ["a" * 65, "a b", "é", "<script>", "../x", "-x", "4111111111111111", "a;b", "${jndi:ldap://x}"]
)
def test_a_request_id_of_ones_own(attacker: Attacker, sent: str) -> None:
    """A request id that is too long, a card number, or would mean something somewhere. It is replaced."""
    answer = attacker.ask("catalog", "/livez", headers={"X-Request-Id": sent.encode("utf-8").decode("latin-1")})
    assert answer.headers["x-request-id"].isalnum()
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"] != sent


@pytest.mark.attack(SCANNED)
def test_nothing_secret_is_logged_or_counted(attacker: Attacker, mallory: Customer, tmp_path: Path) -> None:
    """Card numbers, a password, a token, an e-mail address in each place of a request. Neither logs nor metrics do."""
    token = attacker.shop.issuer.token(mallory.subject, {CUSTOMER}, "orders")
    for secret in (CARD, CARD.replace(" ", ""), PASSWORD, EMAIL, token):
        written = quote(secret, safe="")
        # A request id that is well formed is kept, for that is what it is for: a password may look like one.
        headers = dict.fromkeys((*HEADERS, "X-Api-Key", "Authorization"), secret) | {"X-Request-Id": f"{secret}/"}
        for service in SERVICES:
            attacker.ask(service, f"/api/v1/{written}?password={written}&token={written}", headers=headers)
            attacker.ask(service, f"/api/v1/products/{written}", "PATCH", {"password": secret}, headers=headers)
        for name in ("cart_id", "payment_method", secret):
            body = {**body_of("place_order"), name: secret}
            mallory.ask("/api/v1/orders", "POST", body, headers={"Idempotency-Key": secret[:255]})
        body = {**body_of("authorise_payment"), "reference": secret, "password": secret}
        attacker.ask("payments", "/api/v1/payments", "POST", body, role=SERVICE, headers=headers_of())
        attacker.ask("payments", f"/api/v1/payments/{written}", role=SERVICE)
    for service in SERVICES:
        (tmp_path / f"{service}.metrics").write_bytes(attacker.ask(service, "/metrics").body)
        (tmp_path / f"{service}.log").write_bytes((attacker.shop.folder / f"{service}.log").read_bytes())
    found = list(findings(tmp_path, (PASSWORD, CARD, EMAIL, token, *attacker.shop.plan.secrets.values())))
    assert found == [], found


@pytest.mark.attack(SCANNED)
def test_metrics_name_nobody(attacker: Attacker, victim: Customer) -> None:
    """Ids of customers, carts and orders, and paths that nobody serves, in the labels of metrics. None is there."""
    order = victim.order()
    path = f"/api/v1/{ids()['cart_id']}"
    for service in SERVICES:
        attacker.ask(service, path, "PURGE")
    deadline = time.monotonic() + 3
    for service in SERVICES:
        page = attacker.ask(service, "/metrics").body.decode()
        for known in (victim.subject, order["order_id"], order["cart_id"], path, "PURGE"):
            assert known not in page, f"{service}: {known}"
    assert time.monotonic() < deadline
