"""The release policy as data: what each finding means for a release, for a fix, and from a dependency.

Source: Google SRE Workbook, appendix "Example Error Budget Policy" (https://sre.google/workbook/error-budget-policy/):
a budget that is spent halts every change but urgent and security fixes; a miss that another team's service caused, and
which that team has frozen for, halts nobody else. What is not from there says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType

from slo import windows
from slo.budget import LITTLE_LEFT


class Outcome(IntEnum):
    """What a pipeline is told, from mild to grave; the value is the exit code."""

    GO = 0
    SLOW = 3
    HOLD = 4
    FREEZE = 5


class Change(StrEnum):
    """What is to go out."""

    RELEASE = "release"
    FIX = "fix"
    ROLLBACK = "rollback"


class RuleName(StrEnum):
    """The rules, as reasons name them."""

    SPENT = "budget-spent"
    PAGE = "page-firing"
    BURNING = "burning"
    TICKET = "ticket-firing"
    LITTLE_LEFT = "little-left"
    BURNING_FOR_HOURS = "burning-for-hours"
    ABSENT = "sli-absent"
    NO_DATA = "no-data"
    STALE = "stale"
    SEEDED = "seeded"
    LOW_TRAFFIC = "low-traffic"
    RARE = "rare-events"
    NO_RULES = "no-rules"
    UNKNOWN_SERVICE = "unknown-service"
    UNREADABLE = "unreadable"
    CLOCKS = "clocks-differ"
    NO_PROMISE = "no-promise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What one finding means. release: for a release of the service itself; dependency: for one that calls it.

    blind: nothing can be said without what is missing; no fix passes that, for nobody would see what it does.
    """

    release: Outcome
    dependency: Outcome
    blind: bool = False


_BLIND = Clause(release=Outcome.HOLD, dependency=Outcome.HOLD, blind=True)  # deny by default: ours
_SLOW = Clause(release=Outcome.SLOW, dependency=Outcome.GO)  # ours: less at a time while there is something left
CLAUSES: Mapping[RuleName, Clause] = MappingProxyType(
    {
        # The workbook's freeze. The owner of a dependency that is spent freezes it; who calls it goes on with care.
        RuleName.SPENT: Clause(release=Outcome.FREEZE, dependency=Outcome.SLOW),
        # Ours: in the middle of an incident nobody could tell what a release adds to it, nor roll it back calmly.
        RuleName.PAGE: Clause(release=Outcome.HOLD, dependency=Outcome.HOLD),
        RuleName.BURNING: Clause(release=Outcome.HOLD, dependency=Outcome.HOLD),
        RuleName.TICKET: _SLOW,
        RuleName.LITTLE_LEFT: _SLOW,
        RuleName.BURNING_FOR_HOURS: _SLOW,
        RuleName.ABSENT: _BLIND,
        RuleName.NO_DATA: _BLIND,
        RuleName.STALE: _BLIND,
        RuleName.SEEDED: _BLIND,
        RuleName.NO_RULES: _BLIND,
        RuleName.UNKNOWN_SERVICE: _BLIND,
        RuleName.UNREADABLE: _BLIND,
        RuleName.CLOCKS: _BLIND,
        # Ours: a release would show in nothing. A few events are data, though, so that a fix may pass.
        RuleName.LOW_TRAFFIC: Clause(release=Outcome.HOLD, dependency=Outcome.SLOW),
        RuleName.RARE: Clause(release=Outcome.GO, dependency=Outcome.GO),
        RuleName.NO_PROMISE: Clause(release=Outcome.GO, dependency=Outcome.GO),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Clauses and thresholds. Burn rates are not among them: they are those of each SLO's own alerts.

    least_left:            share of the budget, 0–1, below which releases go slowly; `budget status` and dashboards
                           change their colour there.
    least_real_seconds:    outside `local`, how long must have been measured since the seeded past ended: the quick
                           page's long window.
    most_clock_seconds:    by how much the server's clock may differ from the one that judges.
    """

    clauses: Mapping[RuleName, Clause] = field(default_factory=lambda: CLAUSES)
    least_left: float = LITTLE_LEFT
    least_real_seconds: float = windows.HOUR
    most_clock_seconds: float = 300.0

    def outcome(self, rule: RuleName, change: Change, *, dependency: bool = False) -> Outcome:
        """What *rule* means for *change*: a rollback always passes, a fix passes whatever is known, with care."""
        clause = self.clauses[rule]
        said = clause.dependency if dependency else clause.release
        if change is Change.ROLLBACK:
            return Outcome.GO
        # A dependency that cannot be seen may be down: then a fix is often about just that.
        if change is Change.FIX and (dependency or not clause.blind):
            return min(said, Outcome.SLOW)
        return said


POLICY = Policy()
