"""What an SLO spent of the budget of a range, and how that came over time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from budget.history import BIN_SECONDS, Bin, Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was spent of a range's budget. *allowed*: events that might have failed in it.

    Counts are events, or seconds of a ratio where `Curve.counts` says so. *measured*: the share of the range, 0–1,
    of which anything is known.
    """

    start: float
    end: float
    bad: float
    total: float
    allowed: float
    measured: float

    @property
    def is_known(self) -> bool:
        """Whether anything was measured: without an event nothing was promised, and nothing broken."""
        return self.measured > 0

    @property
    def sli(self) -> float | None:
        """The share of good events; None where there were none."""
        return 1 - self.bad / self.total if self.total > 0 else None

    @property
    def spent(self) -> float | None:
        """The share of the budget: 1 is all of it. None where nothing is known; 0 without events."""
        if not self.is_known:
            return None
        return self.bad / self.allowed if self.allowed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """What is left of the budget; below 0 the promise is broken."""
        return None if self.spent is None else 1 - self.spent

    @property
    def is_kept(self) -> bool | None:
        """Whether the promise was kept; None where nothing is known."""
        return None if self.left is None else self.left >= 0


def spending(curve: Curve, start: float, end: float) -> Spending:
    """What *curve* spent of the budget of the range, whose bins end after *start* and not after *end*."""
    bins = list(within(curve.bins, start, end))
    bad, total = (sum(each[place] for each in bins) for place in (1, 2))
    whole = max(1.0, (end - start) / BIN_SECONDS)
    return Spending(
        start=start,
        end=end,
        bad=bad,
        total=total,
        allowed=total * curve.budget,
        measured=min(1.0, len(bins) / whole),
    )


def burndown(curve: Curve, start: float, end: float) -> tuple[tuple[float, float], ...]:
    """What was left of the range's budget at the end of each bin: 1 at *start*, `Spending.left` at *end*.

    The budget is that of the whole range, whose events are known by now.
    """
    bins = list(within(curve.bins, start, end))
    allowed = sum(events for _, _, events in bins) * curve.budget
    spent, found = 0.0, [(start, 1.0)]
    for at, bad, _ in bins:
        spent += bad
        found.append((at, 1 - spent / allowed if allowed > 0 else 1.0))
    return tuple(found)


def gaps(curve: Curve, start: float, end: float, *, least_seconds: float) -> tuple[tuple[float, float], ...]:
    """From when to when nobody measured, for at least *least_seconds*."""
    moments = [at for at, _, _ in within(curve.bins, start, end)]
    found = zip((start, *moments), (*(at - BIN_SECONDS for at in moments), end), strict=True)
    return tuple((one, other) for one, other in found if other - one >= max(least_seconds, 1))


def within(bins: Iterable[Bin], start: float, end: float) -> Iterator[Bin]:
    """The bins that end after *start*, and not after *end*."""
    return (each for each in bins if start < each[0] <= end)
