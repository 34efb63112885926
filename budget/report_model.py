"""What a report says: of each SLO what is left, what spent it and what was before, the worst first. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from budget.history import BIN_SECONDS, Curve
from budget.history_alerts import AlertSpan, of_key
from budget.history_spending import Spending, burndown, gaps, spending
from budget.incidents import Incident, incidents

GAP_SECONDS = 3600.0  # what a picture shows of a month is no shorter
THIS_RANGE, RANGE_BEFORE, THIS_MONTH, LAST_MONTH = "this period", "the one before", "this month so far", "last month"
# Of what was measured of a range: below, its figures are of a part of it.
WHOLE = 0.98
_SAME_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A range of an SLO under its name. *seeded*: what share of it was made up by the local platform, 0–1."""

    name: str
    spending: Spending
    seeded: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SloReport:
    """All that a report says of one SLO.

    accounts:  this period, the one before, this calendar month so far and last month.
    incidents: of this period, the dearest first; rest: the share of its budget that was spent beside them.
    course:    what was left, over this period. gaps: when nobody measured. seeded: what of it was made up.
    """

    curve: Curve
    description: str
    accounts: tuple[Account, ...]
    incidents: tuple[Incident, ...]
    rest: float | None
    course: tuple[tuple[float, float], ...]
    alerts: tuple[AlertSpan, ...]
    gaps: tuple[tuple[float, float], ...]
    seeded: tuple[float, float] | None

    @property
    def now(self) -> Account:
        """This period."""
        return self.accounts[0]

    @property
    def left(self) -> float | None:
        """What is left of this period's budget."""
        return self.now.spending.left

    @property
    def verdict(self) -> str:
        """kept, not kept, or not known."""
        return {True: "kept", False: "not kept", None: "not known"}[self.now.spending.is_kept]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Incidents of several SLOs at about the same time, the dearest first: likely of one cause."""

    parts: tuple[tuple[SloReport, Incident], ...]

    @property
    def start(self) -> float:
        """When the first of them began."""
        return min(incident.start for _, incident in self.parts)

    @property
    def end(self) -> float:
        """When the last of them ended."""
        return max(incident.end for _, incident in self.parts)

    @property
    def share(self) -> float:
        """What it spent of the budget that it hurt most."""
        return self.parts[0][1].share


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole report. *end*: what it looks back from. *fixed*: whether all SLOs have the same, given range.

    services: the SLOs by service, worst first. episodes: what spent most. seeded: what of anything shown is made
              up, from when to when. runbooks: by alert.
    notes:    what limits the report, for people.
    """

    end: float
    fixed: bool
    server: str
    services: tuple[tuple[str, tuple[SloReport, ...]], ...]
    episodes: tuple[Episode, ...]
    seeded: tuple[float, float] | None = None
    runbooks: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def slos(self) -> tuple[SloReport, ...]:
        """Every SLO, the worst first."""
        return tuple(sorted((each for _, of_one in self.services for each in of_one), key=_worst_first))

    def that_are(self, verdict: str) -> tuple[SloReport, ...]:
        """The SLOs of this verdict, the worst first."""
        return tuple(each for each in self.slos if each.verdict == verdict)


def slo_report(
    curve: Curve,
    alerts: Iterable[AlertSpan],
    *,
    end: float,
    length: float,
    seeded: tuple[float, float] | None,
    description: str = "",
) -> SloReport:
    """The report of one SLO on the *length* seconds until *end*.

    Args:    alerts: of any SLO. seeded: from when to when the past is made up.
    """
    own, start = of_key(curve.key, alerts), end - length
    accounts = tuple(
        Account(name=name, spending=spending(curve, begin, until), seeded=_share(seeded, begin, until))
        for name, begin, until in spans(end, length)
    )
    found = incidents(curve, own, start=start, end=end)
    spent = accounts[0].spending.spent
    return SloReport(
        curve=curve,
        description=description,
        accounts=accounts,
        incidents=tuple(sorted(found, key=lambda each: -each.share)),
        # What rounding leaves is no spending.
        rest=None if spent is None else max(0.0, spent - math.fsum(each.share for each in found)),
        course=burndown(curve, start, end),
        alerts=tuple(each for each in own if each.end > start and each.start < end),
        gaps=gaps(curve, start, end, least_seconds=GAP_SECONDS),
        seeded=overlap(seeded, start, end),
    )


def by_service(slos: Iterable[SloReport]) -> tuple[tuple[str, tuple[SloReport, ...]], ...]:
    """The SLOs of each service; the service with the worst of them first."""
    found: dict[str, list[SloReport]] = {}
    for each in sorted(slos, key=_worst_first):
        found.setdefault(each.curve.service, []).append(each)
    return tuple((service, tuple(of_one)) for service, of_one in found.items())


def episodes(slos: Iterable[SloReport], most: int) -> tuple[Episode, ...]:
    """The *most* dearest incidents, each with those of other SLOs that share half of the shorter one's time."""
    rest = sorted(((slo, each) for slo in slos for each in slo.incidents), key=lambda pair: -pair[1].share)
    found: list[Episode] = []
    while rest and len(found) < most:
        first = rest[0][1]
        together = [pair for pair in rest if _is_same_time(first, pair[1])]
        rest = [pair for pair in rest if not _is_same_time(first, pair[1])]
        found.append(Episode(parts=tuple(together)))
    return tuple(found)


def spans(end: float, length: float) -> Sequence[tuple[str, float, float]]:
    """The ranges that are looked at, by name: the period until *end*, the one before, and calendar months in UTC."""
    this_month = month_begin(end)
    last_month = month_begin(this_month - 1)
    return (
        (THIS_RANGE, end - length, end),
        (RANGE_BEFORE, end - 2 * length, end - length),
        (THIS_MONTH, this_month, end),
        (LAST_MONTH, last_month, this_month),
    )


def month_begin(at: float) -> float:
    """When the calendar month began in which a bin that ends at *at* lies: at midnight, it is the one before."""
    moment = datetime.fromtimestamp(at - 1, UTC)
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def _is_same_time(one: Incident, other: Incident) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared >= _SAME_SHARE * min(one.seconds, other.seconds)


def overlap(seeded: tuple[float, float] | None, start: float, end: float) -> tuple[float, float] | None:
    """What of the range is made up, from when to when."""
    if seeded is None or seeded[1] <= start or seeded[0] >= end:
        return None
    return max(seeded[0], start), min(seeded[1], end)


def _share(seeded: tuple[float, float] | None, start: float, end: float) -> float:
    found = overlap(seeded, start, end)
    return 0.0 if found is None else (found[1] - found[0]) / max(end - start, BIN_SECONDS)


def _worst_first(each: SloReport) -> tuple[bool, float, str, str]:
    """Least budget first; what is not known comes last, with its own line on the first page."""
    return (each.left is None, each.left or 0.0, each.curve.service, each.curve.name)
