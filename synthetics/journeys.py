"""The journeys, as data: what a shopper asks for step by step, and what each answer must be.

A journey knows no HTTP client. Whoever walks it (Locust, a probe, a test) asks for each step's path, hands
the answer to its check, and ends the visit at the first `StepFailed`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from synthetics import expect
from synthetics.expect import Answer

PRODUCTS = "/api/v1/products"
PAGE_SIZE = 40


@dataclass(slots=True, kw_only=True)
class Visit:
    """What one shopper remembers on the way through a journey."""

    random: Random
    category: str = ""
    skus: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request and the judgement of its answer. `name` groups requests in reports: it holds no ids."""

    name: str
    path: Callable[[Visit], str]
    check: Callable[[Visit, Answer], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """Steps in order, and how long a shopper thinks between two of them, in seconds."""

    name: str
    steps: tuple[Step, ...]
    think_seconds: tuple[float, float]


def _products_of(answer: Answer) -> list[dict[str, Any]]:
    """The products on a list page: some, no more than asked for, none twice."""
    items = expect.json_answer(answer).get("items")
    expect.is_true(isinstance(items, list) and len(items) > 0, "items: expected a list of products")
    found: list[dict[str, Any]] = [dict(expect.product(item)) for item in items or ()]
    expect.is_true(len(found) <= PAGE_SIZE, f"{len(found)} products, expected at most {PAGE_SIZE}")
    expect.is_true(len({each["sku"] for each in found}) == len(found), "a product is listed twice")
    return found


def _choose_category(visit: Visit, answer: Answer) -> None:
    visit.category = visit.random.choice(sorted({each["category"] for each in _products_of(answer)}))


def _choose_two(visit: Visit, answer: Answer) -> None:
    found = _products_of(answer)
    strays = sorted({each["category"] for each in found} - {visit.category})
    expect.is_true(not strays, f"asked for category {visit.category}, got {', '.join(strays)} too")
    expect.is_true(len(found) >= 2, f"{len(found)} product in category {visit.category}, expected 2 or more")
    visit.skus = [each["sku"] for each in visit.random.sample(found, 2)]


def _open_product(number: int) -> Step:
    """Step that opens the shopper's choice *number* (0 or 1)."""

    def check(visit: Visit, answer: Answer) -> None:
        found, asked = expect.product(expect.json_answer(answer)), visit.skus[number]
        expect.is_true(found["sku"] == asked, f"asked for {asked}, got {found['sku']}")
        category = found["category"]
        expect.is_true(category == visit.category, f"{asked}: in {category}, listed under {visit.category}")
        expect.is_true(answer.headers.get("etag", "") != "", f"{asked}: no ETag")

    def path(visit: Visit) -> str:
        return f"{PRODUCTS}/{quote(visit.skus[number], safe='')}"

    return Step(name="open product", path=path, check=check)


BROWSE = Journey(
    name="browse",
    think_seconds=(0.5, 2.0),
    steps=(
        Step(
            name="list products",
            path=lambda visit: f"{PRODUCTS}?{urlencode({'limit': PAGE_SIZE})}",
            check=_choose_category,
        ),
        Step(
            name="open category",
            path=lambda visit: f"{PRODUCTS}?{urlencode({'category': visit.category, 'limit': PAGE_SIZE})}",
            check=_choose_two,
        ),
        _open_product(0),
        _open_product(1),
    ),
)
JOURNEYS = (BROWSE,)
