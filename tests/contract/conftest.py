"""The running shop, asked once for all that it shows."""

from __future__ import annotations

import pytest

from local.shop import SERVICES, WORKERS
from local.shop_run import running_shop
from tests.contract.selectors import Exposed


@pytest.fixture(scope="session")
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
