"""What the books of a SKU must say, and by how many units they do not."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """How books can be wrong.

    RESERVED_MISMATCH: what is reserved is not what reservations hold. ON_HAND_MISMATCH: what is on hand is not the sum
    of the movements. NEGATIVE: fewer than no units. OVERSOLD: more was sold and held than ever came in.
    """

    RESERVED_MISMATCH = "reserved_mismatch"
    ON_HAND_MISMATCH = "on_hand_mismatch"
    NEGATIVE = "negative"
    OVERSOLD = "oversold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The books of one SKU. held: the sum of the held lines; moved: the sum of the movements."""

    sku: str
    on_hand: int
    reserved: int
    held: int
    moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """How many SKUs were looked at, and the entries of those that do not agree."""

    skus: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """By how many *units* (above 0) the books of *sku* are wrong, and how."""

    sku: str
    fault: Fault
    units: int


def findings(entries: Iterable[Entry]) -> tuple[Finding, ...]:
    """All that is wrong with *entries*, by SKU."""
    return tuple(
        Finding(sku=entry.sku, fault=fault, units=units)
        for entry in sorted(entries, key=lambda entry: entry.sku)
        for fault, units in _units(entry).items()
        if units > 0
    )


def newly_oversold(before: Iterable[Finding], now: Iterable[Finding]) -> int:
    """Units that are oversold *now* and were not *before*, SKU by SKU: one that came back hides none that went."""
    earlier = {finding.sku: finding.units for finding in before if finding.fault is Fault.OVERSOLD}
    return sum(
        max(0, finding.units - earlier.get(finding.sku, 0)) for finding in now if finding.fault is Fault.OVERSOLD
    )


def _units(entry: Entry) -> dict[Fault, int]:
    return {
        Fault.RESERVED_MISMATCH: abs(entry.reserved - entry.held),
        Fault.ON_HAND_MISMATCH: abs(entry.on_hand - entry.moved),
        Fault.NEGATIVE: max(0, -entry.on_hand) + max(0, -entry.reserved),
        Fault.OVERSOLD: max(0, entry.held - entry.moved),
    }
