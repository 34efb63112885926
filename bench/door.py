"""What a login costs beside the hash that is most of it, and a request through the front door beside one without."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.errors import BenchError
from bench.http_load import CLIENTS, Call, Load, Target, ask
from bench.plan import Plan
from bench.table import Row
from local.front_door import DoorSettings
from local.shop_run import ShopRun, running_shop
from services.users.adapters.hashing import AT_ONCE, Argon2Hasher

ROUNDS, QUICK_ROUNDS = 5, 1
LOGINS, QUICK_LOGINS = 320, 64
SECONDS, QUICK_SECONDS = 5.0, 1.0
PASSWORD = "tulip-lantern-42"
# One client's address is all that there is here.
DOOR = DoorSettings(requests_per_second=100_000, request_burst=100_000, connections=1000)


def measure(plan: Plan) -> Iterator[Row]:
    """`shop_login_*` beside argon2 alone, `shop_door_*` beside the service itself."""
    rounds = QUICK_ROUNDS if plan.quick else ROUNDS
    with (
        tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as folder,
        running_shop(Path(folder), door=DOOR) as shop,
    ):
        yield from _logins(shop, rounds, plan)
        yield from _through_the_door(shop, rounds, plan)


def _logins(shop: ShopRun, rounds: int, plan: Plan) -> Iterator[Row]:
    count = QUICK_LOGINS if plan.quick else LOGINS
    calls = [_login(shop, number) for number in range(CLIENTS)]
    target = Target(port=shop.plan.ports["users"], path="/api/v1/auth/login", method="POST")
    ours: list[Load] = []
    alone: list[float] = []
    for _ in plan.counted("logins: rounds", range(rounds), every=1):
        # The same client, the same account: an account that is tried at once many times is slowed down.
        ours.append(ask(target, calls * (count // CLIENTS)))
        alone.append(_hashes_a_second(count))
    peer = f"argon2 alone, {AT_ONCE} at once"
    yield Row(
        name="shop_login_rps",
        unit="logins/s",
        ours=statistics.median(load.per_second for load in ours),
        peer=statistics.median(alone),
        peer_name=peer,
    )
    yield Row(
        name="shop_login_p99",
        unit="ms",
        ours=statistics.median(load.p99_ms for load in ours),
        peer=1000 * AT_ONCE / statistics.median(alone),
        peer_name=peer,
    )


def _login(shop: ShopRun, number: int) -> Call:
    """The login of an account that was made for it."""
    who = {"email": f"u{number}@example.com", "password": PASSWORD}
    made = shop.ask("users", "/api/v1/auth/register", "POST", {**who, "name": "Ada"})
    if made.status != 202:
        raise BenchError(f"an account was not made: {made.status} {made.body[:300]!r}")
    return Call(body=json.dumps(who).encode(), headers={"Content-Type": "application/json"})


def _hashes_a_second(count: int) -> float:
    hasher = Argon2Hasher()
    known = hasher.hash(PASSWORD)
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = list(threads.map(lambda _: hasher.verify(known, PASSWORD), range(count)))
    if not all(found):
        raise BenchError("argon2 did not know its own hash")
    return count / (time.perf_counter() - began)


def _through_the_door(shop: ShopRun, rounds: int, plan: Plan) -> Iterator[Row]:
    seconds = QUICK_SECONDS if plan.quick else SECONDS
    path = "/api/v1/products/PROBE-BUY"
    door = Target(port=shop.doors.front.port if shop.doors else 0, path=path)
    service = Target(port=shop.plan.ports["catalog"], path=path)
    ours, peer = [], []
    for _ in plan.counted("front door: rounds", range(rounds), every=1):
        # One at a time: how long it takes, not how long it waits for others.
        ours.append(ask(door, [Call()], seconds=seconds, clients=1))
        peer.append(ask(service, [Call()], seconds=seconds, clients=1))
    for name in ("p50", "p99"):
        yield Row(
            name=f"shop_door_{name}",
            unit="ms",
            ours=statistics.median(getattr(load, f"{name}_ms") for load in ours),
            peer=statistics.median(getattr(load, f"{name}_ms") for load in peer),
            peer_name="the service itself",
        )
