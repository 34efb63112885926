"""Which stretches of time spent an SLO's budget, and what was spent beside them. Pure: report, postmortem and /ops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from budget.history import BIN_SECONDS, Bin, Curve
from budget.history_alerts import FIRING, AlertSpan
from budget.history_spending import spending, within

JOIN_SECONDS = 1800.0
"""A burn that pauses for no longer is one incident."""
LEAST_SHARE = 0.01
"""Of the range's budget: what spent less is part of the rest."""
_EXACT = 1 - 1e-9  # 1 − 0.999 is not quite 0.001, and an even burn of 1 is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A stretch in which an SLO's budget burnt: from *start* to *end* (Unix seconds).

    bad, total:  events within it. share: of the range's budget; 1 is all of it.
    peak:        the highest burn rate of five minutes.
    alerts:      those that fired in it, in the order in which they did.
    goes_on:     whether it reaches to the end of the range.
    """

    start: float
    end: float
    bad: float
    total: float
    share: float
    peak: float
    alerts: tuple[AlertSpan, ...]
    goes_on: bool

    @property
    def seconds(self) -> float:
        """How long it took, to five minutes."""
        return self.end - self.start


def incidents(curve: Curve, alerts: Iterable[AlertSpan], *, start: float, end: float) -> tuple[Incident, ...]:
    """The stretches of the range in which *curve* burnt at a rate of 1 or more, in order.

    They are joined over pauses of up to `JOIN_SECONDS`, what failed in these is theirs, and each spent at least
    `LEAST_SHARE` of the range's budget. What they and the rest spent is what `spending` says: nothing is counted twice.

    Args:    alerts: of this SLO.
    """
    allowed = spending(curve, start, end).allowed
    if allowed <= 0:
        return ()
    fired = sorted((each for each in alerts if each.state == FIRING), key=lambda each: each.start)
    found = (_incident(curve, bins, allowed, fired, end) for bins in _stretches(curve, start, end))
    return tuple(each for each in found if each.share >= LEAST_SHARE)


def _incident(
    curve: Curve, bins: Sequence[Bin], allowed: float, fired: Sequence[AlertSpan], range_end: float
) -> Incident:
    begin, end = bins[0][0] - BIN_SECONDS, bins[-1][0]
    bad, total = (sum(each[place] for each in bins) for place in (1, 2))
    return Incident(
        start=begin,
        end=end,
        bad=bad,
        total=total,
        share=bad / allowed,
        peak=max(each[1] / each[2] / curve.budget for each in bins if each[2] > 0),
        # A slow pair says so after the burn itself has ended.
        alerts=tuple(each for each in fired if each.start < end + JOIN_SECONDS and each.end > begin),
        goes_on=end > range_end - 2 * BIN_SECONDS,
    )


def _stretches(curve: Curve, start: float, end: float) -> Iterator[list[Bin]]:
    """Bins from the first to the last that burnt, with those of the pauses between."""
    stretch: list[Bin] = []
    pause: list[Bin] = []
    for each in within(curve.bins, start, end):
        if stretch and each[0] - BIN_SECONDS - stretch[-1][0] > JOIN_SECONDS:
            yield stretch
            stretch, pause = [], []
        if _burns(each, curve.budget):
            stretch += [*pause, each]
            pause = []
        elif stretch:
            pause.append(each)
    if stretch:
        yield stretch


def _burns(each: Bin, budget: float) -> bool:
    _, bad, total = each
    return bad > 0 and bad >= total * budget * _EXACT
