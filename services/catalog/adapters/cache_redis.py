"""Copies of products in Redis, which all replicas share: a price changed in one of them is new in all at once.

Redis is a help, never a need: every wait is bounded, an error is a miss, and after an error it is left alone a while.
"""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.catalog.domain.errors import CatalogError
from services.catalog.domain.product import Money, Product

_LOGGER = logging.getLogger(__name__)
# A read from the database takes about a millisecond: waiting longer for a copy of it would be no help.
TIMEOUT_SECONDS = 0.05
PAUSE_SECONDS = 1.0
MAX_CONNECTIONS = 16
# Of the shape of a copy: a release that changes it takes another number, and neither reads the other's.
_PREFIX = "catalog:product:1:"
# KEYS: the copy's. ARGV: its version, itself, its milliseconds. In one step, as others write between two.
_PUT_UNLESS_LATER = """
local held = redis.call('GET', KEYS[1])
if held then
  local read, copy = pcall(cjson.decode, held)
  if read and type(copy) == 'table' and type(copy.version) == 'number' and copy.version > tonumber(ARGV[1]) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class RedisCache:
    """A `ProductCache` in the Redis at *url* that holds each copy for *seconds*.

    Args:    failed: told of each error; for a metric. clock: monotonic seconds.
    Raises:  ValueError: not the address of a Redis.
    """

    def __init__(
        self,
        url: str,
        seconds: float,
        *,
        failed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            max_connections=MAX_CONNECTIONS,
            # One attempt, whatever the client's release does by itself: several with pauses would hold a reader up.
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
            decode_responses=True,
        )
        self._put = self._client.register_script(_PUT_UNLESS_LATER)
        self._milliseconds = int(seconds * 1000)
        self._failed = failed
        self._clock = clock
        self._left_alone_until = 0.0

    def get(self, sku: str) -> Product | None:
        held = self._ask(lambda: self._client.get(_PREFIX + sku))
        return None if held is None else _parse(held)

    def put(self, product: Product) -> None:
        text = json.dumps(_fields(product), ensure_ascii=False)
        arguments: list[str | int] = [product.version, text, self._milliseconds]
        self._ask(lambda: self._put(keys=[_PREFIX + product.sku], args=[*arguments]))

    def _ask(self, question: Callable[[], Any]) -> Any:
        """The answer; None when there is none in time."""
        if self._clock() < self._left_alone_until:
            return None
        try:
            return question()
        except (redis.RedisError, OSError, ValueError) as error:
            self._left_alone_until = self._clock() + PAUSE_SECONDS
            self._failed()
            # By its kind: its text may hold an address.
            _LOGGER.warning("the cache did not answer", extra={"error": type(error).__name__})
            return None


def _fields(product: Product) -> dict[str, str | int]:
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        "minor_units": product.price.minor_units,
        "currency": product.price.currency,
        "version": product.version,
    }


def _parse(text: str) -> Product | None:
    """The copy in *text*; None where somebody else has written there."""
    try:
        fields = json.loads(text)
        price = Money(minor_units=fields.pop("minor_units"), currency=fields.pop("currency"))
        return Product(**fields, price=price)
    except (ValueError, TypeError, KeyError, AttributeError, CatalogError):
        return None
