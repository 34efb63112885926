"""What the gate is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from budget.policy import Change, Outcome, RuleName
from budget.status import SloStatus

LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: whether *change* of *service* may go out to *environment*."""

    service: str
    environment: str
    change: Change = Change.RELEASE

    @property
    def seeded_counts(self) -> bool:
        """Whether a seeded past counts: on one machine's own platform alone."""
        return self.environment == LOCAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that applies.

    slo: its id, empty for a service as a whole; labels: which copy of it. decision: what the rule means for this
    change; as_release: and for a release.
    """

    service: str
    slo: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    rule: RuleName
    says: str
    decision: Outcome
    as_release: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, why, and by which figures. at: Unix seconds, by Prometheus' clock where it has answered."""

    request: Request
    outcome: Outcome
    reasons: tuple[Reason, ...]
    slos: tuple[SloStatus, ...]
    dependencies: tuple[str, ...]
    dependency_slos: tuple[SloStatus, ...]
    at: float

    @property
    def as_release(self) -> Outcome:
        """What a release would have been told."""
        return worst(self.reasons, as_release=True)

    def of(self, row: SloStatus) -> Outcome:
        """What *row* alone decides."""
        return worst(each for each in self.reasons if (each.slo, each.labels) == (row.id, row.labels))


def worst(reasons: Iterable[Reason], *, as_release: bool = False) -> Outcome:
    """The gravest outcome; go where nothing speaks against it."""
    return max((each.as_release if as_release else each.decision for each in reasons), default=Outcome.GO)
