"""What must never happen, counted: units oversold, cards charged twice, payments not known, orders lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from budget.answers import Sample

# What the jobs of inventory and orders leave: services/inventory/adapters/figures.py, services/orders/figures.py.
OVERSOLD = "max(shop_oversold_units_total)"
MISMATCHES = 'max(shop_captures_checked_total{result="mismatch"})'
UNKNOWN = "max(shop_payment_unknown_count)"
RECONCILED = 'max by (job) (job_last_success_timestamp_seconds{{job="{job}",exported_job="reconcile"}})'
FRESH_SECONDS = 7200.0
"""As ReconciliationStale has it: two turns of the hourly job."""


class Source(Protocol):
    """What is asked."""

    def instant(self, query: str) -> tuple[Sample, ...]:
        """Value of *query* now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One count. count: None where nobody knows. checked: when the books were last compared, in Unix seconds.

    note: why it is not known, or what it may be as well.
    """

    name: str
    count: float | None
    checked: float | None = None
    note: str = ""
    stale: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is known to be 0, by books that were compared lately."""
        return self.count == 0 and not self.stale


def read_invariants(source: Source, now: float) -> tuple[Invariant, ...]:
    """Every one, in the order in which people read them.

    The reconciliation of orders counts what differs, whatever it is: only a 0 says which of it there is none of.

    Raises:  Unreachable, QueryFailed.
    """
    stock, books = (_value(source, RECONCILED.format(job=job)) for job in ("inventory", "orders"))
    oversold = _checked("oversold", _value(source, OVERSOLD), stock, now)
    mismatches, unknown = _value(source, MISMATCHES), _value(source, UNKNOWN)
    names = ("double charged", "lost")
    if mismatches:
        differ = _checked(" or ".join(names), mismatches, books, now, note="the reconciliation of orders tells which")
        money: tuple[Invariant, ...] = (differ,)
    else:
        money = tuple(_checked(name, mismatches, books, now) for name in names)
    asked = Invariant(name="unknown", count=unknown, note="" if unknown is not None else _NOBODY)
    return (oversold, money[0], asked, *money[1:])


_NOBODY = "no service exports it"


def _checked(name: str, count: float | None, checked: float | None, now: float, note: str = "") -> Invariant:
    """A figure that a job leaves: it begins at 0, which says nothing before the job has run."""
    if count is None:
        return Invariant(name=name, count=None, note=_NOBODY)
    if not checked:
        return Invariant(name=name, count=count or None, note="the books were never compared yet")
    return Invariant(name=name, count=count, checked=checked, note=note, stale=now - checked > FRESH_SECONDS)


def _value(source: Source, query: str) -> float | None:
    found = [sample.value for sample in source.instant(query) if math.isfinite(sample.value)]
    return max(found, default=None)
