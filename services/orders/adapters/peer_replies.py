"""What is alike in what all peers are told and reply."""

from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol

from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.outbound import Reply


class PeerCalls(Protocol):
    """What is used of services.shared.outbound.Peer."""

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float,
        idempotent: bool,
    ) -> Reply: ...


def rfc3339(at_ms: int) -> str:
    """A moment as every API of ours writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def code_of(reply: Reply) -> str:
    """The code of a problem; empty where the reply is none."""
    return str(reply.json.get("code", "")) if isinstance(reply.json, dict) else ""


def unexpected(peer: str, operation: str, reply: Reply) -> NoReturn:
    """Raise what *reply*, which this version does not understand, leaves to believe.

    Raises:  PeerUnavailable: we were not let in, so that nothing has happened.  PeerUnknown: anything else.
    """
    said = f"{peer}: {operation}: status {reply.status} {code_of(reply)[:64]}"
    raise (PeerUnavailable if reply.status in (401, 403) else PeerUnknown)(said)
