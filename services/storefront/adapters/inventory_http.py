"""How much is there, from the inventory; a page is shown without it where the inventory does not answer."""

from pydantic import BaseModel

from services.storefront.adapters.asking import PeerCalls, ask, good, read, segment
from services.storefront.domain.errors import StorefrontError
from services.storefront.domain.views import Availability

TIMEOUT_SECONDS = 0.4


class _Stock(BaseModel):
    available: int


class HttpStock:
    """A `Stock` that asks *peer*."""

    def __init__(self, peer: PeerCalls) -> None:
        self._peer = peer

    def availability(self, sku: str) -> Availability | None:
        try:
            path = f"/api/v1/stock/{segment(sku)}"
            reply = ask(self._peer, "get_stock", "GET", path, timeout=TIMEOUT_SECONDS, idempotent=True)
            return Availability(units=read(self._peer, _Stock, good(self._peer, reply, 200)).available)
        except StorefrontError:
            return None
