"""The worker's steps, as its process runs them."""

import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from services.orders import worker
from services.orders.adapters.carts_sql import SqlCarts
from services.shared.config import Config
from services.shared.errors import ConfigError
from tests.services.orders.whole.small_shop import SmallShop


def test_the_worker_leaves_nothing_undone(shop: SmallShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown payment is settled, a decline's hold released, a refund made: within a second or two."""
    shop.peers["payments"].faults = {"capture": ["answer lost"]}
    unknown = shop.buy(key="k1").json["order_id"]
    shop.buy(key="k2", method="tok_declined")
    shop.peers["payments"].faults = {"refund": ["refused"]}
    refunded = shop.buy(key="k3").json["order_id"]
    assert shop.ask(f"/api/v1/orders/{refunded}/cancel", "POST", key="c").status_code == 202
    shop.clock.now += 30
    registry = CollectorRegistry()
    running = worker.make_worker(
        Config(service="orders"),
        shop.database,
        registry,
        SqlCarts(shop.database, now=shop.clock),
        connect=shop.peers.__getitem__,
        now=shop.clock,
    )
    thread = threading.Thread(target=running.run)
    thread.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (shop.stock("MUG-1") != (4, 0) or state(shop, unknown) != "CONFIRMED"):
        time.sleep(0.05)
    running.stop()
    thread.join(10)
    assert (state(shop, unknown), state(shop, refunded)) == ("CONFIRMED", "REFUNDED")
    assert shop.stock("MUG-1") == (4, 0)
    assert registry.get_sample_value("shop_orders_total", {"state": "CONFIRMED", "traffic": "user"}) == 1
    assert registry.get_sample_value("shop_payment_unknown_resolved_seconds_count") == 1
    assert registry.get_sample_value("shop_event_delivery_seconds_count") >= 3


def state(shop: SmallShop, order_id: str) -> str:
    """Where the order is."""
    return str(shop.ask(f"/api/v1/orders/{order_id}").json["state"])


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "１"])
def test_a_wrong_port_is_refused(text: str) -> None:
    """The variable is named."""
    with pytest.raises(ConfigError, match="METRICS_PORT"):
        worker.metrics_port({"METRICS_PORT": text})
