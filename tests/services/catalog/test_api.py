"""The catalog's API as a client program meets it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.api import ProductBody, ProductPage
from services.catalog.app import create_app
from services.catalog.domain.product import Money, Product
from services.shared import cursor
from services.shared.config import Config

PRODUCTS = "/api/v1/products"


def test_a_list_is_twenty_products_by_sku(client) -> None:
    """Without parameters the first 20 come, in order, with a way on."""
    answer = client.get(PRODUCTS)
    page = ProductPage.model_validate(answer.json, strict=True)
    skus = [item.sku for item in page.items]
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert len(skus) == 20
    assert skus == sorted(skus)
    assert page.next_cursor is not None


def test_a_product_has_a_price_in_minor_units(client) -> None:
    """Whole cents and a currency: no float ever stands for money."""
    assert client.get(f"{PRODUCTS}/KIT-1003").json == {
        "sku": "KIT-1003",
        "name": "Chef's knife 20 cm",
        "description": "Forged stainless steel, full tang, handle of pressed birch.",
        "category": "kitchen",
        "price": {"minor_units": 6900, "currency": "EUR"},
        "version": 1,
    }


@pytest.mark.parametrize("limit", [7, 50, 99, 100])
def test_following_the_cursor_reads_the_whole_catalogue(client, limit: int) -> None:
    """Every product once, in as many pages as needed, null at the end."""
    found, query = [], {"limit": limit}
    for _ in range(80):
        page = client.get(PRODUCTS, query_string=query).json
        found += [item["sku"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(found) == 500
    assert found == sorted(set(found))


def test_a_category_filters_and_pages(client) -> None:
    """Only its products come, over several pages too."""
    first = client.get(PRODUCTS, query_string={"category": "garden", "limit": 30}).json
    rest = client.get(PRODUCTS, query_string={"category": "garden", "limit": 30, "cursor": first["next_cursor"]}).json
    items = first["items"] + rest["items"]
    assert [item["category"] for item in items] == ["garden"] * 42
    assert rest["next_cursor"] is None


def test_a_category_without_products_is_an_empty_page(client) -> None:
    """Nothing found is an answer, not an error."""
    assert client.get(PRODUCTS, query_string={"category": "boats"}).json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        pytest.param("limit=0", "limit", id="no products"),
        pytest.param("limit=101", "limit", id="more than 100"),
        pytest.param("limit=-1", "limit", id="fewer than none"),
        pytest.param("limit=ten", "limit", id="a word"),
        pytest.param("limit=1e30", "limit", id="without end"),
        pytest.param("limit=", "limit", id="an empty limit"),
        pytest.param("limit=1_0", "limit", id="digits in groups"),
        pytest.param("limit=+5", "limit", id="a sign"),
        pytest.param("limit=%2010", "limit", id="a space before it"),
        pytest.param("limit=5.0", "limit", id="a fraction of nothing"),
        pytest.param("limit=%D9%A5", "limit", id="another script's digit"),
        pytest.param("limit=" + "9" * 5000, "limit", id="an endless number"),
        pytest.param("q=", "q", id="nothing to search"),
        pytest.param("q=%20%20", "q", id="spaces to search"),
        pytest.param("q=a%00b", "q", id="a NUL to search"),
        pytest.param("q=" + "a" * 101, "q", id="an endless search"),
        pytest.param("sort=name;DROP%20TABLE%20products", "sort", id="SQL as an order"),
        pytest.param("cursor=nonsense", "cursor", id="a forged cursor"),
        pytest.param("cursor=" + "A" * 2001, "cursor", id="an endless cursor"),
        pytest.param("category=Garden%0A", "category", id="a malformed category"),
        pytest.param("category=" + "a" * 41, "category", id="an endless category"),
        pytest.param("order=price", "order", id="an unknown parameter"),
    ],
)
def test_a_wrong_query_is_422_and_says_where(client, query: str, parameter: str) -> None:
    """The problem names the parameter."""
    answer = client.get(f"{PRODUCTS}?{query}")
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert [each["parameter"] for each in answer.json["errors"]] == [parameter]


@given(st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cursor_breaks_the_list(client, text: str) -> None:
    """Any text as a cursor is a page or a 422, never an error of ours."""
    assert client.get(PRODUCTS, query_string={"cursor": text}).status_code in (200, 422)


@given(st.text(st.characters(codec="utf-8"), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cursor_of_any_key_is_a_page(client, key: str) -> None:
    """A well-formed cursor to a place where nothing is still pages."""
    assert client.get(PRODUCTS, query_string={"cursor": cursor.encode(key)}).status_code == 200


@pytest.mark.parametrize("sku", ["NONE-1", "kit-1003", "KIT-1003%0A", "..%2f..", "'%20OR%201=1--", "A" * 3000])
def test_an_unknown_product_is_404(client, sku: str) -> None:
    """Whatever stands for the SKU, the answer is a problem with a code of its own or the general one."""
    answer = client.get(f"{PRODUCTS}/{sku}")
    assert answer.status_code == 404
    assert answer.json["code"] in ("product_not_found", "not_found")
    assert answer.content_type == "application/problem+json"


def test_an_unchanged_product_is_not_sent_again(client) -> None:
    """If-None-Match with the ETag is 304 without a body; another tag gets the product."""
    etag = client.get(f"{PRODUCTS}/KIT-1001").headers["ETag"]
    again = client.get(f"{PRODUCTS}/KIT-1001", headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert client.get(f"{PRODUCTS}/KIT-1001", headers={"If-None-Match": '"0"'}).status_code == 200


def test_the_etag_is_the_products_version(registry) -> None:
    """A change makes another version, and with it another tag."""
    changed = Product(
        sku="KIT-1",
        name="Pan",
        description="",
        category="kitchen",
        price=Money(minor_units=100, currency="EUR"),
        version=7,
    )
    app = create_app(repository=InMemoryProducts([changed]), registry=registry, config=Config(service="catalog"))
    assert app.test_client().get(f"{PRODUCTS}/KIT-1").headers["ETag"] == '"7"'


def test_a_price_is_asked_for_anew_each_time(client) -> None:
    """Caches may keep a product but must not serve it unasked: a changed price has to be seen."""
    assert client.get(f"{PRODUCTS}/KIT-1001").headers["Cache-Control"] == "no-cache"


def test_head_answers_without_a_body(client) -> None:
    """HEAD is GET without the body."""
    answer = client.head(f"{PRODUCTS}/KIT-1001")
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (200, b"", '"1"')


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_catalogue_is_read_only(client, method: str) -> None:
    """Changing is not allowed, and the answer says what is."""
    answer = client.open(f"{PRODUCTS}/KIT-1001", method=method, json={"price": 1})
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert "GET" in answer.headers["Allow"]


def test_the_api_description_is_openapi_3_1(client) -> None:
    """All operations with their ids, parameters and answers, and each schema once."""
    document = client.get("/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    operations = {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {key: (value["operationId"], set(value["responses"])) for key, value in operations.items()} == {
        ("/api/v1/categories", "get"): ("list_categories", {"200", "304"}),
        (PRODUCTS, "get"): ("list_products", {"200", "304", "422"}),
        (f"{PRODUCTS}/{{sku}}", "get"): ("get_product", {"200", "304", "404"}),
        (f"{PRODUCTS}/{{sku}}/price", "put"): (
            "change_price",
            {"200", "400", "401", "403", "404", "412", "413", "415", "422", "428"},
        ),
    }
    limit = next(each for each in operations[PRODUCTS, "get"]["parameters"] if each["name"] == "limit")
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"]) == (1, 100)
    assert set(document["components"]["schemas"]) == {
        "CategoryBody",
        "CategoryList",
        "InvalidPart",
        "Price",
        "Problem",
        "ProductBody",
        "ProductPage",
        "Sort",
    }


def test_every_reference_of_the_description_leads_somewhere(client) -> None:
    """No $ref dangles."""
    document = client.get("/api/openapi.json").json
    names = set(document["components"]["schemas"])

    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = set(references(document))
    assert found
    assert {reference.removeprefix("#/components/schemas/") for reference in found} <= names


def test_a_body_never_has_unknown_fields() -> None:
    """The shapes that clients see are closed."""
    assert ProductBody.model_config["extra"] == ProductPage.model_config["extra"] == "forbid"
