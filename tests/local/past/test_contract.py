"""What the past counts is what the running shop counts: names, labels and values, or live series would stand beside."""

from collections.abc import Mapping

import pytest
from prometheus_client import generate_latest

from local.past import model
from local.past.draw import Series, draw
from local.past.timeline import SLICE_SECONDS
from local.shop import SERVICES, WORKERS
from local.shop_run import ShopRun, running_shop
from synthetics import probe_metrics
from synthetics.journey import RunIn
from synthetics.journeys import of
from synthetics.probe_metrics import ProbeMetrics, registry
from tests.contract.selectors import Exposed

# What comes with the event itself: a refusal that nobody met in a minute's run is no wrong name.
OPEN = {"http_response_status_code", "http_response_status_class"}
CARDS = ("tok_visa", "tok_declined")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """The pages of a shop that somebody has bought in, and been declined in."""
    found = Exposed()
    with running_shop(tmp_path_factory.mktemp("shop")) as shop:
        for card in CARDS:
            _buy(shop, card)
        shop.ask("users", "/api/v1/auth/login", "POST", {"email": "ada@example.com", "password": "tulip-lantern-42"})
        shop.ask("storefront", "/p/PROBE-BUY")
        for name in (*SERVICES, *WORKERS):
            found.read(shop.ask(name, "/metrics").body.decode(), name)
    shown = registry({}, location="local")
    ProbeMetrics(shown, of(RunIn.PROBE))
    found.read(generate_latest(shown).decode(), probe_metrics.SERVICE)
    return found


def _buy(shop: ShopRun, card: str) -> None:
    customer = shop.issuer.bearer("u_0123456789abcdef0123456789abcdef", {"customer"}, "orders")
    keyed = {**customer, "Idempotency-Key": f"a-key-{card}"}
    cart = shop.ask("orders", "/api/v1/carts", "POST", {}, headers=keyed).json()["cart_id"]
    shop.ask("orders", f"/api/v1/carts/{cart}/items/PROBE-BUY", "PUT", {"quantity": 1}, headers=customer)
    shop.ask("orders", "/api/v1/orders", "POST", {"cart_id": cart, "payment_method": card}, headers=keyed)


def test_each_counter_of_the_past_is_one_of_the_shops(shown: Exposed) -> None:
    """By the process that shows it; the job and the instance are Prometheus' own."""
    counters = draw(model.load(), 0, SLICE_SECONDS)
    assert len(counters) > 500
    assert [f"{each.job}: {each.name}{dict(each.labels)}" for each in counters if not _is_shown(each, shown)] == []


def _is_shown(series: Series, shown: Exposed) -> bool:
    live = [each for each in shown.series.get(series.name, ()) if each["job"] == series.job]
    return any(_same(dict(series.labels), each) for each in live)


def _same(seeded: Mapping[str, str], live: Mapping[str, str]) -> bool:
    return {*seeded, "job"} == {*live} and all(live[name] == value for name, value in seeded.items() - _open(seeded))


def _open(labels: Mapping[str, str]) -> set[tuple[str, str]]:
    return {(name, value) for name, value in labels.items() if name in OPEN}
