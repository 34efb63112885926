"""SIGTERM under load: a service that is told to stop answers every request that it has accepted."""

import http.client
import signal
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.shop import SERVICES
from local.shop_run import ShopRun, running_shop

CLIENTS = 8


@dataclass(slots=True)
class Load:
    """What a service's clients saw. `broken`: requests that were accepted and not answered."""

    answered: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    ready: bool = True


def exchange(port: int, request: bytes) -> int:
    """Send *request* over a connection of its own and read its answer's status."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer.status


def ask_while_ready(port: int, request: bytes, load: Load) -> None:
    """Ask again and again until the service says that it wants no more, as a front door would."""
    while load.ready:
        try:
            load.answered.append(exchange(port, request))
        except (OSError, http.client.HTTPException) as error:
            load.broken.append(repr(error))


def watch(shop: ShopRun, service: str, load: Load) -> None:
    """Note when *service* is not ready any more."""
    while shop.ask(service, "/readyz").status == 200:
        time.sleep(0.05)
    load.ready = False


@pytest.fixture
def shop(tmp_path: Path):
    """The shop, with a stop long enough for what is in flight."""
    with running_shop(tmp_path, environ={"DRAIN_SECONDS": "2"}) as found:
        yield found


def requests(shop: ShopRun) -> dict[str, bytes]:
    """A request of every service that reads or writes its database."""

    def raw(line: str, headers: dict[str, str], body: bytes = b"") -> bytes:
        fields = {"Host": "shop", "Connection": "close", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body

    sku = shop.ask("catalog", "/api/v1/products?limit=1").json()["items"][0]["sku"]
    customer = shop.issuer.bearer("u-1", {"customer"}, "orders")
    service = shop.issuer.bearer("service:orders", {"service"}, "payments")
    return {
        "catalog": raw(f"GET /api/v1/products/{sku}", {}),
        "inventory": raw(f"GET /api/v1/stock/{sku}", {}),
        "orders": raw(
            "POST /api/v1/carts",
            {**customer, "Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex},
            b"{}",
        ),
        "payments": raw("GET /api/v1/payments?limit=1", service),
        "users": raw(
            "POST /api/v1/auth/logout", {"Content-Type": "application/json"}, b'{"refresh_token": "an unknown one"}'
        ),
        # A page that asks nobody: the others are being stopped, too.
        "storefront": raw("GET /login", {}),
    }


def test_every_accepted_request_is_answered(shop: ShopRun) -> None:
    """Eight clients a service, SIGTERM to all: every request is answered, each process ends by itself with 0.

    A service goes on for two seconds after it has said that it is not ready: that is how long its front door may take.
    """
    loads = {service: Load() for service in SERVICES}
    threads = [
        threading.Thread(target=ask_while_ready, args=(shop.plan.ports[service], sent, loads[service]))
        for service, sent in requests(shop).items()
        for _ in range(CLIENTS)
    ]
    threads += [threading.Thread(target=watch, args=(shop, service, loads[service])) for service in SERVICES]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    for process in shop.processes.values():
        process.send_signal(signal.SIGTERM)
    codes = {name: process.wait(40) for name, process in shop.processes.items()}
    for thread in threads:
        thread.join(20)
    assert codes == dict.fromkeys(shop.processes, 0)
    for service, load in loads.items():
        assert load.broken == [], service
        assert len(load.answered) > CLIENTS, service
        assert [status for status in load.answered if status >= 400] == [], service
