"""Copies of products in this process, for a while."""

import threading
import time
from collections.abc import Callable

from services.catalog.domain.product import Product

# The whole catalogue, several times over; what is beyond it pushes out what came first.
MAX_PRODUCTS = 5000


class InProcessCache:
    """A `ProductCache` that holds each copy for *seconds*, read off *clock* (monotonic)."""

    def __init__(
        self, seconds: float, *, clock: Callable[[], float] = time.monotonic, size: int = MAX_PRODUCTS
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._size = size
        self._lock = threading.Lock()
        # SKU → when the copy ends, and the copy; the oldest first.
        self._copies: dict[str, tuple[float, Product]] = {}

    def get(self, sku: str) -> Product | None:
        until, product = self._copies.get(sku, (0.0, None))
        return product if self._clock() < until else None

    def put(self, product: Product) -> None:
        with self._lock:
            held = self.get(product.sku)
            # Whoever read before a change may come to write after it.
            if held is not None and held.version > product.version:
                return
            self._copies.pop(product.sku, None)
            if len(self._copies) >= self._size:
                del self._copies[next(iter(self._copies))]
            self._copies[product.sku] = (self._clock() + self._seconds, product)
