"""Changing prices: who may, on what condition, and what everybody sees afterwards."""

import threading
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.app import create_app
from services.catalog.domain.errors import InvalidPrice, PriceChanged, ProductNotFound
from services.catalog.domain.ports import CatalogStore
from services.catalog.domain.pricing import change_price
from services.catalog.domain.product import Money
from services.shared.config import Config
from services.shared.issuer import Issuer
from tests.services.catalog.conftest import a_product

PRODUCT = "/api/v1/products/KIT-1001"
PRICE = f"{PRODUCT}/price"
BODY = {"minor_units": 4190, "currency": "EUR"}


def euros(minor_units: int) -> Money:
    """So many cents."""
    return Money(minor_units=minor_units, currency="EUR")


def test_a_change_is_answered_with_the_product_and_its_new_etag(client: FlaskClient, staff: dict[str, str]) -> None:
    """200, one version on; whoever reads it next sees the same, with the same tag."""
    etag = client.get(PRODUCT).headers["ETag"]
    answer = client.put(PRICE, json=BODY, headers=staff | {"If-Match": etag})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json["price"], answer.json["version"]) == (BODY, 2)
    read = client.get(PRODUCT)
    assert (read.json, read.headers["ETag"]) == (answer.json, '"2"')
    listed = client.get("/api/v1/products", query_string={"category": "kitchen", "limit": 1}).json["items"]
    assert listed == [answer.json]


def test_a_copy_from_before_the_change_is_not_confirmed(client: FlaskClient, staff: dict[str, str]) -> None:
    """304 ends with the change, on the product and on the lists that it is in."""
    tags = {path: client.get(path).headers["ETag"] for path in (PRODUCT, "/api/v1/products?category=kitchen")}
    assert [client.get(path, headers={"If-None-Match": tag}).status_code for path, tag in tags.items()] == [304, 304]
    client.put(PRICE, json=BODY, headers=staff | {"If-Match": '"1"'})
    assert [client.get(path, headers={"If-None-Match": tag}).status_code for path, tag in tags.items()] == [200, 200]


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        pytest.param(None, 428, "precondition_required", id="no condition"),
        pytest.param("*", 428, "precondition_required", id="any version, seen or not"),
        pytest.param('"0"', 412, "stale_version", id="an earlier version"),
        pytest.param('"2"', 412, "stale_version", id="a version that is not there yet"),
        pytest.param('W/"1"', 412, "stale_version", id="a weak tag, which proves nothing about bytes"),
        pytest.param('"one"', 412, "stale_version", id="a tag of another's"),
        pytest.param('"²"', 412, "stale_version", id="a digit that is no number"),
        pytest.param('"' + "9" * 5000 + '"', 412, "stale_version", id="an endless number"),
        pytest.param("", 412, "stale_version", id="an empty condition"),
    ],
)
def test_only_who_has_seen_the_price_may_replace_it(
    client: FlaskClient, staff: dict[str, str], if_match: str | None, status: int, code: str
) -> None:
    """Anything but the version that is there changes nothing."""
    headers = staff if if_match is None else staff | {"If-Match": if_match}
    answer = client.put(PRICE, json=BODY, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert client.get(PRODUCT).json["version"] == 1
    if status == 412:
        assert answer.headers["ETag"] == '"1"'


def test_one_of_several_tags_is_enough(client: FlaskClient, staff: dict[str, str]) -> None:
    """If-Match is a list."""
    answer = client.put(PRICE, json=BODY, headers=staff | {"If-Match": '"7", "1"'})
    assert answer.status_code == 200


def test_the_same_price_is_no_change(client: FlaskClient, staff: dict[str, str]) -> None:
    """200 with the tag that it had: caches and carts need not hear of it."""
    price = client.get(PRODUCT).json["price"]
    answer = client.put(PRICE, json=price, headers=staff | {"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        pytest.param(None, 401, id="nobody"),
        pytest.param(["customer"], 403, id="a customer"),
        pytest.param(["warehouse"], 403, id="the warehouse"),
        pytest.param(["customer", "staff"], 200, id="staff who also buy"),
    ],
)
def test_staff_alone_change_prices(client: FlaskClient, issuer: Issuer, roles: list[str] | None, status: int) -> None:
    """Everybody else is told so before anything of the request is read."""
    who = {} if roles is None else issuer.bearer("u-1", roles, "catalog")
    assert client.put(PRICE, json=BODY, headers=who | {"If-Match": '"1"'}).status_code == status
    assert client.get(PRODUCT).json["version"] == (2 if status == 200 else 1)


def test_another_services_token_is_no_use_here(client: FlaskClient, issuer: Issuer) -> None:
    """A token for orders does not open the catalog, whatever it says of its bearer."""
    who = issuer.bearer("u-1", ["staff"], "orders")
    assert client.put(PRICE, json=BODY, headers=who | {"If-Match": '"1"'}).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"minor_units": value}, id=f"{value!r:.20}")
        for value in (-1, 0, 1.5, "2", True, None, 2**63, 10**30, float("nan"), 100_000_001, [], {})
    ]
    + [
        pytest.param({"currency": value}, id=f"currency {value!r}")
        for value in ("eur", "EURO", "EUR\n", "", 978, None, "USD")
    ]
    + [pytest.param({name: 1}, id=f"{name} on top") for name in ("price", "version", "role", "sku")],
)
def test_what_is_no_price_is_422(client: FlaskClient, staff: dict[str, str], change: dict) -> None:
    """Nothing is rounded, parsed or left out silently; dollars do not replace euros."""
    answer = client.put(PRICE, json=BODY | change, headers=staff | {"If-Match": '"1"'})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert client.get(PRODUCT).json["version"] == 1


@pytest.mark.parametrize("sku", ["NONE-1", "kit-1001", "KIT-1001%00", "A" * 300])
def test_an_unknown_product_has_no_price(client: FlaskClient, staff: dict[str, str], sku: str) -> None:
    """404 with its own code."""
    answer = client.put(f"/api/v1/products/{sku}/price", json=BODY, headers=staff | {"If-Match": '"1"'})
    assert (answer.status_code, answer.json["code"]) == (404, "product_not_found")


def test_of_many_who_saw_the_same_price_one_replaces_it(store_of: Callable[..., CatalogStore]) -> None:
    """Sixteen at once, on each storage: one change, fifteen told, and a history that says who it was."""
    store = store_of(a_product())
    outcomes: list[str] = []
    barrier = threading.Barrier(16, timeout=10)

    def change(number: int) -> None:
        barrier.wait()
        try:
            change_price(store, sku="KIT-1", price=euros(1000 + number), expected={1}, by=f"u-{number}", at_ms=number)
            outcomes.append(f"u-{number}")
        except PriceChanged as error:
            outcomes.append(f"at {error.version}")

    threads = [threading.Thread(target=change, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = {each for each in outcomes if each.startswith("u-")}
    assert outcomes.count("at 2") == 15
    (made,) = store.changes_since(0, limit=20)
    assert (made.by, made.version, made.price) == (winner, 2, store.get("KIT-1").price)


def test_what_cannot_be_changed_is_told_in_the_domains_words() -> None:
    """An unknown product, a price of nothing, another currency."""
    store = InMemoryProducts([a_product()])
    with pytest.raises(ProductNotFound):
        change_price(store, sku="KIT-2", price=euros(1), expected={1}, by="u-1", at_ms=0)
    with pytest.raises(InvalidPrice, match="price 0 is not between"):
        change_price(store, sku="KIT-1", price=euros(0), expected={1}, by="u-1", at_ms=0)
    dollars = Money(minor_units=1, currency="USD")
    with pytest.raises(InvalidPrice, match="currency USD, expected EUR"):
        change_price(store, sku="KIT-1", price=dollars, expected={1}, by="u-1", at_ms=0)
    assert store.changes_since(0, limit=9) == ()


def test_without_an_issuer_nobody_changes_prices(staff: dict[str, str]) -> None:
    """A catalog that was not told whom to trust trusts nobody; reading goes on."""
    app = create_app(
        repository=InMemoryProducts([a_product()]), registry=CollectorRegistry(), config=Config(service="catalog")
    )
    client = app.test_client()
    answer = client.put("/api/v1/products/KIT-1/price", json=BODY, headers=staff | {"If-Match": '"1"'})
    assert answer.status_code == 401
    assert client.get("/api/v1/products/KIT-1").status_code == 200
