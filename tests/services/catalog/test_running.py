"""The catalog as production runs it: gunicorn, its own database, a real Redis, tokens of an issuer."""

import json
import time
from collections.abc import Iterator

import psutil
import pytest

from services.shared import migrate
from services.shared.database import open_database
from services.shared.issuer import Issuer
from tests.services import running
from tests.services.running import Service, serving

PRODUCT = "/api/v1/products/KIT-1001"
MAX_PSS_MIB = 110


@pytest.fixture(scope="module")
def catalog(issuer: Issuer) -> Iterator[Service]:
    """A catalog that was told whom to trust, and nothing else."""
    with serving(environ={"JWKS_FILE": str(issuer.jwks_file)}) as service:
        yield service


def change_price(service: Service, issuer: Issuer, minor_units: int, sku: str = "KIT-1001") -> int:
    """Give the product *sku* another price; the status."""
    etag = service.ask(f"/api/v1/products/{sku}").headers["etag"]
    body = json.dumps({"minor_units": minor_units, "currency": "EUR"}).encode()
    headers = issuer.bearer("staff-1", ["staff"], "catalog") | {"If-Match": etag, "Content-Type": "application/json"}
    return service.ask(f"/api/v1/products/{sku}/price", "PUT", body, headers).status


def price(service: Service, sku: str = "KIT-1001") -> int:
    """What the product *sku* costs there."""
    found: int = service.ask(f"/api/v1/products/{sku}").json()["price"]["minor_units"]
    return found


def sample(service: Service, name: str) -> float:
    """The value of a metric, by its name and labels as the page shows them."""
    lines = service.ask("/metrics").body.decode().splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " ")), 0.0)


def test_a_new_catalog_is_full(catalog: Service) -> None:
    """Its database is made and seeded at the first start, without anybody's help."""
    assert catalog.ask("/readyz").status == 200
    items = catalog.ask("/api/v1/categories").json()["items"]
    assert sum(each["products"] for each in items) == 500


def test_a_changed_price_is_seen_and_measured(catalog: Service, issuer: Issuer) -> None:
    """At once by readers, within two seconds on the metrics page."""
    before = sample(catalog, "shop_price_change_visible_seconds_count")
    assert change_price(catalog, issuer, 4321) == 200
    assert price(catalog) == 4321
    deadline = time.monotonic() + 5
    while sample(catalog, "shop_price_change_visible_seconds_count") == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    late = sample(catalog, "shop_price_change_visible_seconds_count")
    assert sample(catalog, 'shop_price_change_visible_seconds_bucket{le="5.0"}') == late == before + 1


def test_it_stays_small(catalog: Service) -> None:
    """Both its processes together, and the series that it exports."""
    for path in ("/api/v1/products", PRODUCT, "/api/v1/products?q=linen&sort=name", "/api/v1/categories"):
        for _ in range(20):
            catalog.ask(path)
    master = psutil.Process(catalog.process.pid)
    pss = sum(each.memory_full_info().pss for each in (master, *master.children(recursive=True))) / 2**20
    lines = [line for line in catalog.ask("/metrics").body.decode().splitlines() if not line.startswith("#")]
    print(f"PSS {pss:.0f} MiB, {len(lines)} series")
    assert pss <= MAX_PSS_MIB
    assert len(lines) < 1000


def test_prices_outlive_the_process(issuer: Issuer, tmp_path) -> None:
    """A second start finds what the first one left, and does not seed over it."""
    environ = {"JWKS_FILE": str(issuer.jwks_file), "DATA_DIR": str(tmp_path / "new" / "folder")}
    with serving(environ=environ) as service:
        assert change_price(service, issuer, 1) == 200
        service.process.kill()
    with serving(environ=environ) as service:
        assert price(service) == 1


def test_replicas_share_postgresql_and_redis(issuer: Issuer, postgres_url: str, redis_url: str) -> None:
    """Two processes: what one changes the other shows at once; without its database a copy is still served."""
    database = open_database(postgres_url)
    migrate.upgrade(database, "catalog")
    token = "a-token-for-faults-in-tests"
    environ = {
        "JWKS_FILE": str(issuer.jwks_file),
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "SEED": "1",
        "FAULT_TOKEN": token,
    }
    with serving(environ=environ) as one, serving(environ=environ) as other:
        assert [price(one), price(other)] == [3990, 3990]
        assert change_price(one, issuer, 5) == 200
        assert [price(one), price(other)] == [5, 5]
        assert sample(one, 'cache_errors_total{cache="products"}') == 0
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        fault = b'{"fault": "database-down", "seconds": 60}'
        assert other.ask("/internal/faults", "POST", fault, headers).status == 201
        assert price(other) == 5
        refused = other.ask("/api/v1/products")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert other.ask("/readyz").status == 503
    database.close()


def test_a_postgresql_that_nobody_migrated_is_not_ready(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process lives and says what it waits for; it neither migrates nor fills what others share."""
    monkeypatch.setattr(running, "START_SECONDS", 6)
    with (
        pytest.raises(RuntimeError, match=r"at revision none, this code needs 0002"),
        serving(environ={"DATABASE_URL": postgres_url, "SEED": "1"}),
    ):
        pass
