"""The stock, asked over inventory's API."""

from collections.abc import Sequence
from typing import Any, NoReturn

from services.orders.adapters.peer_replies import PeerCalls, code_of, rfc3339, unexpected
from services.orders.domain.cart import CartLine
from services.orders.domain.order_errors import OutOfStock, ReservationClosed, ReservationCommitted, Shortage
from services.shared.errors import PeerUnknown
from services.shared.outbound import Reply
from services.shared.outbox import Event

# Inventory answers 99 % within a fifth of it; what is left of a checkout's five seconds is the gateway's.
TIMEOUT_SECONDS = 0.5
# Nobody waits for an event.
EVENT_TIMEOUT_SECONDS = 5.0
_RESERVATIONS = "/api/v1/reservations"


class HttpInventory:
    """`Inventory` behind *peer*. The order's id is the reservation's, so that every call may be repeated."""

    def __init__(self, peer: PeerCalls) -> None:
        self._peer = peer

    def reserve(self, reference: str, lines: Sequence[CartLine], *, ttl_seconds: int) -> None:
        wanted = [{"sku": line.sku, "quantity": line.quantity} for line in lines]
        body = {"ref": reference, "lines": wanted, "ttl_seconds": ttl_seconds}
        reply = self._call("reserve", _RESERVATIONS, body)
        if reply.status in (200, 201):
            return
        if reply.status == 409 and code_of(reply) == "out_of_stock":
            raise OutOfStock(_shortages(reply, lines))
        self._refused("reserve", reply)

    def extend(self, reference: str, *, ttl_seconds: int) -> None:
        self._change("extend", reference, {"ttl_seconds": ttl_seconds})

    def commit(self, reference: str) -> None:
        self._change("commit", reference)

    def release(self, reference: str) -> None:
        reply = self._call("release", f"{_RESERVATIONS}/{reference}/release")
        if reply.status == 409 and code_of(reply) == "reservation_committed":
            raise ReservationCommitted(reference)
        if reply.status != 200:
            unexpected("inventory", "release", reply)

    def take_back(self, reference: str) -> None:
        self._change("return", reference)

    def tell(self, event: Event) -> None:
        """Deliver *event*.

        Raises:  PeerUnavailable, PeerUnknown: it has to be sent again.
        """
        body = {
            "event_id": event.event_id,
            "type": event.type,
            "occurred_at": rfc3339(event.occurred_at_ms),
            "data": {"order_id": event.subject},
        }
        reply = self._call("event", "/api/v1/events", body, timeout=EVENT_TIMEOUT_SECONDS)
        if reply.status != 200:
            unexpected("inventory", "event", reply)

    def _change(self, operation: str, reference: str, body: Any = None) -> None:
        reply = self._call(operation, f"{_RESERVATIONS}/{reference}/{operation}", body)
        if reply.status != 200:
            self._refused(operation, reply)

    def _refused(self, operation: str, reply: Reply) -> NoReturn:
        if reply.status in (404, 409) and code_of(reply).startswith("reservation_"):
            raise ReservationClosed(code_of(reply))
        unexpected("inventory", operation, reply)

    def _call(self, operation: str, path: str, body: Any = None, *, timeout: float = TIMEOUT_SECONDS) -> Reply:
        return self._peer.call(operation, "POST", path, json=body, timeout=timeout, idempotent=True)


def _shortages(reply: Reply, lines: Sequence[CartLine]) -> tuple[Shortage, ...]:
    """The lines that inventory names; it knows them by SKU, of which an order has each once.

    Raises:  PeerUnknown: it names none of ours.
    """
    places = {line.sku: number for number, line in enumerate(lines)}
    try:
        found = [
            Shortage(
                line=places[each["sku"]],
                sku=each["sku"],
                requested=lines[places[each["sku"]]].quantity,
                available=max(0, int(each["available"])),
            )
            for each in reply.json["lines"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise PeerUnknown("inventory: reserve: the reply names no line of ours") from error
    return tuple(sorted(found, key=lambda shortage: shortage.line))
