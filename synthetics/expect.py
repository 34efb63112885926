"""What an answer must be for a step to count as passed; the first thing that is wrong ends the step."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class StepFailed(Exception):
    """An answer that a shopper could not have used; the message says what was there and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the status, headers by lower-case name, the JSON in the body (None if it is none)."""

    status: int
    headers: Mapping[str, str]
    body: Any


def is_true(condition: bool, message: str) -> None:
    """Fail the step with *message* unless *condition* holds."""
    if not condition:
        raise StepFailed(message)


def json_answer(answer: Answer) -> Mapping[str, Any]:
    """The JSON object in *answer*, which must be a 200 of that type."""
    is_true(answer.status == 200, f"status {answer.status}, expected 200")
    content_type = answer.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    is_true(media_type == "application/json", f"content type {content_type!r}, expected application/json")
    is_true(isinstance(answer.body, dict), "the body is not a JSON object")
    body: Mapping[str, Any] = answer.body
    return body


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
