"""Switching faults on: off by default, behind a token, checked, limited in time and reach."""

import hmac
from typing import Literal

import pytest

from services.shared import faults_api
from services.shared.fault_models import Fault

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ALL = {"fault": "errors", "share": 1, "seconds": 60}
PATH = "/internal/faults"


@pytest.fixture
def armed(make_toy):
    """The toy with fault injection switched on."""
    return make_toy(settings={"fault_token": TOKEN})


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_without_a_token_in_the_environment_there_is_nothing(toy, method: str) -> None:
    """The route does not exist, for nobody, whatever is sent."""
    answer = toy.client.open(PATH, method=method, json=ALL, headers=BEARER)
    assert answer.status_code == 404
    assert toy.client.get("/things/a").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no header"),
        pytest.param({"Authorization": "Bearer wrong-horse-battery"}, id="another token"),
        pytest.param({"Authorization": f"Bearer {TOKEN}x"}, id="the token and more"),
        pytest.param({"Authorization": f"Bearer {TOKEN[:-1]}"}, id="the token cut short"),
        pytest.param({"Authorization": f"Basic {TOKEN}"}, id="another scheme"),
        pytest.param({"Authorization": TOKEN}, id="no scheme"),
        pytest.param({"Authorization": "Bearer é"}, id="letters beyond ASCII"),
        pytest.param({"Authorization": "Bearer "}, id="an empty token"),
    ],
)
def test_only_the_bearer_of_the_token_gets_in(armed, method: str, headers: dict) -> None:
    """All else is 401 before the body is looked at, and changes nothing."""
    answer = armed.client.open(PATH, method=method, json={"nonsense": 1}, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert armed.board.active() == ()


def test_the_token_is_compared_in_constant_time(armed, monkeypatch) -> None:
    """Every guess goes through hmac.compare_digest, also one of another length."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(faults_api.hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b))
    armed.client.get(PATH, headers={"Authorization": "Bearer guess"})
    assert compared == [b"guess"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"fault": "earthquake"}, id="an unknown fault"),
        pytest.param({"fault": None}, id="no fault"),
        pytest.param({"extra": 1}, id="an unknown field"),
        pytest.param({"share": -0.01}, id="a share below 0"),
        pytest.param({"share": 1.01}, id="a share above 1"),
        pytest.param({"share": "0.5"}, id="a share in quotes"),
        pytest.param({"share": True}, id="a share of true"),
        pytest.param({"share": float("nan")}, id="a share that is no number"),
        pytest.param({"seconds": 0}, id="no time"),
        pytest.param({"seconds": 901}, id="more than 15 minutes"),
        pytest.param({"seconds": 10**30}, id="a time without end"),
        pytest.param({"seconds": 1.5}, id="half a second"),
        pytest.param({"seconds": "60"}, id="a time in quotes"),
    ],
)
def test_a_wrong_order_is_422_and_does_nothing(armed, change: dict) -> None:
    """Unknown faults and fields, and values outside their range, are refused."""
    answer = armed.client.post(PATH, json=ALL | change, headers=BEARER)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_request")
    assert armed.board.active() == ()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"fault": "earthquake", "seconds": 60}, "#/fault"),
        ({"fault": "latency", "delay_seconds": "1", "seconds": 60}, "#/delay_seconds"),
        ({"fault": "errors", "share": 2, "seconds": 60}, "#/share"),
    ],
)
def test_what_is_wrong_is_pointed_at(armed, body: dict, pointer: str) -> None:
    """By its place in the body, and nothing of it is repeated."""
    answer = armed.client.post(PATH, json=body, headers=BEARER)
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]
    assert "earthquake" not in answer.text


def test_a_body_that_is_not_json_is_415(armed) -> None:
    """A form sent by a browser on another site cannot switch a fault on."""
    answer = armed.client.post(PATH, data="fault=errors", headers=BEARER)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


def test_an_injected_fault_hits_customers_until_its_time_is_up(armed) -> None:
    """Product requests answer 500 as real errors do; a second before and at the end tell them apart."""
    answer = armed.client.post(PATH, json=ALL, headers=BEARER)
    assert answer.status_code == 201
    assert answer.json == {"faults": [{"fault": "errors", "share": 1.0, "seconds_left": 60.0}]}
    hit = armed.client.get("/things/a")
    assert (hit.status_code, hit.json["code"], hit.content_type) == (
        500,
        "internal_error",
        "application/problem+json",
    )
    armed.clock.now += 59
    assert armed.client.get("/things/a").status_code == 500
    armed.clock.now += 1
    assert armed.client.get("/things/a").status_code == 200
    assert armed.client.get(PATH, headers=BEARER).json == {"faults": []}


def test_a_fault_is_seen_in_the_metrics(armed) -> None:
    """The gauge is 1 while it lasts, and the errors count as a real outage's would."""
    assert armed.value("shop_fault_active", fault="errors") == 0
    armed.client.post(PATH, json=ALL, headers=BEARER)
    armed.client.get("/things/a")
    assert armed.value("shop_fault_active", fault="errors") == 1
    bad = {"http_request_method": "GET", "http_route": "/things/<name>", "traffic": "user"}
    assert armed.value("http_server_requests_total", **bad, http_response_status_code="500") == 1
    armed.clock.now += 60
    assert armed.value("shop_fault_active", fault="errors") == 0


def test_latency_delays_its_share_of_requests(armed, monkeypatch) -> None:
    """By the seconds that were asked for; what is not hit is not delayed."""
    slept = []
    monkeypatch.setattr(faults_api.time, "sleep", slept.append)
    order = {"fault": "latency", "delay_seconds": 0.3, "share": 0.5, "seconds": 60}
    answer = armed.client.post(PATH, json=order, headers=BEARER)
    assert answer.json == {"faults": [{"fault": "latency", "share": 0.5, "delay_seconds": 0.3, "seconds_left": 60.0}]}
    assert armed.client.get("/things/a").status_code == 200
    armed.drawn[0] = 0.5
    assert armed.client.get("/things/a").status_code == 200
    assert slept == [0.3]


def test_several_faults_are_on_at_once(armed) -> None:
    """Each kind has a gauge of its own, there before it is injected."""
    for kind in ("errors", "latency", "dependency-timeout", "database-down"):
        assert armed.value("shop_fault_active", fault=kind) == 0
    armed.client.post(PATH, json={"fault": "database-down", "seconds": 60}, headers=BEARER)
    order = {"fault": "dependency-timeout", "peer": "payments", "seconds": 30}
    listed = armed.client.post(PATH, json=order, headers=BEARER).json["faults"]
    assert [(each["fault"], each["seconds_left"]) for each in listed] == [
        ("database-down", 60.0),
        ("dependency-timeout", 30.0),
    ]
    assert armed.value("shop_fault_active", fault="database-down") == 1
    assert armed.board.value("dependency-timeout") == {"peer": "payments"}


def test_a_service_has_faults_of_its_own(make_toy) -> None:
    """A model more, and it can be injected, listed and seen in the metrics."""

    class StockDrift(Fault):
        fault: Literal["stock-drift"]
        units: int

    toy = make_toy(settings={"fault_token": TOKEN}, own_faults=(StockDrift,))
    answer = toy.client.post(PATH, json={"fault": "stock-drift", "units": 3, "seconds": 60}, headers=BEARER)
    assert answer.json["faults"] == [{"fault": "stock-drift", "share": 1.0, "units": 3, "seconds_left": 60.0}]
    assert toy.value("shop_fault_active", fault="stock-drift") == 1


def test_operators_and_probes_are_not_hit(armed) -> None:
    """Health, metrics and the switch itself work during a fault."""
    armed.client.post(PATH, json=ALL, headers=BEARER)
    for path in ("/livez", "/readyz", "/metrics", "/api/openapi.json"):
        assert armed.client.get(path).status_code == 200


def test_delete_ends_it_at_once(armed) -> None:
    """204, and the next request is good."""
    armed.client.post(PATH, json=ALL, headers=BEARER)
    assert armed.client.delete(PATH, headers=BEARER).status_code == 204
    assert armed.client.get("/things/a").status_code == 200


def test_the_switch_is_not_advertised(armed) -> None:
    """The public API description does not name it."""
    assert "faults" not in armed.client.get("/api/openapi.json").text
