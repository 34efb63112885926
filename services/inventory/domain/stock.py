"""Units of a product: those on hand, those held for somebody, and the movements that the first are the sum of."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.inventory.domain.errors import InvalidLine, InvalidMovement

SKU_PATTERN = r"[A-Z0-9][A-Z0-9-]{1,31}"
MAX_UNITS = 1_000_000


class Kind(StrEnum):
    """Why units moved. Staff write the first three; the last two come from reservations."""

    RECEIVE = "receive"
    ADJUST = "adjust"
    COUNT = "count"
    SELL = "sell"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The units of one SKU. `version` grows with each change; it is the ETag."""

    sku: str
    on_hand: int
    reserved: int
    version: int

    @property
    def available(self) -> int:
        """Units that can still be held; never below 0, as nobody can be owed fewer than none."""
        return max(0, self.on_hand - self.reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many units of one SKU."""

    sku: str
    quantity: int

    def __post_init__(self) -> None:
        if re.fullmatch(SKU_PATTERN, self.sku) is None:
            raise InvalidLine(f"SKU {self.sku!r} is not of the form {SKU_PATTERN}")
        if not 1 <= self.quantity <= MAX_UNITS:
            raise InvalidLine(f"{self.sku}: quantity {self.quantity} is not 1 to {MAX_UNITS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """An entry of the ledger: *quantity* units came (above 0) or went. Unique by ref, SKU and kind, never changed.

    actor: the subject of whoever wrote it; None for what reservations did.
    """

    ref: str
    sku: str
    kind: Kind
    quantity: int
    reason: str = ""
    actor: str | None = None


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """*lines* with one a SKU, by ascending SKU.

    Raises:  InvalidLine: there are none, or too many units of one.
    """
    units: Counter[str] = Counter()
    for line in lines:
        units[line.sku] += line.quantity
    if not units:
        raise InvalidLine("there are no lines")
    return tuple(Line(sku=sku, quantity=units[sku]) for sku in sorted(units))


def check_quantity(kind: Kind, quantity: int) -> None:
    """Return if staff may write a movement of *kind* with *quantity*.

    Raises:  InvalidMovement
    """
    least = {Kind.RECEIVE: 1, Kind.ADJUST: -MAX_UNITS, Kind.COUNT: 0}.get(kind)
    if least is None:
        raise InvalidMovement(f"{kind} comes from reservations alone")
    if not least <= quantity <= MAX_UNITS or (kind is Kind.ADJUST and quantity == 0):
        expected = f"{least} to {MAX_UNITS}" + (", and not 0" if kind is Kind.ADJUST else "")
        raise InvalidMovement(f"{kind}: quantity {quantity} is not {expected}")
