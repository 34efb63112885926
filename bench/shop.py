"""What a request to the shop costs beside a Flask route that does nothing, and what a service weighs."""

from __future__ import annotations

import contextlib
import itertools
import json
import statistics
import tempfile
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil

from bench import bare
from bench.errors import BenchError
from bench.http_load import CLIENTS, Call, Load, Target, ask
from bench.plan import Plan
from bench.table import Row
from local.settings import HOST
from local.shop import SERVICES
from local.shop_run import ShopRun, running_shop

BARE = "bare Flask route"
ROUNDS, QUICK_ROUNDS = 5, 1
SECONDS, QUICK_SECONDS = 6.0, 1.0
CHECKOUTS, QUICK_CHECKOUTS = 160, 16
MOST_MIB = 110
MOST_SERIES = 5000
# As many products as are bought, those with the most stock: none of them runs out.
BOUGHT = 100
_STOCK = Path(__file__).parent.parent / "services" / "inventory" / "seed" / "stock.json"


def measure(plan: Plan) -> Iterator[Row]:
    """`shop_read_*`, `shop_checkout_*`, `shop_telemetry_*`, `shop_pss_SERVICE`, `shop_series_SERVICE`."""
    rounds = QUICK_ROUNDS if plan.quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as folder, bare.running() as route:
        with running_shop(Path(folder)) as shop:
            yield from _reads(shop, route, rounds, plan)
            yield from _checkouts(shop, route, rounds, plan)
            yield from _weights(shop)
        yield from _telemetry(Path(folder), rounds, plan)


def _reads(shop: ShopRun, route: Target, rounds: int, plan: Plan) -> Iterator[Row]:
    target = _product(shop)
    ours, peer = _alternate("catalog reads", lambda: _read(target, plan), lambda: _read(route, plan), rounds, plan)
    yield from _rows("shop_read", ours, peer)


def _checkouts(shop: ShopRun, route: Target, rounds: int, plan: Plan) -> Iterator[Row]:
    target = Target(port=shop.plan.ports["orders"], path="/api/v1/orders", method="POST", expected=201)
    post = Target(port=route.port, path=route.path, method="POST")
    count = QUICK_CHECKOUTS if plan.quick else CHECKOUTS

    skus = _plentiful()
    pairs = itertools.cycle(zip(skus[::2], skus[1::2], strict=True))

    def buy() -> Load:
        calls = [_checkout(shop, number, next(pairs)) for number in range(count)]
        return ask(target, calls)

    def peer() -> Load:
        return ask(post, [Call(body=b"{}", headers={"Content-Type": "application/json"})], seconds=_seconds(plan))

    ours, others = _alternate("checkouts", buy, peer, rounds, plan)
    yield from _rows("shop_checkout", ours, others)


def _plentiful() -> list[str]:
    """SKUs that there is most of; those of probes are not for sale here."""
    stock: dict[str, int] = json.loads(_STOCK.read_text(encoding="utf-8"))
    ordinary = [sku for sku in stock if not sku.startswith("PROBE-")]
    return sorted(ordinary, key=lambda sku: stock[sku], reverse=True)[:BOUGHT]


def _checkout(shop: ShopRun, number: int, skus: tuple[str, ...]) -> Call:
    """A cart with *skus* in it, ready to be bought by one of a few customers."""
    bearer = shop.issuer.bearer(f"u-{number % CLIENTS}", {"customer"}, "orders")
    headers = {**bearer, "Idempotency-Key": uuid.uuid4().hex}
    made = shop.ask("orders", "/api/v1/carts", "POST", {}, headers=headers)
    if made.status != 201:
        raise BenchError(f"a cart was not made: {made.status} {made.body[:300]!r}")
    cart = made.json()["cart_id"]
    for sku in skus:
        put = shop.ask("orders", f"/api/v1/carts/{cart}/items/{sku}", "PUT", {"quantity": 1}, headers=bearer)
        if put.status not in (200, 201):
            raise BenchError(f"{sku} was not put into a cart: {put.status} {put.body[:300]!r}")
    body = json.dumps({"cart_id": cart, "payment_method": "tok_visa"}).encode()
    own = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    return Call(body=body, headers={**bearer, **own})


def _weights(shop: ShopRun) -> Iterator[Row]:
    """After traffic, when what grows has grown."""
    for service in SERVICES:
        mib = _pss_mib(shop.processes[service].pid)
        yield Row(name=f"shop_pss_{service}", unit="MiB", ours=mib, peer=MOST_MIB, peer_name="its bound")
    for service in SERVICES:
        page = shop.ask(service, "/metrics").body.decode()
        series = sum(1 for line in page.splitlines() if line and not line.startswith("#"))
        yield Row(name=f"shop_series_{service}", unit="series", ours=series, peer=MOST_SERIES, peer_name="its bound")


def _pss_mib(leader: int) -> float:
    """Memory of gunicorn's master and worker together; what they share is counted once."""
    process = psutil.Process(leader)
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_full_info().pss for each in family) / 2**20


def _telemetry(folder: Path, rounds: int, plan: Plan) -> Iterator[Row]:
    """Reads with traces sent to a collector, up to the bound that a service has by itself, beside reads without."""
    with (
        _collector() as endpoint,
        running_shop(folder / "on", environ={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}) as traced,
        running_shop(folder / "off") as plain,
    ):
        on, off = _product(traced), _product(plain)
        ours, peer = _alternate("telemetry", lambda: _read(on, plan), lambda: _read(off, plan), rounds, plan)
    yield from _rows("shop_telemetry", ours, peer, "telemetry off")


def _alternate(
    what: str, ours: Callable[[], Load], peer: Callable[[], Load], rounds: int, plan: Plan
) -> tuple[list[Load], list[Load]]:
    """*rounds* of both, by turns: what slows the machine down slows both."""
    found: tuple[list[Load], list[Load]] = ([], [])
    for _ in plan.counted(f"{what}: rounds", range(rounds), every=1):
        found[0].append(ours())
        found[1].append(peer())
    return found


def _rows(name: str, ours: list[Load], peer: list[Load], peer_name: str = BARE) -> Iterator[Row]:
    yield Row(
        name=f"{name}_rps",
        unit="requests/s",
        ours=statistics.median(load.per_second for load in ours),
        peer=statistics.median(load.per_second for load in peer),
        peer_name=peer_name,
    )
    yield Row(
        name=f"{name}_p99",
        unit="ms",
        ours=statistics.median(load.p99_ms for load in ours),
        peer=statistics.median(load.p99_ms for load in peer),
        peer_name=peer_name,
    )


def _product(shop: ShopRun) -> Target:
    sku = shop.ask("catalog", "/api/v1/products?limit=1").json()["items"][0]["sku"]
    return Target(port=shop.plan.ports["catalog"], path=f"/api/v1/products/{sku}")


def _read(target: Target, plan: Plan) -> Load:
    return ask(target, [Call()], seconds=_seconds(plan))


def _seconds(plan: Plan) -> float:
    return QUICK_SECONDS if plan.quick else SECONDS


class _Sink(BaseHTTPRequestHandler):
    """Takes whatever it is sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Nobody reads it."""


@contextlib.contextmanager
def _collector() -> Iterator[str]:
    """Address of an OTLP endpoint that takes traces and forgets them."""
    server = ThreadingHTTPServer((HOST, 0), _Sink)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
