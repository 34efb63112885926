"""Cached reads: copies for a while, a change at once where it is made, and a cache that fails no reader."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from services.catalog.adapters.cache_memory import InProcessCache
from services.catalog.adapters.cache_redis import TIMEOUT_SECONDS, RedisCache
from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.app import CACHE_SECONDS, create_app
from services.catalog.domain.cached_reads import CachedReads
from services.catalog.domain.errors import ProductNotFound
from services.catalog.domain.ports import ProductCache
from services.catalog.domain.price_change import PriceChange
from services.catalog.domain.product import Money, Product
from services.shared.config import Config
from services.shared.issuer import Issuer
from tests.services.catalog.conftest import a_product


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counted(InMemoryProducts):
    """A storage that knows how often it was asked for single products."""

    asked = 0

    def get(self, sku: str) -> Product:
        self.asked += 1
        return super().get(sku)


@pytest.fixture
def clock() -> Clock:
    """The time of a test."""
    return Clock()


@pytest.fixture(params=["in process", "redis"])
def cache(request: pytest.FixtureRequest, clock: Clock) -> ProductCache:
    """A cache of either kind that keeps copies for a minute."""
    if request.param == "redis":
        return RedisCache(request.getfixturevalue("redis_url"), 60, clock=clock)
    return InProcessCache(60, clock=clock)


def at(product: Product, minor_units: int) -> Product:
    """The product at another price."""
    return product.at(Money(minor_units=minor_units, currency="EUR"))


def test_a_copy_is_the_product(cache: ProductCache) -> None:
    """Every field survives, letters of any script too; what is not there is None."""
    product = a_product(name="Café ☕ “ß”", description="\u2028 \\ \" '", minor_units=100_000_000)
    cache.put(product)
    assert cache.get("KIT-1") == product
    assert cache.get("KIT-2") is None


def test_an_older_version_does_not_replace_a_newer_one(cache: ProductCache) -> None:
    """Whoever read before a change may come to write after it."""
    old = a_product()
    new = at(old, 5)
    for product in (old, new, old):
        cache.put(product)
    assert cache.get("KIT-1") == new


def test_a_copy_ends(clock: Clock, redis_url: str) -> None:
    """After its time there is none; the next to be put may be of any version."""
    memory, shared = InProcessCache(60, clock=clock), RedisCache(redis_url, 0.05)
    for cache in (memory, shared):
        cache.put(at(a_product(), 5))
    clock.now += 60
    time.sleep(0.1)
    for cache in (memory, shared):
        assert cache.get("KIT-1") is None
        cache.put(a_product())
        assert cache.get("KIT-1") == a_product()


def test_memory_is_bounded() -> None:
    """A full cache lets go of what came first."""
    cache = InProcessCache(60, size=3)
    for number in range(5):
        cache.put(a_product(sku=f"KIT-{number}"))
    assert [cache.get(f"KIT-{number}") is None for number in range(5)] == [True, True, False, False, False]


def test_threads_may_share_a_cache() -> None:
    """Eight that read and write at once find copies or none, never an error."""
    cache, errors = InProcessCache(60, size=5), []

    def use(seed: int) -> None:
        try:
            for number in range(2000):
                cache.put(a_product(sku=f"KIT-{(number * seed) % 11}"))
                cache.get(f"KIT-{number % 11}")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_storage_is_asked_once(cache: ProductCache) -> None:
    """While the copy lasts; what is not there is asked for each time, and what cannot be is never."""
    store = Counted([a_product()])
    reads = CachedReads(store, cache, InProcessCache(60))
    assert [reads.get("KIT-1").sku for _ in range(5)] == ["KIT-1"] * 5
    assert store.asked == 1
    for sku in ("KIT-2", "KIT-2", "kit 2", "\0", "../x"):
        with pytest.raises(ProductNotFound):
            reads.get(sku)
    assert store.asked == 3


def test_what_lies_in_redis_need_not_be_ours(redis_url: str) -> None:
    """Another release's copy, or rubbish, is a miss, and is replaced."""
    cache = RedisCache(redis_url, 60)
    with redis.Redis.from_url(redis_url) as client:
        for rubbish in (b"", b"{", b"[1]", b'{"version": 99}', b'{"version": "x"}', b"null", b"\xff\xfe"):
            cache.put(a_product())
            (key,) = client.keys("*")
            client.set(key, rubbish)
            assert cache.get("KIT-1") is None
            client.set(key, b"{}")
            cache = RedisCache(redis_url, 60)
            cache.put(a_product())
            assert cache.get("KIT-1") == a_product()
            client.flushall()


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("kind", ["down", "silent"])
def test_a_redis_that_does_not_answer_fails_no_read(kind: str, silent_redis: str) -> None:
    """Refused or silent: the storage answers, and a thousand reads wait for the cache once, not a thousand times."""
    failures: list[int] = []
    url = silent_redis if kind == "silent" else "redis://127.0.0.1:1/0"
    cache = RedisCache(url, 60, failed=lambda: failures.append(1))
    reads = CachedReads(Counted([a_product()]), cache, InProcessCache(60))
    began = time.monotonic()
    assert all(reads.get("KIT-1") == a_product() for _ in range(1000))
    assert time.monotonic() - began < 5 * TIMEOUT_SECONDS + 0.5
    assert len(failures) == 1
    reads.changed(at(a_product(), 5))


def test_a_redis_that_comes_back_is_used_again(redis_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the pause that follows an error."""
    cache = RedisCache(redis_url, 60, clock=clock)
    with monkeypatch.context() as broken:
        broken.setattr(cache._client, "get", lambda key: (_ for _ in ()).throw(redis.ConnectionError))
        assert cache.get("KIT-1") is None
    cache.put(a_product())
    assert cache.get("KIT-1") is None
    clock.now += 2
    cache.put(a_product())
    assert cache.get("KIT-1") == a_product()


class Replicas:
    """Two catalogs over one storage, each with its own cache or with a shared one."""

    def __init__(self, issuer: Issuer, clock: Clock, caches: Callable[[], ProductCache | None]) -> None:
        self.clock = clock
        self.store = Counted([a_product()])
        self.registries = (CollectorRegistry(), CollectorRegistry())
        self.apps = [
            create_app(
                repository=self.store,
                registry=registry,
                config=Config(service="catalog"),
                cache=caches(),
                verifier=issuer.verifier("catalog"),
                clock=clock,
                now=clock,
            )
            for registry in self.registries
        ]
        self.staff = issuer.bearer("staff-1", ["staff"], "catalog")

    def client(self, number: int) -> FlaskClient:
        return self.apps[number].test_client()

    def price(self, number: int) -> int:
        return self.client(number).get("/api/v1/products/KIT-1").json["price"]["minor_units"]

    def change(self, number: int, minor_units: int, version: int) -> None:
        body, condition = {"minor_units": minor_units, "currency": "EUR"}, {"If-Match": f'"{version}"'}
        answer = self.client(number).put("/api/v1/products/KIT-1/price", json=body, headers=self.staff | condition)
        assert answer.status_code == 200

    def look(self, number: int) -> None:
        self.apps[number].extensions["price_watch"].look()

    def seen(self, number: int, *, within: str) -> float | None:
        name = "shop_price_change_visible_seconds_bucket"
        return self.registries[number].get_sample_value(name, {"le": within})


@pytest.fixture
def replicas(issuer: Issuer, clock: Clock) -> Replicas:
    """Two with caches of their own."""
    return Replicas(issuer, clock, lambda: None)


def test_a_change_shows_at_once_where_it_is_made_and_soon_elsewhere(replicas: Replicas) -> None:
    """The other replica answers with its copy until that ends, well within the minute that is promised."""
    assert [replicas.price(0), replicas.price(1)] == [990, 990]
    replicas.change(0, 500, 1)
    assert [replicas.price(0), replicas.price(1)] == [500, 990]
    replicas.clock.now += CACHE_SECONDS
    assert CACHE_SECONDS <= 30
    assert replicas.price(1) == 500


def test_a_shared_cache_shows_a_change_everywhere_at_once(issuer: Issuer, clock: Clock, redis_url: str) -> None:
    """With Redis no replica answers with the old price after the change was answered."""
    replicas = Replicas(issuer, clock, lambda: RedisCache(redis_url, CACHE_SECONDS))
    assert [replicas.price(0), replicas.price(1)] == [990, 990]
    replicas.change(0, 500, 1)
    assert [replicas.price(0), replicas.price(1)] == [500, 500]
    assert replicas.store.asked == 2  # one read before, one by the change itself


def test_a_change_that_redis_missed_shows_where_it_was_made(
    issuer: Issuer, clock: Clock, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is away during the change and back afterwards, with the old copy: who changed the price knows better."""
    caches = [RedisCache(redis_url, CACHE_SECONDS, clock=clock) for _ in range(2)]
    replicas = Replicas(issuer, clock, iter(caches).__next__)
    assert [replicas.price(0), replicas.price(1)] == [990, 990]
    with monkeypatch.context() as away:
        away.setattr(caches[0], "_put", lambda **_: (_ for _ in ()).throw(redis.ConnectionError))
        replicas.change(0, 500, 1)
    clock.now += 2
    assert replicas.price(0) == 500
    assert replicas.price(1) == 500  # what was read from the storage has replaced the old copy


def test_the_time_until_a_change_is_seen_is_measured_in_each_replica(replicas: Replicas) -> None:
    """At once where it was made; elsewhere when the copy ended, looked at each second."""
    replicas.price(1)
    replicas.change(0, 500, 1)
    for _ in range(30):
        replicas.look(0)
        replicas.look(1)
        replicas.clock.now += 1
    assert [replicas.seen(0, within="0.5"), replicas.seen(0, within="+Inf")] == [1, 1]
    assert [replicas.seen(1, within="10.0"), replicas.seen(1, within="30.0"), replicas.seen(1, within="+Inf")] == [
        0,
        1,
        1,
    ]


def test_a_price_that_is_never_seen_is_counted_as_late(replicas: Replicas, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that is stuck on old prices fails its objective instead of saying nothing."""
    replicas.price(1)
    replicas.change(0, 500, 1)
    monkeypatch.setattr("services.catalog.domain.cached_reads.CachedReads.copy_of", lambda self, sku: a_product())
    for _ in range(400):
        replicas.look(1)
        replicas.clock.now += 1
    assert [replicas.seen(1, within="120.0"), replicas.seen(1, within="+Inf")] == [0, 1]


def test_each_change_is_counted_once(replicas: Replicas) -> None:
    """However often it is looked at, and whatever comes between; changes of before the start are not ours."""
    for version, minor_units in enumerate((500, 600, 700), 1):
        replicas.change(0, minor_units, version)
        replicas.clock.now += 7
        for _ in range(5):
            replicas.look(0)
    assert replicas.seen(0, within="+Inf") == 3
    later = create_app(
        repository=replicas.store,
        registry=(registry := CollectorRegistry()),
        config=Config(service="catalog"),
        now=replicas.clock,
    )
    later.extensions["price_watch"].look()
    assert registry.get_sample_value("shop_price_change_visible_seconds_count") == 0


def test_a_change_that_is_committed_late_is_counted(replicas: Replicas) -> None:
    """Its time may lie before that of a change which was found already."""
    replicas.clock.now += 100
    now_ms = int(replicas.clock() * 1000)
    for version, at_ms in ((2, now_ms), (3, now_ms - 10_000)):
        with replicas.store.writing() as transaction:
            product = at(transaction.product("KIT-1"), 100 + version)
            change = PriceChange(sku="KIT-1", version=version, price=product.price, at_ms=at_ms, by="u-1")
            transaction.save(product, change)
        replicas.look(1)
    assert replicas.seen(1, within="+Inf") == 2


def test_more_changes_than_one_look_takes_are_all_counted(replicas: Replicas, monkeypatch: pytest.MonkeyPatch) -> None:
    """A price list that is loaded at once: nothing is left out or counted twice."""
    monkeypatch.setattr("services.catalog.domain.price_watch.MAX_CHANGES", 4)
    for version, minor_units in zip(range(1, 12), itertools.cycle((500, 600)), strict=False):
        replicas.change(0, minor_units, version)
        replicas.clock.now += 0.01
    for _ in range(6):
        replicas.look(0)
    assert replicas.seen(0, within="+Inf") == 11
