"""What an answer must be for a step to count as passed; the first thing that is wrong ends the step."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Body = Mapping[str, Any]


class StepFailed(Exception):
    """An answer that a shopper could not have used; the message says what was there and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the status, headers by lower-case name, the JSON in the body (None if it is none), its text."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)
    text: str = field(default="", repr=False)


def is_true(condition: bool, message: str) -> None:
    """Fail the step with *message* unless *condition* holds."""
    if not condition:
        raise StepFailed(message)


def status(answer: Answer, expected: Sequence[int]) -> None:
    """Fail the step unless *answer* has one of the *expected* statuses; a problem's code says why it has not."""
    if answer.status not in expected:
        code = answer.body.get("code") if isinstance(answer.body, dict) else None
        # A word of the shop's, and nothing that it may have made of what it was sent.
        why = f" ({code})" if isinstance(code, str) and re.fullmatch("[a-z_]{1,40}", code) else ""
        raise StepFailed(f"status {answer.status}{why}, expected {' or '.join(map(str, expected))}")


def json_answer(answer: Answer) -> Mapping[str, Any]:
    """The JSON object in *answer*, which must be of that type, or a problem (RFC 9457)."""
    wanted = "application/json" if answer.status < 400 else "application/problem+json"
    _is_of(answer, wanted)
    is_true(isinstance(answer.body, dict), "the body is not a JSON object")
    body: Mapping[str, Any] = answer.body
    return body


def problem(answer: Answer, *codes: str) -> Mapping[str, Any]:
    """The problem (RFC 9457) in *answer*, which must be one of *codes*."""
    found = json_answer(answer)
    right = found.get("code") in codes and found.get("status") == answer.status
    is_true(right, f"status {answer.status}, but not as {' or '.join(codes)}")
    return found


def page(answer: Answer) -> str:
    """The page in *answer*, which must have a heading and an end: a page that broke off has none."""
    _is_of(answer, "text/html")
    is_true("<h1" in answer.text, "the page has no heading")
    is_true(answer.text.rstrip().endswith("</html>"), "the page breaks off")
    return answer.text


def links(text: str, prefix: str) -> list[str]:
    """What follows *prefix* in the links of a page, each once, in their order."""
    found = re.findall(rf'href="{re.escape(prefix)}([^"/?#]+)"', text)
    return list(dict.fromkeys(map(html.unescape, found)))


def text(body: Mapping[str, Any], key: str) -> str:
    """The text at *key* of *body*, which must not be empty."""
    found = body.get(key)
    is_true(isinstance(found, str) and found.strip() != "", f"{key}: expected some text")
    value: str = found  # type: ignore[assignment]
    return value


def rows(body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The list of objects at *key* of *body*."""
    found = body.get(key)
    is_true(isinstance(found, list), f"{key}: expected a list")
    value: list[Mapping[str, Any]] = found  # type: ignore[assignment]
    is_true(all(isinstance(each, dict) for each in value), f"{key}: expected a list of objects")
    return value


def amount(body: Mapping[str, Any], key: str) -> int:
    """The amount of money at *key* of *body*, in minor units of its currency."""
    found = body.get(key)
    value = found.get("minor_units") if isinstance(found, dict) else None
    is_true(type(value) is int, f"{key}: expected an amount")
    return int(value or 0)


def _is_of(answer: Answer, wanted: str) -> None:
    content_type = answer.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    is_true(media_type == wanted, f"content type {content_type[:80]!r}, expected {wanted}")


def product(value: Any) -> Mapping[str, Any]:
    """*value* as a product somebody could buy: with a SKU, a name, a category, and a price above 0."""
    is_true(isinstance(value, dict), "a product is not a JSON object")
    for key in ("sku", "name", "category"):
        text = value.get(key)
        is_true(isinstance(text, str) and text.strip() != "", f"{key} {text!r}, expected some text")
    price = value.get("price")
    is_true(isinstance(price, dict), f"{value['sku']}: price {price!r}, expected an object")
    amount, currency = price.get("minor_units"), price.get("currency")
    # bool is an int in Python, and `true` is no price.
    is_true(type(amount) is int and amount > 0, f"{value['sku']}: price {amount!r}, expected a number > 0")
    is_currency = isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency) is not None
    is_true(is_currency, f"{value['sku']}: currency {currency!r}, expected three capital letters")
    found: Mapping[str, Any] = value
    return found
