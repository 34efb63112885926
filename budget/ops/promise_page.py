"""One promise by itself: how its budget went over its period, and which incidents spent it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from budget.gate_decision import Reason
from budget.gate_measured import key
from budget.history import BIN_SECONDS, Curve, Promise, curves
from budget.history_alerts import FIRING, alert_spans, of_key
from budget.history_spending import burndown, gaps
from budget.identity import Key, same_slo
from budget.incidents import Incident, incidents
from budget.ops.board import View
from budget.ops.courses import Course
from budget.ops.desk import Desk
from budget.ops.happenings import Happening
from budget.ops.kept import Kept
from budget.ops.promises import WARN, standing
from budget.ops.sparkline import Sparkline, sparkline
from budget.ops.words import NOT_KNOWN
from budget.status import SloStatus
from slo import conventions, promql, windows

FRESH_SECONDS, PATIENCE_SECONDS = 60.0, 8.0
MOST_KEPT = 20
STEP_SECONDS = 300.0
_MOST_POINTS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the records say of one copy over its period. spent: its incidents, those that spent most first.

    alerts_from: before it nobody knows what fired, for the past is made up.
    """

    course: Course
    spent: tuple[Incident, ...]
    alerts_from: float

    def told(self, incident: Incident) -> str:
        """Which alerts fired in one of them."""
        names = dict.fromkeys(each.name for each in incident.alerts)
        if names:
            return ", ".join(names)
        return "none" if incident.start >= self.alerts_from else "not known: seeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy of a promise: its figures of now, its past where that is known, and what the gate says of it.

    judged: whether the gate knows its service.
    """

    row: SloStatus
    word: str
    tone: str
    past: Past | None
    picture: Sparkline | None
    judged: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Every copy of the promise with one id. fault: why nothing newer is known of its past."""

    id: str
    copies: tuple[Copy, ...]
    fault: str


class PromisePages:
    """Reads promises one by one, each at most once a minute."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: dict[str, Kept[tuple[Past, ...]]] = {}
        self._rows: dict[str, tuple[SloStatus, ...]] = {}

    def read(self, slo: str, view: View) -> Found | None:
        """The promise with the id *slo*; None where nobody knows it."""
        rows = tuple(row for row in view.promises.value or () if row.id == slo)
        if not rows:
            return None
        seen = self._of(slo, rows).get(patience_seconds=PATIENCE_SECONDS)
        happenings = view.happenings.value or ()
        return Found(
            id=slo,
            copies=tuple(_copy(row, seen.value or (), happenings, view) for row in rows),
            fault=seen.fault or ("" if seen.value is not None else "it is still being read"),
        )

    def _of(self, slo: str, rows: tuple[SloStatus, ...]) -> Kept[tuple[Past, ...]]:
        """What is kept of it, to be asked for by its newest rows: at once where they promise something else."""
        with self._lock:
            kept = self._kept.get(slo)
            if kept is None:
                if len(self._kept) >= MOST_KEPT:
                    oldest = next(iter(self._kept))
                    del self._kept[oldest], self._rows[oldest]
                kept = Kept(partial(self._ask, slo), fresh_seconds=FRESH_SECONDS, clock=self._desk.clock)
                self._kept[slo] = kept
            elif _promised(rows) != _promised(self._rows.get(slo, ())):
                kept.forget()
            self._rows[slo] = rows
            return kept

    def _ask(self, slo: str) -> tuple[Past, ...]:
        with self._lock:
            rows = self._rows.get(slo, ())
        end = self._desk.clock()
        return tuple(past for row in rows for past in self._pasts(slo, row, end))

    def _pasts(self, slo: str, row: SloStatus, end: float) -> Iterator[Past]:
        server, days = self._desk.server, row.period_days or 30.0
        if row.objective is None or not 0 <= row.objective < 1:
            return
        last = BIN_SECONDS * (end // BIN_SECONDS)
        start = last - days * windows.DAY
        promise = Promise(key=key(row), objective=row.objective, days=days, counts=row.events_remaining is not None)
        matchers = f"{{{conventions.ID}={promql.quote(slo)}}}"
        alerts = alert_spans(server, start=start, end=last, matchers=matchers, step_seconds=STEP_SECONDS)
        for curve in curves(server, (promise,), start=start, end=last):
            firing = tuple(each for each in of_key(curve.key, alerts) if each.state == FIRING)
            found = incidents(curve, firing, start=start, end=last)
            spent = tuple(sorted(found, key=lambda each: -each.share))
            alerts_from = start if row.seeded is None else row.seeded.end
            yield Past(course=_course(curve, start, last), spent=spent, alerts_from=alerts_from)


def _promised(rows: Sequence[SloStatus]) -> set[tuple[Key, float | None, float | None]]:
    return {(key(row), row.objective, row.period_days) for row in rows}


def _course(curve: Curve, start: float, end: float) -> Course:
    points = burndown(curve, start, end)
    every = max(1, len(points) // _MOST_POINTS)
    unknown = gaps(curve, start, end, least_seconds=(end - start) / _MOST_POINTS)
    return Course(key=curve.key, start=start, end=end, points=(*points[:-1:every], points[-1]), gaps=unknown)


def _copy(row: SloStatus, pasts: Sequence[Past], happenings: Sequence[Happening], view: View) -> Copy:
    word, tone = standing(row) if not view.promises.fault else (NOT_KNOWN, WARN)
    past = next((each for each in pasts if same_slo(each.course.key, key(row))), None)
    seeded = None if row.seeded is None else (row.seeded.start, row.seeded.end)
    picture = None if past is None else sparkline(past.course, happenings=happenings, seeded=seeded)
    decisions = [each for each in view.gate.known or () if each.request.service == row.service]
    reasons = tuple(
        reason
        for decision in decisions
        for reason in decision.reasons
        if (reason.slo, dict(reason.labels)) == (row.id, dict(row.labels))
    )
    return Copy(row=row, word=word, tone=tone, past=past, picture=picture, judged=bool(decisions), reasons=reasons)
