"""Carts in DynamoDB: one item a cart, each write conditional on the version, expiry left to the table's TTL.

Importing this module loads boto3, some 18 MB: whoever keeps carts elsewhere does not import it. Terraform makes the
table in production; `create_table` makes the same for tests and for one machine.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from services.orders.domain.cart import Cart, CartLine, CartState
from services.orders.domain.cart_errors import CartChanged, CartNotFound
from services.orders.domain.money import Money
from services.shared import deadline
from services.shared.errors import ConfigError, DatabaseUnavailable

KEY = "cart_id"
# In Unix seconds, as DynamoDB wants it; it deletes within days of that, so readers look at it, too.
TTL_ATTRIBUTE = "expires_at"
# Open carts by their owner: no other item has the attribute, and so none is in the index.
OWNER_INDEX, OWNER_ATTRIBUTE, CHANGED_ATTRIBUTE = "open_by_owner", "open_owner", "updated_at_ms"
CONNECT_TIMEOUT_SECONDS = 0.5
READ_TIMEOUT_SECONDS = 1.0
# With the pause between them (up to 1 s), 3 s at most: a checkout has 5.
ATTEMPTS = 2
# As many as the server has threads, and the worker's.
MAX_CONNECTIONS = 16
_CONDITION_FAILED = "ConditionalCheckFailedException"
_AT_VERSION = "#version = :expected"
_VERSION_NAME = {"#version": "version"}


def dynamodb_client(*, region: str | None = None, endpoint: str | None = None) -> Any:
    """A client whose calls end within ATTEMPTS times both timeouts; safe to share between threads.

    Args:    region, endpoint: None leaves both to AWS's own variables and files.
    Raises:  ConfigError: no region, or an endpoint that is no URL.
    """
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=MAX_CONNECTIONS,
    )
    try:
        return boto3.session.Session().client("dynamodb", region_name=region, endpoint_url=endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(f"DynamoDB: no client for region {region!r}, endpoint {endpoint!r}") from error


class DynamoCarts:
    """A `CartRepository` in the DynamoDB table *table*.

    Args:    client: see `dynamodb_client`. now: Unix seconds.
    """

    def __init__(self, client: Any, table: str, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table
        self._now = now

    def create(self, cart: Cart) -> None:
        item = _item(cart)
        try:
            with _bounded():
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression=f"attribute_not_exists({KEY})",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except _ConditionFailed as failed:
            if not failed.wrote(item):
                raise CartChanged(cart.cart_id) from failed

    def get(self, cart_id: str) -> Cart:
        # Consistent: a client that has just changed its cart must see it.
        with _bounded():
            answer = self._client.get_item(TableName=self._table, Key=_key(cart_id), ConsistentRead=True)
        found = answer.get("Item")
        if found is None:
            raise CartNotFound(cart_id)
        cart = _cart(found)
        if cart.expires_at_ms <= self._now() * 1000:
            raise CartNotFound(cart_id)
        return cart

    def save(self, cart: Cart, expected_version: int) -> None:
        item = _item(cart)
        try:
            with _bounded():
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **_at(expected_version),
                )
        except _ConditionFailed as failed:
            if not failed.wrote(item):
                raise failed.meaning(cart.cart_id) from failed

    def delete(self, cart_id: str, expected_version: int) -> None:
        try:
            with _bounded():
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(cart_id),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **_at(expected_version),
                )
        except _ConditionFailed as failed:
            raise failed.meaning(cart_id) from failed

    def open_of(self, owner: str, *, limit: int) -> tuple[Cart, ...]:
        with _bounded():
            answer = self._client.query(
                TableName=self._table,
                IndexName=OWNER_INDEX,
                KeyConditionExpression=f"{OWNER_ATTRIBUTE} = :owner",
                ExpressionAttributeValues={":owner": {"S": owner}},
                ScanIndexForward=False,
                Limit=limit,
            )
        # The index follows the table in a moment: what it names may be ordered or gone by now.
        found = tuple(self._there(each[KEY]["S"]) for each in answer["Items"])
        return tuple(cart for cart in found if cart is not None and cart.state is CartState.OPEN)

    def _there(self, cart_id: str) -> Cart | None:
        try:
            return self.get(cart_id)
        except CartNotFound:
            return None

    def check(self) -> None:
        """A read of an item that is not there: DescribeTable is metered far below what readiness probes ask.

        Raises:  DatabaseUnavailable: no table, no permission, no answer.
        """
        with _bounded():
            self._client.get_item(TableName=self._table, Key=_key("readiness"), ProjectionExpression=KEY)


def create_table(client: Any, table: str) -> None:
    """Make *table* as Terraform makes it in production, and wait until it is there; for tests and one machine.

    One that is there already is left as it is, but for its TTL.

    Raises:  DatabaseUnavailable
    """
    with _bounded(), contextlib.suppress(client.exceptions.ResourceInUseException):
        client.create_table(
            TableName=table,
            AttributeDefinitions=[
                {"AttributeName": KEY, "AttributeType": "S"},
                {"AttributeName": OWNER_ATTRIBUTE, "AttributeType": "S"},
                {"AttributeName": CHANGED_ATTRIBUTE, "AttributeType": "N"},
            ],
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": OWNER_INDEX,
                    "KeySchema": [
                        {"AttributeName": OWNER_ATTRIBUTE, "KeyType": "HASH"},
                        {"AttributeName": CHANGED_ATTRIBUTE, "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    with _bounded():
        client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        live = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        # To switch on what is on is an error to DynamoDB.
        if live["TimeToLiveStatus"] == "DISABLED":
            client.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
            )


class _ConditionFailed(Exception):
    """A write whose condition did not hold, with the item as it is there; None when there is none."""

    def __init__(self, found: Mapping[str, Any] | None) -> None:
        super().__init__("the condition of a write did not hold")
        self._found = found

    def wrote(self, item: Mapping[str, Any]) -> bool:
        """Whether that is *item* itself: the client's own retry met what its first attempt had done."""
        return self._found is not None and self._found.get("write_id") == item["write_id"]

    def meaning(self, cart_id: str) -> CartChanged | CartNotFound:
        """The failure in the domain's terms."""
        return CartNotFound(cart_id) if self._found is None else CartChanged(cart_id)


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """AWS's errors as ours.

    Raises:  DatabaseUnavailable, _ConditionFailed.  DeadlineExceeded: nobody waits any more, so nothing is asked.
    """
    deadline.check()
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == _CONDITION_FAILED:
            raise _ConditionFailed(error.response.get("Item") or None) from error
        raise DatabaseUnavailable("the table of carts cannot be used") from error
    except BotoCoreError as error:
        raise DatabaseUnavailable("the table of carts did not answer in time") from error


def _key(cart_id: str) -> dict[str, Any]:
    return {KEY: {"S": cart_id}}


def _at(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": _AT_VERSION,
        "ExpressionAttributeNames": _VERSION_NAME,
        "ExpressionAttributeValues": {":expected": {"N": str(version)}},
    }


def _item(cart: Cart) -> dict[str, Any]:
    is_open = cart.state is CartState.OPEN
    return {
        KEY: {"S": cart.cart_id},
        "owner": {"S": cart.owner},
        **({OWNER_ATTRIBUTE: {"S": cart.owner}} if is_open else {}),
        "state": {"S": cart.state.value},
        "version": {"N": str(cart.version)},
        CHANGED_ATTRIBUTE: {"N": str(cart.updated_at_ms)},
        TTL_ATTRIBUTE: {"N": str(-(-cart.expires_at_ms // 1000))},
        "lines": {"L": [{"M": _stored(line)} for line in cart.lines]},
        "write_id": {"S": uuid.uuid4().hex},
    }


def _stored(line: CartLine) -> dict[str, Any]:
    return {
        "sku": {"S": line.sku},
        "quantity": {"N": str(line.quantity)},
        "unit_price_minor_units": {"N": str(line.unit_price.minor_units)},
        "currency": {"S": line.unit_price.currency},
        "name": {"S": line.name},
    }


def _cart(item: Mapping[str, Any]) -> Cart:
    return Cart(
        cart_id=item[KEY]["S"],
        owner=item["owner"]["S"],
        lines=tuple(_line(each["M"]) for each in item["lines"]["L"]),
        state=CartState(item["state"]["S"]),
        version=int(item["version"]["N"]),
        updated_at_ms=int(item[CHANGED_ATTRIBUTE]["N"]),
    )


def _line(stored: Mapping[str, Any]) -> CartLine:
    price = Money(minor_units=int(stored["unit_price_minor_units"]["N"]), currency=stored["currency"]["S"])
    return CartLine(
        sku=stored["sku"]["S"], quantity=int(stored["quantity"]["N"]), unit_price=price, name=stored["name"]["S"]
    )
