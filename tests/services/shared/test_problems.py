"""Errors: one shape and media type for all, and nothing of the inside in them."""

import pytest
from pydantic import ValidationError

from services.shared.problems import MAX_ERRORS, Problem


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        pytest.param("GET", "/nowhere", {}, 404, "not_found", id="no such path"),
        pytest.param("GET", "/things", {}, 405, "method_not_allowed", id="wrong method"),
        pytest.param("GET", "/things/broken", {}, 500, "internal_error", id="a fault in the service"),
        pytest.param("POST", "/things", {"data": "{"}, 400, "bad_request", id="broken JSON"),
        pytest.param("POST", "/things", {"json": {}}, 422, "invalid_request", id="a field missing"),
        pytest.param("POST", "/things", {"data": "x" * 65537}, 413, "content_too_large", id="over 64 KiB"),
    ],
)
def test_every_error_is_a_problem(toy, method: str, path: str, options: dict, status: int, code: str) -> None:
    """Status, media type, code and request id agree, whoever raised the error."""
    answer = toy.client.open(path, method=method, headers={"X-Request-Id": "r-1"}, **options)
    problem = Problem.model_validate(answer.json)
    assert (answer.status_code, problem.status, problem.code) == (status, status, code)
    assert answer.content_type == "application/problem+json"
    assert (problem.type, problem.request_id) == ("about:blank", "r-1")
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


def test_a_problem_has_no_other_fields() -> None:
    """The shape that clients rely on is closed."""
    with pytest.raises(ValidationError):
        Problem(type="about:blank", title="x", status=500, code="x", stack="...")
