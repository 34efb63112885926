"""What every rule of one SLO shares: names, selectors, labels, intervals, and which window is read from where."""

from __future__ import annotations

from dataclasses import dataclass

from slo import conventions as names
from slo import promql, windows
from slo.budget import error_budget
from slo.model import Events, Pairs, Slo, pairs
from slo.query import Unit
from slo.windows import AlertWindows, spell

FAST_SECONDS = 30
SLOW_SECONDS = 120
"""Twice this stays below the 5m after which Prometheus calls a series gone: one missed run is survived."""
STEP = spell(SLOW_SECONDS)
BASE = spell(windows.BASE_SECONDS)

LONGEST_RAW_SECONDS = 30 * windows.MINUTE
"""Page windows up to here read raw series: a window derived from 5m records smears its events over 5m and would
page later, and each rate() weighs an event a little more than one (1.05 over 5m, 1.008 over 30m, scraped every 15 s),
which low traffic feels."""
SLOTH_VERSION = "v0.16.0"
"""The release whose names and meanings these rules follow; sloth writes its own there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SloRules:
    """The names, selectors and labels that every rule of one SLO shares.

    `ids` are sloth's three identifiers and the labels that tell copies apart; `labels` add the user's own, and
    `other_labels` names those of them that event records lack, so that changing one breaks no long window.
    """

    slo: Slo
    windows: AlertWindows
    period: str
    budget: str
    ids: Pairs
    selector: str
    final_selector: str
    labels: Pairs
    other_labels: tuple[str, ...]
    group_name: str

    def of(self, record: str) -> str:
        """This SLO's series of *record*."""
        return record + self.selector

    def final(self, record: str) -> str:
        """The series of a final *record* as these rules write it: for 5m after a restart, one with another value of
        a user label stands beside it.
        """
        return record + self.final_selector

    def windowed(self, window: str) -> Pairs:
        """The labels of a final record over *window*."""
        return tuple(sorted((*self.labels, (names.WINDOW, window))))


def shared(slo: Slo, suffix: str = "") -> SloRules:
    """What the rules of *slo* share.

    Args:    suffix: set where two copies of one SLO share a file, whose group names must differ.
    """
    own = ((names.ID, slo.id), (names.SERVICE, slo.service), (names.SLO, slo.name))
    ids = own + slo.identity
    known = {name for name, _ in ids}
    labels = pairs(slo.labels, ids)
    alert_windows = windows.for_period(slo.period_days)
    return SloRules(
        slo=slo,
        windows=alert_windows,
        period=spell(alert_windows.period_seconds),
        budget=promql.number(error_budget(slo)),
        ids=ids,
        selector=promql.matchers(ids),
        final_selector=promql.matchers(labels),
        labels=labels,
        other_labels=tuple(name for name, _ in slo.labels if name not in known),
        group_name=slo.id + suffix,
    )


def is_additive(sli: Events) -> bool:
    """Whether long windows may be summed from 5m events."""
    return sli.bad.additive and sli.total.additive


def unit(sli: Events) -> Unit:
    """What the SLI's values count, where bad and total agree."""
    return sli.total.unit if sli.bad.unit is sli.total.unit else Unit.UNKNOWN


def newest_seconds(alert_windows: AlertWindows) -> int:
    """The longest page window that is read from raw series: longer ones take their newest events from it."""
    return max(seconds for seconds in alert_windows.page_seconds if seconds <= LONGEST_RAW_SECONDS)


def is_doubled(alert_windows: AlertWindows, seconds: int) -> bool:
    """Whether a window is twice the longest one that is read from raw series."""
    return seconds == 2 * newest_seconds(alert_windows)


def is_recent(alert_windows: AlertWindows, seconds: int) -> bool:
    """Whether the page reads a window from its newest raw part and 5m records.

    Tickets read the same window summed from records: an event that leaves the raw part counts for nothing until
    5 minutes later, which would end a ticket and open it again where an hour holds few events.
    """
    return seconds > LONGEST_RAW_SECONDS and not is_doubled(alert_windows, seconds)
