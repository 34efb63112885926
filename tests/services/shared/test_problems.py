"""Errors: one shape and media type for all, and nothing of the inside in them."""

import pytest
from apiflask import HTTPError

from services.shared.auth import public
from services.shared.problems import MAX_ERRORS, PaymentRequired, Problem

JSON = {"Content-Type": "application/json"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        pytest.param("GET", "/nowhere", {}, 404, "not_found", id="no such path"),
        pytest.param("GET", "/things", {}, 405, "method_not_allowed", id="wrong method"),
        pytest.param("GET", "/things/broken", {}, 500, "internal_error", id="a fault in the service"),
        pytest.param("POST", "/things", {"data": "{", "headers": JSON}, 400, "bad_request", id="broken JSON"),
        pytest.param("POST", "/things", {"data": "[" * 60000, "headers": JSON}, 400, "bad_request", id="deep JSON"),
        pytest.param("POST", "/things", {"data": "{}"}, 415, "unsupported_media_type", id="no type"),
        pytest.param("POST", "/things", {"data": {"text": "a"}}, 415, "unsupported_media_type", id="a form"),
        pytest.param("POST", "/things", {"json": {}}, 422, "invalid_request", id="a field missing"),
        pytest.param(
            "POST", "/things", {"data": "x" * 65537, "headers": JSON}, 413, "content_too_large", id="over 64 KiB"
        ),
    ],
)
def test_every_error_is_a_problem(toy, method: str, path: str, options: dict, status: int, code: str) -> None:
    """Status, media type, code and the ids of request and trace agree, whoever raised the error."""
    ids = {"X-Request-Id": "r-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-00"}
    answer = toy.client.open(path, method=method, **options | {"headers": ids | options.get("headers", {})})
    problem = Problem.model_validate(answer.json)
    assert (answer.status_code, problem.status, problem.code) == (status, status, code)
    assert answer.content_type == "application/problem+json"
    assert (problem.type, problem.request_id, problem.trace_id) == ("about:blank", "r-1", TRACE)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_fault_in_the_service_shows_nothing_of_it(toy) -> None:
    """A 500 holds neither the exception's text nor its type nor a path."""
    text = toy.client.get("/things/broken").text
    assert not {word for word in ("secret-detail", "RuntimeError", ".py", "Traceback") if word in text}


def test_the_allowed_methods_are_named(toy) -> None:
    """A 405 keeps its Allow header, as HTTP asks."""
    assert "POST" in toy.client.get("/things").headers["Allow"]


def test_each_invalid_part_is_pointed_at(toy) -> None:
    """JSON pointers lead to the parts, with `~` and `/` in names escaped, and repeat no value."""
    answer = toy.client.post("/things", json={"text": 7, "tags": {"a/b~c": "leak-me"}, "price": 1})
    pointers = {each["pointer"] for each in answer.json["errors"]}
    assert pointers == {"#/text", "#/tags/a~1b~0c", "#/price"}
    assert "leak-me" not in answer.text


def test_a_thousand_wrong_fields_earn_a_short_answer(toy) -> None:
    """The list of errors is bounded."""
    answer = toy.client.post("/things", json={f"x{number}": 1 for number in range(1000)})
    assert len(answer.json["errors"]) == MAX_ERRORS


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (402, "payment_required"),
        (403, "forbidden"),
        (409, "conflict"),
        (412, "precondition_failed"),
        (428, "precondition_required"),
        (429, "too_many_requests"),
    ],
)
def test_each_status_has_a_code(make_toy, status: int, code: str) -> None:
    """Programs switch on it, so it is there where a view names none."""

    def add(blueprint, _) -> None:
        @blueprint.get("/fails")
        @public
        def fail() -> None:
            raise PaymentRequired() if status == 402 else HTTPError(status)

    answer = make_toy(add=add).client.get("/fails")
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_code_may_come_with_members_of_its_own(make_toy) -> None:
    """They stand beside what every problem has, and never in its place."""

    def add(blueprint, _) -> None:
        @blueprint.get("/fails")
        @public
        def fail() -> None:
            errors = [{"detail": "Only 1 left", "pointer": "#/lines/0"}]
            extra = {"code": "out_of_stock", "lines": [{"sku": "A"}], "errors": errors, "status": 200, "title": "x"}
            raise HTTPError(409, extra_data=extra)

    problem = make_toy(add=add).client.get("/fails").json
    assert (problem["code"], problem["lines"], problem["status"]) == ("out_of_stock", [{"sku": "A"}], 409)
    assert problem["errors"] == [{"detail": "Only 1 left", "pointer": "#/lines/0"}]
    assert problem["title"] == "Conflict"
