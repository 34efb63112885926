"""Searching, sorting and categories, as a client program meets them."""

import contextlib

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.domain.errors import InvalidPosition
from services.catalog.domain.position import Position, Sort
from services.catalog.domain.search import folded, words
from services.shared import cursor
from services.shared.errors import CursorError
from tests.services.catalog.conftest import a_product

PRODUCTS = "/api/v1/products"


def listed(client: FlaskClient, **query: str | int) -> list[dict]:
    """The products on all pages."""
    found: list[dict] = []
    while True:
        answer = client.get(PRODUCTS, query_string=query)
        assert answer.status_code == 200, answer.json
        found += answer.json["items"]
        if answer.json["next_cursor"] is None:
            return found
        query["cursor"] = answer.json["next_cursor"]


def test_a_search_finds_what_has_every_word(client: FlaskClient) -> None:
    """In name, description, category or SKU, in any case and order."""
    found = [each["name"] for each in listed(client, q="LINEN cushion")]
    assert found == ["Linen cushion cover 50 × 50 cm", "Cushion filling 50 × 50 cm"]
    assert [each["sku"] for each in listed(client, q="kit-1003")] == ["KIT-1003"]
    assert [each["sku"] for each in listed(client, q="chefs knife forged")] == ["KIT-1003"]
    assert listed(client, q="no such thing") == []


def test_a_search_within_a_category(client: FlaskClient) -> None:
    """Both conditions hold."""
    found = listed(client, q="linen", category="kitchen", limit=1)
    assert {each["category"] for each in found} == {"kitchen"}
    assert len(found) == 2


@pytest.mark.parametrize("limit", [17, 100])
@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("sku", lambda each: each["sku"]),
        ("name", lambda each: (each["name"], each["sku"])),
        ("price", lambda each: (each["price"]["minor_units"], each["sku"])),
        ("-price", lambda each: (-each["price"]["minor_units"], each["sku"])),
    ],
)
def test_each_order_pages_through_the_whole_catalogue(client: FlaskClient, sort: str, key, limit: int) -> None:
    """500 products, each once, in that order; many of them cost the same."""
    found = listed(client, sort=sort, limit=limit)
    assert len({each["sku"] for each in found}) == len(found) == 500
    assert found == sorted(found, key=key)


@pytest.mark.parametrize("other", ["sku", "name", "-price"])
def test_a_cursor_belongs_to_its_order(client: FlaskClient, other: str) -> None:
    """Taken to another it would skip or repeat: 422, which says so."""
    next_cursor = client.get(PRODUCTS, query_string={"sort": "price"}).json["next_cursor"]
    answer = client.get(PRODUCTS, query_string={"sort": other, "cursor": next_cursor})
    assert answer.status_code == 422
    assert [each["parameter"] for each in answer.json["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("sort", "text"),
    [
        ("price", '["price", 1.5, "KIT-1"]'),
        ("price", '["price", true, "KIT-1"]'),
        ("price", '["price", "1", "KIT-1"]'),
        ("price", '["price", 1e400, "KIT-1"]'),
        ("price", '["price", NaN, "KIT-1"]'),
        ("price", f'["price", {10**30}, "KIT-1"]'),
        ("price", '["price", 1, 2]'),
        ("price", '["price", 1]'),
        ("price", '{"price": 1}'),
        ("price", "[" * 100_000),
        ("name", '["name", 1, "KIT-1"]'),
        ("name", '["name", "a\\u0000", "KIT-1"]'),
        ("name", '["name", "\\ud800", "KIT-1"]'),
    ],
)
def test_a_position_that_no_list_has_is_refused(sort: str, text: str) -> None:
    """A number that is none, letters that no database takes, JSON without end."""
    with pytest.raises(InvalidPosition):
        Position.parse(text, Sort(sort))


@given(st.sampled_from(Sort), st.text(st.characters(codec="utf-8"), min_size=1), st.integers(1, 10**8))
def test_a_position_survives_the_cursor(sort: Sort, name: str, minor_units: int) -> None:
    """What a page ends with is what the next begins after."""
    if not name.strip() or "\0" in name:
        return
    position = Position.after(a_product(name=name, minor_units=minor_units), sort)
    assert Position.parse(cursor.decode(cursor.encode(position.text(sort))), sort) == position


@given(st.sampled_from(Sort), st.text(max_size=60))
def test_any_text_is_a_position_or_refused(sort: Sort, text: str) -> None:
    """No text breaks the parser."""
    with contextlib.suppress(CursorError, InvalidPosition):
        Position.parse(cursor.decode(text), sort)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """What is stored folded is found by what is asked folded."""
    assert folded(folded(text)) == folded(text)
    assert all(word in folded(text) for word in words(text))


def test_categories_are_listed_by_name(client: FlaskClient) -> None:
    """A dozen, with how many products each has; the probes' is not among them."""
    answer = client.get("/api/v1/categories")
    items = answer.json["items"]
    assert answer.status_code == 200
    assert [each["name"] for each in items] == sorted(each["name"] for each in items)
    assert items[0] == {"slug": "bathroom", "name": "Bathroom", "products": 41}
    assert (len(items), sum(each["products"] for each in items)) == (12, 500)
    for each in items:
        assert len(listed(client, category=each["slug"], limit=100)) == each["products"]


def test_lists_are_asked_for_anew_but_sent_once(client: FlaskClient) -> None:
    """304 to whoever has the same list already."""
    for path in ("/api/v1/categories", PRODUCTS, f"{PRODUCTS}?q=linen&sort=name"):
        first = client.get(path)
        assert first.headers["Cache-Control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_probes_are_found_by_whoever_knows_them(client: FlaskClient) -> None:
    """Not in lists, searches or counts; in their category and under their SKUs they are."""
    assert listed(client, q="not for customers") == []
    found = [each["sku"].removeprefix("PROBE-") for each in listed(client, category="probe")]
    assert found == ["BUY", "DECLINE", "PRICE", "REFUND", "SOLD-OUT", "STAMPEDE"]
    assert client.get(f"{PRODUCTS}/PROBE-BUY").json["category"] == "probe"
