"""The stores that carts can be kept in, each real: memory, both databases, and DynamoDB as moto serves it."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from werkzeug.serving import WSGIRequestHandler, make_server

from local.postgres import for_libpq
from services.orders.adapters.carts_dynamodb import DynamoCarts, create_table, dynamodb_client
from services.orders.adapters.carts_memory import InMemoryCarts
from services.orders.adapters.carts_sql import SqlCarts
from services.orders.cart_api import cart_pages
from services.orders.domain.cart_ports import CartRepository
from services.shared import migrate
from services.shared.database import Database, open_database
from tests.services.orders.cart_app import Catalog, Shop, Words, make_app

NOW = 1_800_000_000.0
REGION = "eu-central-1"
THREADS = 16


class Clock:
    """Unix seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    @property
    def ms(self) -> int:
        """The same in milliseconds."""
        return int(self.now * 1000)


class _OneByOne:
    """moto checks a condition and then writes, in two steps; DynamoDB does both as one, and so does this."""

    def __init__(self) -> None:
        # A second that tests without DynamoDB are spared.
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            return self._app(environ, start_response)


class _Quiet(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        """Say nothing of each request."""


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> Iterator[str]:
    """Address of a DynamoDB of this run's own."""
    server = make_server("127.0.0.1", 0, _OneByOne(), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@contextlib.contextmanager
def _aws() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/nonexistent"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ):
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        yield patch


@pytest.fixture
def aws() -> Iterator[None]:
    """Credentials that no real AWS knows, and nothing of what this machine is set to."""
    with _aws():
        yield


@pytest.fixture(scope="session")
def dynamodb(dynamodb_endpoint: str) -> Iterator[Any]:
    """A client of that DynamoDB."""
    with _aws():
        client = dynamodb_client(region=REGION, endpoint=dynamodb_endpoint)
    yield client
    client.close()


@pytest.fixture(scope="session")
def dynamodb_table(dynamodb: Any) -> str:
    """A table of carts in it, the same for all tests: each makes carts of its own."""
    create_table(dynamodb, "carts")
    return "carts"


@pytest.fixture(scope="session")
def postgres_carts(postgres_server: str) -> Iterator[Database]:
    """A migrated PostgreSQL database, the same for all tests."""
    name = "orders_carts"
    with psycopg.connect(for_libpq(postgres_server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    database = open_database(f"{postgres_server.rpartition('/')[0]}/{name}", pool_size=THREADS)
    migrate.upgrade(database, "orders")
    yield database
    database.close()


@pytest.fixture
def sqlite_carts(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite file."""
    database = open_database(f"sqlite:///{tmp_path / 'orders.db'}", pool_size=THREADS)
    migrate.upgrade(database, "orders")
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    """The time as the carts' store sees it."""
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "postgresql", "dynamodb"])
def carts(request: pytest.FixtureRequest, clock: Clock) -> CartRepository:
    """A `CartRepository` of each kind."""
    if request.param == "memory":
        return InMemoryCarts(now=clock)
    if request.param == "dynamodb":
        table = request.getfixturevalue("dynamodb_table")
        return DynamoCarts(request.getfixturevalue("dynamodb"), table, now=clock)
    database = request.getfixturevalue("sqlite_carts" if request.param == "sqlite" else "postgres_carts")
    return SqlCarts(database, now=clock)


@pytest.fixture
def open_shop(clock: Clock) -> Callable[[CartRepository], Shop]:
    """Makes shops over a store of carts."""

    def make(carts: CartRepository) -> Shop:
        catalog, steps, used = Catalog(), list[str](), set[str]()
        pages = cart_pages(carts, catalog, now=clock, count_step=steps.append, used=used.intersection)  # type: ignore[arg-type]
        return Shop(make_app(pages, Words()), carts, catalog, steps, used)

    return make


@pytest.fixture
def shop(open_shop: Callable[[CartRepository], Shop], clock: Clock) -> Shop:
    """The API over carts in memory."""
    return open_shop(InMemoryCarts(now=clock))
