"""services/orders/adapters/carts_dynamodb.py: what only DynamoDB has."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.orders.adapters.carts import open_carts
from services.orders.adapters.carts_dynamodb import ATTEMPTS, DynamoCarts, create_table, dynamodb_client
from services.orders.adapters.carts_sql import SqlCarts
from services.orders.domain.cart import LIFETIME_MS, CartLine, mark_ordered, new_cart, put_item
from services.orders.domain.cart_errors import CartChanged
from services.orders.domain.money import Money
from services.shared import deadline
from services.shared.database import open_database
from services.shared.errors import ConfigError, DatabaseUnavailable, DeadlineExceeded

ROOT = Path(__file__).parents[3]
NOW_MS = 1_800_000_000_123
LINE = CartLine(sku="PAN-1", quantity=2, unit_price=Money(minor_units=250, currency="EUR"), name="Pan")


@pytest.fixture
def dynamo_carts(dynamodb: Any, dynamodb_table: str) -> DynamoCarts:
    """The carts of this test's own table."""
    return DynamoCarts(dynamodb, dynamodb_table, now=lambda: NOW_MS / 1000)


def test_the_table_forgets_by_the_attribute_that_carts_carry(
    dynamodb: Any, dynamodb_table: str, dynamo_carts: DynamoCarts
) -> None:
    """TTL is on; the attribute is whole Unix seconds, not before the cart's own end, and grows with a change."""
    cart = new_cart(owner="u-1", now_ms=NOW_MS)
    dynamo_carts.create(cart)
    live = dynamodb.describe_time_to_live(TableName=dynamodb_table)["TimeToLiveDescription"]
    assert live == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}

    def expires_at() -> str:
        found = dynamodb.get_item(TableName=dynamodb_table, Key={"cart_id": {"S": cart.cart_id}})
        return found["Item"]["expires_at"]["N"]

    assert expires_at() == str((NOW_MS + LIFETIME_MS) // 1000 + 1)
    dynamo_carts.save(put_item(cart, LINE, now_ms=NOW_MS + 5000), cart.version)
    assert expires_at() == str((NOW_MS + LIFETIME_MS) // 1000 + 6)


class AnswerLost:
    """A client whose writes happen, and are then sent again, as its own retry does after a lost answer."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **arguments: Any) -> Any:
        self._client.put_item(**arguments)
        return self._client.put_item(**arguments)


def test_a_write_that_meets_itself_has_succeeded(dynamodb: Any, dynamodb_table: str, dynamo_carts: DynamoCarts) -> None:
    """The retry after a lost answer fails its condition; that is no lost race."""
    cautious = DynamoCarts(AnswerLost(dynamodb), dynamodb_table, now=lambda: NOW_MS / 1000)
    cart = put_item(new_cart(owner="u-1", now_ms=NOW_MS), LINE, now_ms=NOW_MS)
    cautious.create(cart)
    ordered = mark_ordered(cart, now_ms=NOW_MS)
    cautious.save(ordered, cart.version)
    assert dynamo_carts.get(cart.cart_id) == ordered


def test_the_same_change_by_somebody_else_is_a_lost_race(dynamo_carts: DynamoCarts) -> None:
    """Two that order one cart at the same millisecond write the same: still only one has done it."""
    cart = put_item(new_cart(owner="u-1", now_ms=NOW_MS), LINE, now_ms=NOW_MS)
    dynamo_carts.create(cart)
    ordered = mark_ordered(cart, now_ms=NOW_MS)
    dynamo_carts.save(ordered, cart.version)
    with pytest.raises(CartChanged):
        dynamo_carts.save(ordered, cart.version)


@pytest.fixture
def silent() -> Iterator[tuple[str, list[Any]]]:
    """A server that takes connections and never answers, and those that it took."""
    taken: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def accept() -> None:
            try:
                while True:
                    taken.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", taken
        server.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)
    for connection in taken:
        connection.close()


def test_a_server_that_is_silent_costs_a_bounded_time(aws: None, silent: tuple[str, list[Any]]) -> None:
    """It is asked as often as configured, and given up then."""
    endpoint, taken = silent
    carts = DynamoCarts(dynamodb_client(region="eu-central-1", endpoint=endpoint), "carts")
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        carts.check()
    assert len(taken) == ATTEMPTS
    assert time.monotonic() - began < 10


def test_a_server_that_is_gone_is_unavailable(aws: None) -> None:
    """For every method."""
    carts = DynamoCarts(dynamodb_client(region="eu-central-1", endpoint="http://127.0.0.1:1"), "carts")
    cart = new_cart(owner="u-1", now_ms=NOW_MS)
    with pytest.raises(DatabaseUnavailable):
        carts.save(cart, 1)


def test_nothing_is_asked_for_nobody(dynamo_carts: DynamoCarts) -> None:
    """Once the caller has stopped waiting, no call is begun."""
    with deadline.within(0), pytest.raises(DeadlineExceeded):
        dynamo_carts.check()


def test_a_table_that_is_not_there_fails_the_check(dynamodb: Any) -> None:
    """Readiness finds it, before a request does."""
    carts = DynamoCarts(dynamodb, "carts-nowhere")
    with pytest.raises(DatabaseUnavailable):
        carts.check()
    with pytest.raises(DatabaseUnavailable):
        carts.get(new_cart(owner="u-1", now_ms=NOW_MS).cart_id)


def test_a_table_is_made_once(dynamodb: Any, dynamodb_table: str, dynamo_carts: DynamoCarts) -> None:
    """One that is there is left alone, with its carts."""
    cart = new_cart(owner="u-1", now_ms=NOW_MS)
    dynamo_carts.create(cart)
    create_table(dynamodb, dynamodb_table)
    assert dynamo_carts.get(cart.cart_id) == cart


def test_the_environment_chooses_the_store(
    aws: None, tmp_path: Path, dynamodb_endpoint: str, dynamodb_table: str
) -> None:
    """A table's name means DynamoDB; nothing means the service's own database."""
    database = open_database(f"sqlite:///{tmp_path}/orders.db")
    assert isinstance(open_carts({"CARTS_TABLE": ""}, database), SqlCarts)
    environ = {"CARTS_TABLE": dynamodb_table, "DYNAMODB_ENDPOINT": dynamodb_endpoint, "AWS_REGION": "eu-central-1"}
    carts = open_carts(environ, database)
    assert isinstance(carts, DynamoCarts)
    carts.check()
    database.close()


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        pytest.param({"DYNAMODB_ENDPOINT": "http://127.0.0.1:1"}, "CARTS_TABLE", id="an endpoint without a table"),
        pytest.param({"CARTS_TABLE": "carts"}, "region", id="no region"),
        pytest.param(
            {"CARTS_TABLE": "carts", "AWS_REGION": "eu-central-1", "DYNAMODB_ENDPOINT": "nowhere"},
            "endpoint",
            id="an endpoint that is no URL",
        ),
    ],
)
def test_half_a_setting_is_refused_at_the_start(aws: None, tmp_path: Path, environ: dict[str, str], word: str) -> None:
    """The message names what is missing or wrong."""
    database = open_database(f"sqlite:///{tmp_path}/orders.db")
    with pytest.raises(ConfigError, match=word):
        open_carts(environ, database)
    database.close()


def test_carts_in_sql_load_no_boto3() -> None:
    """Its memory is spent only where DynamoDB is chosen."""
    program = (
        "import sys, services.orders.cart_api, services.orders.adapters.catalog_http\n"
        "from services.orders.adapters.carts import open_carts\n"
        "from services.shared.database import open_database\n"
        "open_carts({}, open_database('sqlite:////tmp/never-opened.db'))\n"
        "print([name for name in sys.modules if name.startswith('boto')])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.stdout, run.stderr) == ("[]\n", "")
