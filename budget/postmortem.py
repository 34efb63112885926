"""What happened in a range, minute by minute: faults, deploys and alerts put in one order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from budget.history_alerts import FIRING, PENDING, AlertSpan
from budget.postmortem_scorecard import Scorecard
from budget.verdict import Judgement
from slo import conventions

FAULT, DEPLOY, ALERT = "fault", "deploy", "alert"
_RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Something that was there from *start* to *end* (Unix seconds), of *service*: a fault, or a release."""

    service: str
    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the timeline."""

    at: float
    kind: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert through its life; None where that was not seen in the range."""

    name: str
    severity: str
    about: str
    pending: float | None
    fired: float | None
    resolved: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmortem:
    """All that is known of a range.

    spent:     what each SLO's events of the range spent of its budget. seeded: what of the range is made up.
    scorecard: of the drill, where it was one. notes: what limits the page.
    answered:  whether the server told of the range; else what is not there is not known.
    """

    start: float
    end: float
    server: str
    step_seconds: float
    alerts: tuple[AlertSpan, ...] = ()
    faults: tuple[Spell, ...] = ()
    releases: tuple[Spell, ...] = ()
    spent: tuple[Judgement, ...] = ()
    runbooks: Mapping[str, str] = field(default_factory=dict)
    seeded: tuple[float, float] | None = None
    scorecard: Scorecard | None = None
    notes: tuple[str, ...] = ()
    answered: bool = True

    @property
    def timeline(self) -> tuple[Entry, ...]:
        """Everything in its order, what reads alike once; a fault before the alert of the same moment."""
        found = (*self._faults(), *deploys(self.releases), *self._alerts())
        order = (FAULT, DEPLOY, ALERT)
        return tuple(sorted(dict.fromkeys(found), key=lambda each: (each.at, order.index(each.kind), each.says)))

    @property
    def told(self) -> tuple[Told, ...]:
        """Each alert that tells somebody through its life, in the order in which they began."""
        telling = (each for each in self.alerts if each.severity != conventions.INFO_SEVERITY)
        ordered = sorted(telling, key=lambda each: (_identity(each), each.start))
        found = [told for _, spans in groupby(ordered, key=_identity) for told in self._lives(list(spans))]
        return tuple(sorted(found, key=lambda each: (each.pending or each.fired or 0.0, each.name, each.severity)))

    @property
    def seconds_to_page(self) -> float | None:
        """From the first fault, else the first sign of an alert, to the first page; None without a page."""
        pages = [each.fired for each in self.told if each.severity == conventions.PAGE and each.fired is not None]
        signs = [each.start for each in self.faults] or [each.start for each in self.alerts]
        return max(0.0, min(pages) - min(signs)) if pages and signs else None

    def _faults(self) -> Iterator[Entry]:
        for each in self.faults:
            said = f"{each.service}: fault {each.name}"
            begun = "is on already" if self._was_before(each.start) else "is injected"
            yield Entry(at=each.start, kind=FAULT, says=f"{said} {begun}")
            if not self._goes_on(each.end):
                yield Entry(at=each.end, kind=FAULT, says=f"{said} is over")

    def _alerts(self) -> Iterator[Entry]:
        for each in self.alerts:
            already = "already " if self._was_before(each.start) else ""
            said = f"{each.severity or 'alert'} {each.name} of {_about(each)}" if _about(each) else each.name
            yield Entry(at=each.start, kind=ALERT, says=f"{said}: {already}{each.state}")
            if each.state == FIRING and not self._goes_on(each.end):
                yield Entry(at=each.end, kind=ALERT, says=f"{said}: {_RESOLVED}")

    def _lives(self, spans: Sequence[AlertSpan]) -> Iterator[Told]:
        """Each time that one alert fired, or was pending for nothing."""
        pending: AlertSpan | None = None
        for each in spans:
            if each.state == PENDING:
                if pending is not None:
                    yield self._life(pending, None)
                pending = each
            elif each.state == FIRING:
                follows = pending is not None and each.start - pending.end <= 2 * self.step_seconds
                if pending is not None and not follows:
                    yield self._life(pending, None)
                yield self._life(pending if follows else None, each)
                pending = None
        if pending is not None:
            yield self._life(pending, None)

    def _life(self, pending: AlertSpan | None, firing: AlertSpan | None) -> Told:
        span = firing or pending
        assert span is not None
        return Told(
            name=span.name,
            severity=span.severity,
            about=_about(span),
            pending=None if pending is None else pending.start,
            fired=None if firing is None else firing.start,
            resolved=None if firing is None or self._goes_on(firing.end) else firing.end,
        )

    def _was_before(self, at: float) -> bool:
        return at <= self.start + self.step_seconds / 2

    def _goes_on(self, at: float) -> bool:
        return at >= self.end


def deploys(releases: Iterable[Spell]) -> Iterator[Entry]:
    """When a service began to run another release than before; what ran at first was no change."""
    ordered = sorted(releases, key=lambda each: (each.service, each.start))
    for service, spells in groupby(ordered, key=lambda each: each.service):
        before = ""
        for each in spells:
            if before and each.name != before:
                yield Entry(at=each.start, kind=DEPLOY, says=f"{service}: {before} → {each.name}")
            before = each.name


def _identity(alert: AlertSpan) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(alert.labels.items()))


def _about(alert: AlertSpan) -> str:
    """The SLO, or else the service, that an alert speaks of; and which copy."""
    labels = alert.labels
    service = labels.get(conventions.SERVICE) or labels.get("service") or labels.get("job", "")
    more = (labels.get(name, "") for name in (conventions.SLO, *conventions.IDENTITY_LABELS, "instance"))
    return " ".join(filter(None, (service, *more)))
