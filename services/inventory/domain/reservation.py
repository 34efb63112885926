"""A reservation: units held under a ref until they are sold or given back, and the ways that it can go.

HELD → COMMITTED → RETURNED, or HELD → RELEASED | EXPIRED. A ref that was released before it was ever reserved is
RELEASED without lines: a tombstone, so that the reservation that comes too late is refused.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.inventory.domain.stock import Kind, Line

REF_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
MAX_LINES = 100
MAX_TTL_SECONDS = 3600
DEFAULT_TTL_SECONDS = 600


class State(StrEnum):
    """Where a reservation is."""

    HELD = "HELD"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    RETURNED = "RETURNED"


# Nothing is held or sold any more, and nothing will be.
CLOSED = frozenset({State.RELEASED, State.EXPIRED, State.RETURNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What is held under *ref*. `lines` are by ascending SKU, one a SKU; times are Unix milliseconds."""

    ref: str
    state: State
    lines: tuple[Line, ...]
    expires_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A reservation after what was asked for; *repeated*: it was so before, and nothing has changed."""

    reservation: Reservation
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change of state does to the stock of each line: −1, 0 or 1 times its quantity."""

    on_hand: int = 0
    reserved: int = 0
    movement: Kind | None = None


# Every change of state that there is.
EFFECTS = {
    (State.HELD, State.COMMITTED): Effect(on_hand=-1, reserved=-1, movement=Kind.SELL),
    (State.HELD, State.RELEASED): Effect(reserved=-1),
    (State.HELD, State.EXPIRED): Effect(reserved=-1),
    (State.COMMITTED, State.RETURNED): Effect(on_hand=1, movement=Kind.RETURN),
}


def tombstone(ref: str, *, now_ms: int) -> Reservation:
    """What stands for a ref that was given back before it was reserved."""
    return Reservation(ref=ref, state=State.RELEASED, lines=(), expires_at_ms=now_ms)
