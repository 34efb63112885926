"""One way of asking the other services: what fails is `Unreachable`, what is refused is `Refused` or `NotFound`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.http_exchange import Limited
from services.shared.outbound import Reply
from services.storefront.domain.errors import TOO_MANY, NotFound, Refused, SignedOut, Unreachable
from services.storefront.domain.money import Money

Shape = TypeVar("Shape", bound=BaseModel)


class PeerCalls(Protocol):
    """What is used of services.shared.outbound.Peer."""

    name: str

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,
        idempotent: bool,
    ) -> Reply: ...


class Amount(BaseModel):
    """An amount of money, in every service's answers."""

    minor_units: int
    currency: str

    def money(self) -> Money:
        """The same in our terms."""
        return Money(minor_units=self.minor_units, currency=self.currency)


def ask(  # the call's own parameters
    peer: PeerCalls,
    operation: str,
    method: str,
    path: str,
    *,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout: float,
    idempotent: bool,
) -> Reply:
    """The peer's answer.

    Raises:  Unreachable.  Refused: too many requests.
    """
    try:
        return peer.call(operation, method, path, json=json, headers=headers, timeout=timeout, idempotent=idempotent)
    except Limited as error:
        raise Refused(TOO_MANY, retry_after_seconds=error.retry_after_seconds) from error
    except PeerUnavailable as error:
        raise Unreachable(peer.name, retry_after_seconds=error.retry_after_seconds) from error
    except PeerUnknown as error:
        raise Unreachable(peer.name, may_have_happened=True) from error


def good(peer: PeerCalls, reply: Reply, *statuses: int) -> Reply:
    """*reply*, where it has one of *statuses*.

    Raises:  NotFound: 404.  SignedOut: 401.  Refused: any other.
    """
    if reply.status in statuses:
        return reply
    code = code_of(reply)
    if reply.status == 404:
        raise NotFound(code or peer.name)
    if reply.status == 401:
        raise SignedOut
    raise Refused(code or f"status_{reply.status}", details=reply.json)


def code_of(reply: Reply) -> str:
    """The code of a problem; empty where the reply is none."""
    return str(reply.json.get("code", ""))[:64] if isinstance(reply.json, dict) else ""


def read(peer: PeerCalls, shape: type[Shape], reply: Reply) -> Shape:
    """What *reply* says, in *shape*; members that came later are not looked at.

    Raises:  Unreachable: it says something else.
    """
    try:
        return shape.model_validate(reply.json)
    except ValidationError as error:
        raise Unreachable(peer.name, may_have_happened=True) from error


def bearer(access: str) -> dict[str, str]:
    """The header that says who asks."""
    return {"Authorization": f"Bearer {access}"}


def segment(text: str) -> str:
    """*text* as one part of a path, whatever is in it.

    Raises:  NotFound: nothing can be called so.
    """
    if not text or text in (".", "..") or len(text) > 128:
        raise NotFound("path")
    return quote(text, safe="")


def moment(text: str) -> datetime:
    """A time as every API of ours writes it.

    Raises:  ValueError
    """
    return datetime.fromisoformat(text)
