"""What the door passes on, what it says by itself, and what it writes down."""

import re
from typing import Any

import pytest

from local.front_door.settings import DoorSettings
from services.shared import deadline, request_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
API, PAGE = "/api/v1/products", "/c/tea"


def passed_on(street: Any, headers: dict[str, str], path: str = PAGE) -> dict[str, str]:
    """The headers that a service gets."""
    return dict(street.ask(path, headers=headers).json()["headers"])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods_in_use_pass_with_their_body(method: str, shared: Any) -> None:
    """And the query as it is."""
    got = shared.ask(f"{API}?q=a%20b", method, body=b'{"a": 1}').json()
    assert (got["method"], got["path"], got["body"]) == (method, f"{API}?q=a%20b", '{"a": 1}')
    assert got["version"] == "HTTP/1.1"


def test_a_head_gets_headers_alone(shared: Any) -> None:
    """From a service and from the door."""
    assert (shared.ask(API, "HEAD").status, shared.ask(API, "HEAD").body) == (200, b"")
    assert (shared.ask("/api", "HEAD").status, shared.ask("/api", "HEAD").body) == (404, b"")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "LINK", "FOO"])
@pytest.mark.parametrize("path", [API, PAGE])
def test_other_methods_are_refused_with_those_that_are_used(method: str, path: str, shared: Any) -> None:
    """No service sees them."""
    reply = shared.ask(path, method)
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def test_services_are_told_the_clients_address_alone(shared: Any) -> None:
    """What the client says of its way is replaced, or left out."""
    said = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/x",
        "X-Real-IP": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "Proxy": "evil.example",
    }
    got = passed_on(shared, said)
    assert got["x-forwarded-for"] == "127.0.0.1"
    assert got["x-forwarded-proto"] == "http"
    assert not {name for name in got if name.startswith("x-")} - {
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-request-id",
    }
    assert not {"forwarded", "proxy"} & set(got)


def test_what_only_services_say_is_taken_out(shared: Any) -> None:
    """Also where it is spelt so that a WSGI server would read it as the same."""
    said = {deadline.HEADER: "1", deadline.HEADER.replace("-", "_"): "1", "X-HTTP-Method-Override": "DELETE"}
    got = passed_on(shared, said)
    assert not {"request-timeout-ms", "request_timeout_ms", "x-http-method-override"} & set(got)


def test_no_client_changes_the_connection_to_a_service(shared: Any) -> None:
    """Each request has one of its own, and none is upgraded."""
    got = passed_on(
        shared, {"Connection": "Upgrade, keep-alive, X-Request-Id", "Upgrade": "websocket", "TE": "trailers"}
    )
    assert got["connection"] == "close"
    assert "upgrade" not in got
    assert "te" not in got
    assert got["x-request-id"]


def test_credentials_traces_and_traffic_claims_pass(shared: Any) -> None:
    """What is signed, or belongs to a trace, is for the services to judge."""
    said = {
        "authorization": "Bearer x.y.z",
        "cookie": "session=1",
        "idempotency-key": "k-1",
        "if-match": '"1"',
        "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
        "tracestate": "a=b",
        "baggage": "tillwatch-traffic=probe",
        "x-tillwatch-traffic": "probe;1;ab",
    }
    got = passed_on(shared, said)
    assert {name: got.get(name) for name in said} == said


@pytest.mark.parametrize("host", ["localhost", "shop.example:8000", "SHOP.example", "[::1]:8000"])
def test_a_host_that_is_one_is_passed_on(host: str, shared: Any) -> None:
    """As it was said."""
    assert passed_on(shared, {"Host": host})["host"] == host


@pytest.mark.parametrize("host", ["evil.example/x", "a b", "a@b", "x:1:2", "-x", "a_b$", "<x>", ".", "x:123456"])
@pytest.mark.parametrize("path", [API, PAGE, "/%0a"])
def test_a_host_that_is_none_is_refused(host: str, path: str, shared: Any) -> None:
    """In whatever path: no service sees it."""
    before = {name: len(each.seen) for name, each in shared.services.items()}
    reply = shared.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert reply.status == 400
    assert reply.headers["content-type"] == (
        "application/problem+json" if path == API else "text/html; charset=utf-8"
    ), reply
    assert {name: len(each.seen) for name, each in shared.services.items()} == before


def test_the_places_of_the_doors_own_pages_are_nobodys_address(shared: Any) -> None:
    """nginx alone goes there, where it knows no path."""
    for host in ("localhost", "a@b"):
        got = shared.raw(f"GET /.door/problem/400 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert got.status == 404


@pytest.mark.parametrize(
    "sent",
    ["a", "A-1.b_2", "x" * 64, "0af7651916cd43dd8448eb211c80319c", "12345678-1234-1234-1234-123456789012"],
)
def test_a_plain_request_id_is_kept_and_said_once(sent: str, shared: Any) -> None:
    """The service gets it, the client gets it back from the door alone, the log has it; a service keeps it too."""
    reply = shared.ask(API, headers={"X-Request-Id": sent})
    assert dict(reply.json()["headers"])["x-request-id"] == reply.headers["x-request-id"] == sent
    assert shared.log(reply)[0]["request_id"] == sent
    assert request_id.is_valid(sent)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "x" * 65,
        "a b",
        'a"b',
        "é",
        "a/b",
        "<script>",
        ".a",
        "-a",
        "4111111111111111",
        "a-4111-1111-1111-1111",
        "eyJhbGciOi.x",
        "$x",
    ],
)
def test_any_other_request_id_is_replaced(sent: str, shared: Any) -> None:
    """By 32 hexadecimal digits of the door's own."""
    reply = shared.ask(API, headers={"X-Request-Id": sent.encode("latin-1")})
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["x-request-id"])
    assert dict(reply.json()["headers"])["x-request-id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize("path", [API, PAGE, "/api", "/metrics"])
def test_each_answer_is_hardened_once_and_open_to_no_other_origin(path: str, shared: Any) -> None:
    """Also an error of the door; nothing says which nginx this is; without TLS no browser is told to want it."""
    headers = shared.ask(path, headers={"Origin": "https://evil.example"}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["server"] == "nginx"
    assert not [name for name in headers if name.startswith("access-control-")]
    assert "strict-transport-security" not in headers
    assert "," not in headers["x-request-id"]


def test_behind_tls_browsers_are_told_to_stay_with_it(a_street: Any) -> None:
    """On every answer, and services know that the client came by https."""
    with a_street(DoorSettings(behind_tls=True)) as street:
        for path in (API, PAGE, "/api"):
            assert street.ask(path).headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert passed_on(street, {})["x-forwarded-proto"] == "https"


def test_only_answers_without_secrets_are_compressed(shared: Any) -> None:
    """Static files and the API's description are; what is made for somebody is not."""
    wanted = {"Accept-Encoding": "gzip"}
    packed = ("/static/shop.css", "/api/docs/swagger-ui.js", "/api/openapi.json")
    assert [shared.ask(path, headers=wanted).headers.get("content-encoding") for path in packed] == ["gzip"] * 3
    plain = (PAGE, API, "/api/v1/orders", "/api/v1/users/me", "/account")
    assert [shared.ask(path, headers=wanted).headers.get("content-encoding") for path in plain] == [None] * 5


def test_caching_is_left_to_the_answers_own_headers(shared: Any) -> None:
    """The door keeps no copy, and changes nothing of what is said about it."""
    before = len(shared.services["storefront"].seen)
    replies = [shared.ask("/static/shop.css") for _ in range(3)]
    assert {(each.headers["cache-control"], each.headers["etag"]) for each in replies} == {("max-age=60", '"1"')}
    assert len(shared.services["storefront"].seen) == before + 3


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        pytest.param(b"GET {path}%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request", id="zero byte"),
        pytest.param(b"GET {path} HTTP/1.1\r\n\r\n", 400, "bad_request", id="no host"),
        pytest.param(b"GET {path} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "bad_request", id="two hosts"),
        pytest.param(
            b"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "bad_request",
            id="two lengths",
        ),
        pytest.param(
            b"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
            400,
            "bad_request",
            id="two different lengths",
        ),
        pytest.param(b"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "bad_request", id="length"),
        pytest.param(
            b"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "not_implemented", id="coding"
        ),
        pytest.param(b"GET {path} HTTP/9.9\r\nHost: x\r\n\r\n", 505, "http_version_not_supported", id="version"),
        pytest.param(b"TRACE {path} HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed", id="TRACE"),
        pytest.param(b"GET {path}?" + b"q" * 4096 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long", id="address"),
        pytest.param(
            b"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: " + b"c" * 4096 + b"\r\n\r\n",
            431,
            "request_header_fields_too_large",
            id="a header",
        ),
        pytest.param(
            b"GET {path} HTTP/1.1\r\nHost: x\r\n"
            + b"A: "
            + b"c" * 3000
            + b"\r\n"
            + (b"A: " + b"c" * 3000 + b"\r\n") * 12,
            431,
            "request_header_fields_too_large",
            id="headers",
        ),
        pytest.param(
            b"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413, "content_too_large", id="body"
        ),
        pytest.param(
            b"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n"
            + b"x" * 65537
            + b"\r\n0\r\n\r\n",
            413,
            "content_too_large",
            id="chunked body",
        ),
    ],
)
def test_nginxs_own_refusals_are_problems_for_programs_and_a_page_for_people(
    request_: bytes, status: int, code: str, shared: Any
) -> None:
    """Whatever it is that is wrong, and with the id that the answer's header says."""
    before = {name: len(each.seen) for name, each in shared.services.items()}
    reply = shared.raw(request_.replace(b"{path}", API.encode()))
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json"), reply
    problem = reply.json()
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert reply.headers["cache-control"] == "no-store"
    (line,) = shared.log(reply)
    assert (line["http_response_status_code"], line["path"]) in ((status, API), (status, ""))

    page = shared.raw(request_.replace(b"{path}", PAGE.encode()))
    assert (page.status, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert page.headers["x-request-id"] in page.body.decode()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "nginx" not in page.body.decode()
    assert {name: len(each.seen) for name, each in shared.services.items()} == before


def test_a_body_of_64_kib_passes(shared: Any) -> None:
    """By length and in chunks; a service gets it whole."""
    body = b"x" * 65536
    assert len(shared.ask(API, "POST", body=body).json()["body"]) == 65536
    chunks = iter([body[:30000], body[30000:]])
    assert len(shared.ask(API, "POST", body=chunks).json()["body"]) == 65536


def test_a_second_request_smuggled_in_a_body_is_a_body(shared: Any) -> None:
    """An obscured Transfer-Encoding is none that passes on."""
    smuggled = b"0\r\n\r\nGET /internal HTTP/1.1\r\nHost: x\r\n\r\n"
    head = (
        b"POST " + API.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n" % len(smuggled)
    )
    for hidden in (b"Transfer-Encoding : chunked\r\n", b"Transfer_Encoding: chunked\r\n"):
        reply = shared.raw(head + hidden + b"\r\n" + smuggled)
        assert reply.status in (200, 400)
        if reply.status == 200:
            got = reply.json()
            assert got["body"] == smuggled.decode()
            assert "transfer-encoding" not in dict(got["headers"])


def test_a_log_line_says_what_happened(shared: Any) -> None:
    """As JSON, with figures as numbers."""
    headers = {"X-Request-Id": "r-log-1", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    (line,) = shared.log(shared.ask(f"{API}/tea-1", "PUT", headers=headers, body=b"x"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", line.pop("timestamp"))
    assert 0 <= line.pop("upstream_duration_seconds") <= line.pop("duration_seconds") + 0.002 < 5
    assert line.pop("bytes_sent") > 2000
    assert line == {
        "request_id": "r-log-1",
        "http_request_method": "PUT",
        "path": f"{API}/tea-1",
        "http_response_status_code": 200,
        "upstream": "catalog",
        "upstream_status": "200",
        "trace_id": TRACE,
    }


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}",
        "x",
    ],
)
def test_a_trace_that_is_none_is_not_logged(traceparent: str, shared: Any) -> None:
    """The service still gets it, and judges for itself."""
    reply = shared.ask(PAGE, headers={"traceparent": traceparent})
    assert dict(reply.json()["headers"])["traceparent"] == traceparent
    assert shared.log(reply)[0]["trace_id"] == ""


SECRETS = "s3cr3t ada@example.org 4111111111111111 eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0.c2ln".split()


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_of_a_request_is_written_anywhere(secret: str, a_street: Any, nobody: str) -> None:
    """Query, header, body or path: neither in the access log nor in nginx's own, also when a service is away."""
    headers = {"Cookie": secret, "Authorization": f"Bearer {secret}", "Referer": f"http://x/{secret}"}
    encoded = secret.replace("@", "%40")
    replies = []
    with a_street(DoorSettings()) as street:
        for upstreams in ({}, {"storefront": [nobody], "catalog": [nobody]}):
            if upstreams:
                street.door.set_upstreams(upstreams)
            for path in (f"/search?q={encoded}", f"{API}?token={secret}", f"/password-reset/{secret}"):
                replies.append(street.ask(path, "POST", body=secret.encode(), headers=headers))
            if secret != SECRETS[0]:  # a word like any other
                replies.append(street.ask(f"/p/{secret}", headers={"X-Request-Id": secret}))
                replies.append(street.ask(f"/p/{encoded}/x"))
        paths = [line["path"] for line in street.log(*replies)]
        written = "".join(each.read_text(errors="replace") for each in street.door.folder.rglob("*") if each.is_file())
    assert paths[:3] == ["/search", API, "/password-reset/-"]
    assert {each.status for each in replies} == {200, 503}
    assert secret not in written
    assert encoded not in written


def test_what_a_client_wrote_cannot_break_a_log_line(shared: Any) -> None:
    """Quotes, line ends and control characters of a path are escaped; the line stays one line."""
    replies = (
        shared.ask("/c/%22%7D%0A%7B%22status%22%3A200%1b%5B31m"),
        shared.raw(b'GET /c/"\xc3\xa9"\x7fx HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    )
    lines = shared.log(*replies)
    assert lines[0]["path"] == '/c/"}\n{"status":200\x1b[31m'
