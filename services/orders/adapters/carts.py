"""Which store keeps the carts: the service's own database, or DynamoDB where the environment names a table."""

import time
from collections.abc import Callable, Mapping

from services.orders.adapters.carts_sql import SqlCarts
from services.orders.domain.cart_ports import CartRepository
from services.shared.database import Database
from services.shared.errors import ConfigError


def open_carts(
    environ: Mapping[str, str], database: Database, *, now: Callable[[], float] = time.time
) -> CartRepository:
    """The carts that *environ* asks for: in DynamoDB's table CARTS_TABLE, or in *database* without one.

    DYNAMODB_ENDPOINT names another server than AWS's, AWS_REGION the region; credentials are AWS's own matter.

    Raises:  ConfigError: an endpoint without a table, no region, or no such endpoint.
    """
    table, endpoint = environ.get("CARTS_TABLE") or None, environ.get("DYNAMODB_ENDPOINT") or None
    if table is None:
        if endpoint is not None:
            raise ConfigError("DYNAMODB_ENDPOINT: expected CARTS_TABLE beside it")
        return SqlCarts(database, now=now)
    # boto3 is a third of a second and 18 MB that carts in SQL are spared.
    from services.orders.adapters.carts_dynamodb import DynamoCarts, dynamodb_client  # noqa: PLC0415

    client = dynamodb_client(region=environ.get("AWS_REGION") or None, endpoint=endpoint)
    return DynamoCarts(client, table, now=now)
