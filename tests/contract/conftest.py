"""The running shop, asked once for all that it shows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from local.server import free_ports
from local.shop import SERVICES, WORKERS
from local.shop_run import running_shop
from synthetics import probe_metrics
from tests.contract.selectors import Exposed
from tests.synthetics.runs import SIGNED


@pytest.fixture(scope="session")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    """What the shop shows after one order, one login and one page, and the probes before their first visit is over: the
    first error must be visible, not made.
    """
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
    with probing() as page:
        found.read(page, probe_metrics.SERVICE)
    return found


@contextlib.contextmanager
def probing() -> Iterator[str]:
    """The page of the real probes, which find nobody at their shop's address."""
    ports = free_ports("shop", "metrics")
    command = ("synthetics", "probe", "--host", f"http://127.0.0.1:{ports['shop']}", "--metrics-port")
    environment = {**os.environ, **SIGNED}
    with subprocess.Popen(
        [sys.executable, "-m", *command, str(ports["metrics"])], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield _page(f"http://127.0.0.1:{ports['metrics']}/metrics")
        finally:
            process.terminate()


def _page(url: str) -> str:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
        assert time.monotonic() < deadline, f"nothing at {url}"
        time.sleep(0.1)
