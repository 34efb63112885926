"""The journey through the catalog alone: passes an honest one, and notices every lie."""

import copy
import re
from random import Random

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_seed
from services.catalog.app import create_app
from services.shared.config import Config
from synthetics.expect import Answer, StepFailed
from synthetics.journey import Visit
from synthetics.journeys import JOURNEYS


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """An honest catalog."""
    app = create_app(
        repository=InMemoryProducts(load_seed()),
        registry=CollectorRegistry(),
        config=Config(service="catalog"),
    )
    return app.test_client()


def walk(client: FlaskClient, *, seed: int = 1, lie=lambda name, answer: answer) -> list[str]:
    """The paths that one visit asks for; *lie* changes answers on the way, by the step's name."""
    visit, paths = Visit(random=Random(seed)), []
    for step in JOURNEYS["catalog"].steps:
        paths.append(step.path(visit))
        response = client.get(paths[-1])
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(
            status=response.status_code, headers=headers, body=copy.deepcopy(response.get_json(silent=True))
        )
        step.judge(visit, lie(step.name, answer))
    return paths


@pytest.mark.parametrize("seed", range(30))
def test_an_honest_catalog_passes(client: FlaskClient, seed: int) -> None:
    """Whatever the shopper chooses, list, category and two different products come as asked."""
    listing, category, first, second = walk(client, seed=seed)
    assert listing == "/api/v1/products?limit=40"
    assert category.startswith("/api/v1/products?category=")
    assert first != second


def test_shoppers_choose_differently(client: FlaskClient) -> None:
    """Many visits see many products, not the same two."""
    assert len({path for seed in range(30) for path in walk(client, seed=seed)[2:]}) > 20


def changed(step: str, change) -> object:
    """A lie that changes the answers of *step* only."""

    def lie(name: str, answer: Answer) -> Answer:
        return change(answer) if name == step else answer

    return lie


def body(change) -> object:
    """A change of the body alone."""

    def apply(answer: Answer) -> Answer:
        change(answer.body)
        return answer

    return apply


def with_(**fields) -> object:
    """A change of the answer's own fields."""
    return lambda answer: Answer(**({"status": answer.status, "headers": answer.headers, "body": answer.body} | fields))


@pytest.mark.parametrize("step", ["list products", "open category", "open product"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(with_(status=500), "status 500, expected 200", id="an error"),
        pytest.param(with_(status=302), "status 302, expected 200", id="a redirect"),
        pytest.param(with_(headers={"content-type": "text/html"}), "content type 'text/html'", id="a page"),
        pytest.param(with_(headers={}), "content type '', expected application/json", id="no type"),
        pytest.param(with_(body=None), "the body is not a JSON object", id="no JSON"),
        pytest.param(with_(body=[]), "the body is not a JSON object", id="a list"),
    ],
)
def test_every_step_judges_status_type_and_body(client, step: str, change, message: str) -> None:
    """What no client program could use fails at the step where it came."""
    with pytest.raises(StepFailed, match=message):
        walk(client, lie=changed(step, change))


PRODUCT_LIES = [
    pytest.param(lambda p: p["price"].update(minor_units=0), "price 0, expected a number > 0", id="free"),
    pytest.param(lambda p: p["price"].update(minor_units=-5), "price -5", id="a negative price"),
    pytest.param(lambda p: p["price"].update(minor_units="990"), "price '990'", id="a price in quotes"),
    pytest.param(lambda p: p["price"].update(minor_units=9.9), "price 9.9", id="a price with a fraction"),
    pytest.param(lambda p: p["price"].update(minor_units=True), "price True", id="a price of true"),
    pytest.param(lambda p: p["price"].update(currency="€"), "currency '€'", id="no currency"),
    pytest.param(lambda p: p.pop("price"), "price None", id="without a price"),
    pytest.param(lambda p: p.update(name=" "), "name ' ', expected some text", id="without a name"),
    pytest.param(lambda p: p.pop("sku"), "sku None", id="without a SKU"),
    pytest.param(lambda p: p.update(category=7), "category 7", id="a category that is no text"),
]


@pytest.mark.parametrize(("change", "message"), PRODUCT_LIES)
def test_a_product_that_nobody_could_buy_fails(client, change, message: str) -> None:
    """In a list and on its own page alike."""
    for step in ("list products", "open category"):
        with pytest.raises(StepFailed, match=message):
            walk(client, lie=changed(step, body(lambda page: change(page["items"][3]))))
    with pytest.raises(StepFailed, match=message):
        walk(client, lie=changed("open product", body(change)))


@pytest.mark.parametrize(
    ("step", "change", "message"),
    [
        pytest.param("open product", lambda p: p.update(sku="KIT-9999"), "got KIT-9999", id="another product"),
        pytest.param("open product", lambda p: p.update(category="boats"), "in boats, listed", id="moved away"),
        pytest.param("open category", lambda p: p["items"][0].update(category="x"), "got x too", id="a stray"),
        pytest.param("list products", lambda p: p.update(items=[]), "expected a list", id="an empty shop"),
        pytest.param("list products", lambda p: p.pop("items"), "expected a list", id="no items"),
        pytest.param("list products", lambda p: p["items"].append(p["items"][0]), "at most 40", id="too many"),
        pytest.param("open category", lambda p: p.update(items=p["items"][:1] * 2), "listed twice", id="twice"),
        pytest.param("open category", lambda p: p.update(items=p["items"][:1]), "expected 2 or more", id="one"),
    ],
)
def test_a_lie_about_what_was_asked_fails(client, step: str, change, message: str) -> None:
    """Another product, a stray category, an empty or swollen list: each is noticed."""
    with pytest.raises(StepFailed, match=message):
        walk(client, lie=changed(step, body(change)))


def test_a_product_without_an_etag_fails(client) -> None:
    """Clients need the version to change anything later."""
    with pytest.raises(StepFailed, match="no ETag"):
        walk(client, lie=changed("open product", with_(headers={"content-type": "application/json"})))


def test_step_names_hold_no_ids() -> None:
    """Reports group by name: a SKU in it would make one row a product."""
    names = {step.name for journey in JOURNEYS.values() for step in journey.steps}
    assert all(re.fullmatch("[a-z]+( [a-z]+)*", name) for name in names)
