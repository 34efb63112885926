"""Looking around: in the catalog alone, and through the front door with the storefront's pages."""

from typing import Any
from urllib.parse import quote, urlencode

from synthetics import expect, reserved
from synthetics.expect import Answer
from synthetics.journey import Journey, RunIn, Step, Visit

PRODUCTS = "/api/v1/products"
STOCK = "/api/v1/stock"
PAGE_SIZE = 40
THINK_SECONDS = (0.5, 2.0)
STEP_SECONDS = 0.5


def products_of(answer: Answer) -> list[dict[str, Any]]:
    """The products on a list page: some, no more than asked for, none twice."""
    items = expect.json_answer(answer).get("items")
    expect.is_true(isinstance(items, list) and len(items) > 0, "items: expected a list of products")
    found: list[dict[str, Any]] = [dict(expect.product(item)) for item in items or ()]
    expect.is_true(len(found) <= PAGE_SIZE, f"{len(found)} products, expected at most {PAGE_SIZE}")
    expect.is_true(len({each["sku"] for each in found}) == len(found), "a product is listed twice")
    return found


def category_of(visit: Visit, answer: Answer) -> list[dict[str, Any]]:
    """The products of the visit's category, two or more."""
    found = products_of(answer)
    strays = sorted({each["category"] for each in found} - {visit.category})
    expect.is_true(not strays, f"asked for category {visit.category}, got {', '.join(strays)} too")
    expect.is_true(len(found) >= 2, f"{len(found)} product in category {visit.category}, expected 2 or more")
    return found


def list_path(visit: Visit) -> str:
    """The products of the visit's category."""
    return f"{PRODUCTS}?{urlencode({'category': visit.category, 'limit': PAGE_SIZE})}"


def _choose_category(visit: Visit, answer: Answer) -> None:
    visit.category = visit.random.choice(sorted({each["category"] for each in products_of(answer)}))


def _choose_two(visit: Visit, answer: Answer) -> None:
    visit.skus = [each["sku"] for each in visit.random.sample(category_of(visit, answer), 2)]


def _open_product(number: int) -> Step:
    """Step that opens the shopper's choice *number* (0 or 1)."""

    def check(visit: Visit, answer: Answer) -> None:
        found, asked = expect.product(expect.json_answer(answer)), visit.skus[number]
        expect.is_true(found["sku"] == asked, f"asked for {asked}, got {found['sku']}")
        category = found["category"]
        expect.is_true(category == visit.category, f"{asked}: in {category}, listed under {visit.category}")
        expect.is_true(answer.headers.get("etag", "") != "", f"{asked}: no ETag")

    return Step(name="open product", path=lambda visit: f"{PRODUCTS}/{_sku(visit, number)}", check=check)


def _sku(visit: Visit, number: int = 0) -> str:
    return quote(visit.skus[number], safe="")


def _see_home(visit: Visit, answer: Answer) -> None:
    found = [each for each in expect.links(expect.page(answer), "/c/") if each != reserved.CATEGORY]
    expect.is_true(len(found) > 0, "the home page leads to no category")
    visit.category = visit.random.choice(found)


def _see_category(visit: Visit, answer: Answer) -> None:
    found = expect.links(expect.page(answer), "/p/")
    expect.is_true(len(found) > 0, f"the page of {visit.category} leads to no product")
    visit.skus = [visit.random.choice(found)]
    if visit.probes:
        # No page leads there, so that nobody comes across them.
        visit.category, visit.skus = reserved.CATEGORY, [reserved.TO_BUY]


def _see_product(visit: Visit, answer: Answer) -> None:
    expect.is_true(f'value="{visit.skus[0]}"' in expect.page(answer), f"the page of {visit.skus[0]} does not sell it")


def _see_stock(visit: Visit, answer: Answer) -> None:
    found, asked = expect.json_answer(answer), visit.skus[0]
    expect.is_true(found.get("sku") == asked, f"asked for the stock of {asked}, got another")
    available = found.get("available")
    expect.is_true(type(available) is int and available >= 0, f"{asked}: {available!r} available")


_OPEN_CATEGORY = Step(name="open category", path=list_path, check=_choose_two)

CATALOG = Journey(
    name="catalog",
    run_in=frozenset({RunIn.LOAD}),
    think_seconds=THINK_SECONDS,
    steps=(
        Step(
            name="list products",
            path=lambda visit: f"{PRODUCTS}?{urlencode({'limit': PAGE_SIZE})}",
            check=_choose_category,
        ),
        _OPEN_CATEGORY,
        _open_product(0),
        _open_product(1),
    ),
)
BROWSE = Journey(
    name="browse",
    run_in=frozenset({RunIn.PROBE, RunIn.LOAD}),
    think_seconds=THINK_SECONDS,
    within_seconds=STEP_SECONDS,
    steps=(
        Step(name="home page", path=lambda visit: "/", check=_see_home),
        Step(name="category page", path=lambda visit: f"/c/{quote(visit.category, safe='')}", check=_see_category),
        Step(name="product page", path=lambda visit: f"/p/{_sku(visit)}", check=_see_product),
        _OPEN_CATEGORY,
        _open_product(0),
        Step(name="see stock", path=lambda visit: f"{STOCK}/{_sku(visit)}", check=_see_stock),
    ),
)
