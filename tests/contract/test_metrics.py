"""Every metric, label, value and bucket that a spec or a rule names is one that the running shop shows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.shop import SERVICES, WORKERS
from local.shop_run import running_shop
from tests.contract.selectors import Exposed, faults, named

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "generated" / "prometheus" / "rules").glob("*.yaml"))
MOST_SERIES = 5000
# What comes with the event itself: any status of HTTP, as a number or, in a pattern, with its digits left open.
POSSIBLE = {"http_response_status_code": r"[1-5](?:\.\.|\d\d)"}
# Ids, addresses, raw paths: what would make a series for each customer.
PERSONAL = re.compile(r"^(?:u_|ord_|cart_)[0-9a-f]{8}|@|/ord_|[0-9a-f]{32}")


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """What the shop shows after one order, one login and one page: the first error must be visible, not made."""
    found = Exposed()
    with running_shop(tmp_path_factory.mktemp("shop")) as shop:
        customer = shop.issuer.bearer("u_0123456789abcdef0123456789abcdef", {"customer"}, "orders")
        keyed = {**customer, "Idempotency-Key": "a-key"}
        cart = shop.ask("orders", "/api/v1/carts", "POST", {}, headers=keyed).json()["cart_id"]
        shop.ask("orders", f"/api/v1/carts/{cart}/items/PROBE-BUY", "PUT", {"quantity": 1}, headers=customer)
        body = {"cart_id": cart, "payment_method": "tok_visa"}
        assert shop.ask("orders", "/api/v1/orders", "POST", body, headers=keyed).status == 201
        credentials = {"email": "ada@example.com", "password": "tulip-lantern-42"}
        assert shop.ask("users", "/api/v1/auth/login", "POST", credentials).status == 401
        assert shop.ask("storefront", "/p/PROBE-BUY").status == 200
        for name in (*SERVICES, *WORKERS):
            found.read(shop.ask(name, "/metrics").body.decode(), name)
    return found


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each generated rule, with the file that it stands in."""
    for file in RULES:
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield file.name, rule


def test_every_service_has_promises() -> None:
    """A service without a spec is one that nobody watches."""
    assert {file.stem for file in (ROOT / "slo" / "specs").glob("*.yaml")} >= set(SERVICES)


def test_what_rules_name_is_shown(exposed: Exposed) -> None:
    """Raw metrics by the running shop, recorded ones by another rule."""
    recorded = {rule["record"] for _, rule in rules() if "record" in rule}
    found, looked_at = [], 0
    for file, rule in rules():
        for selector in named(str(rule["expr"])):
            if ":" in selector.metric:
                wrong = [] if selector.metric in recorded else [f"{selector.metric}: no rule records this"]
            else:
                looked_at += 1
                wrong = list(faults(selector, exposed, POSSIBLE))
            found += [f"{file}: {rule.get('record') or rule.get('alert')}: {each}" for each in wrong]
    assert sorted(set(found)) == []
    assert looked_at > 3 * len(RULES)


def test_no_service_shows_too_many_series(exposed: Exposed) -> None:
    """Each bounded; none of them for one customer, order or address."""
    assert {name: exposed.count(name) for name in (*SERVICES, *WORKERS) if exposed.count(name) > MOST_SERIES} == {}
    values = {value for series in exposed.series.values() for each in series for value in each.values()}
    assert [value for value in values if PERSONAL.search(value)] == []


@pytest.mark.parametrize(
    "metric", ["shop_oversold_units_total", "shop_captures_checked_total", "shop_payment_unknown_count"]
)
def test_what_must_never_happen_has_a_number(exposed: Exposed, metric: str) -> None:
    """From the start, so that the first unit, charge or doubt is a change that an alert sees."""
    assert exposed.series[metric]


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ('sum(rate(http_server_requests_total{job="orders",traffic="user"}[5m]))', None),
        ('rate(http_server_requests_total{job="orders",http_response_status_code=~"5..|429"}[5m])', None),
        ('rate(http_server_requestz_total{job="orders"}[5m])', "no service shows this metric"),
        ('rate(http_server_requests_total{trafic="user"}[5m])', "no label trafic"),
        ('rate(http_server_requests_total{traffic="users"}[5m])', "is none of"),
        ('rate(http_server_requests_total{http_response_status_code=~"5..|ok"}[5m])', "is none of"),
        ('rate(http_server_request_duration_seconds_bucket{job="orders",le="0.3"}[5m])', "is none of"),
        ('rate(http_server_requests_total{job="users",http_route="/api/v1/orders"}[5m])', "at once"),
        ("rate(shop_payment_unknown_count[5m])", "a rate of a gauge"),
    ],
)
def test_a_wrong_name_is_told(exposed: Exposed, expression: str, fault: str | None) -> None:
    """Each kind of mistake, with what it is."""
    said = [each for selector in named(expression) for each in faults(selector, exposed, POSSIBLE)]
    if fault is None:
        assert said == []
    else:
        assert any(fault in each for each in said), said
