"""Whether a drill went as it was foreseen: every page in time, none beside them, and nothing lost. Pure.

The promises that it broke on purpose say nothing of that: a verdict on a drill shows them beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from budget.postmortem_scorecard import Drill, Page, Scorecard
from budget.verdict import FAIL, NO_DATA, PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillJudgement:
    """What is said of one drill.

    faults: what was not well, in words. not_counted: which of lost, oversold, double charged nobody knows.
    """

    drill: Drill
    faults: tuple[str, ...]
    not_counted: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Fail by any fault; no data where nobody counted: a drill proves what was counted."""
        if self.faults:
            return FAIL
        return NO_DATA if self.not_counted else PASS


def judged(scorecard: Scorecard | None) -> tuple[DrillJudgement, ...]:
    """Each drill of *scorecard*, in its order; of none where there is none."""
    drills = () if scorecard is None else scorecard.drills
    return tuple(
        DrillJudgement(
            drill=drill,
            faults=tuple(dict.fromkeys(_faults(drill))),
            not_counted=tuple(name for name, count, _ in _invariants(drill) if count is None),
        )
        for drill in drills
    )


def said(judgement: DrillJudgement) -> str:
    """One drill in a sentence."""
    unknown = [f"{name} was not counted" for name in judgement.not_counted]
    if judgement.faults:
        return "; ".join((*judgement.faults, *unknown))
    drill = judgement.drill
    told = [
        f"{page.alert} after {page.after_seconds:.0f} s, foreseen {page.expected_seconds:.0f} s"
        for page in drill.pages
        if page.after_seconds is not None
    ]
    counted = [f"{name} {count:g}" for name, count, _ in _invariants(drill) if count is not None]
    told = told or ["nobody was to be told, and nobody was"]
    return "; ".join((*told, *unknown, *([", ".join(counted)] if counted else [])))


def as_json(judgement: DrillJudgement) -> dict[str, Any]:
    """The same for programs, in the scorecard's own words."""
    drill = judgement.drill
    return {
        "drill": drill.name,
        "verdict": judgement.verdict,
        "faults": list(judgement.faults),
        "not_counted": list(judgement.not_counted),
        "pages": [_page(page) for page in drill.pages],
        "unexpected_pages": list(drill.unexpected),
        "lost": drill.lost,
        "oversold": drill.oversold,
        "double_charged": drill.double_charged,
    }


def _faults(drill: Drill) -> Iterator[str]:
    for page in drill.pages:
        if page.after_seconds is None:
            yield f"{page.alert} did not come"
        elif not page.in_time:
            yield f"{page.alert} came {page.after_seconds - page.expected_seconds:.0f} s late"
    yield from (f"{alert} was not expected" for alert in drill.unexpected)
    yield from (what.format(f"{count:g}") for _, count, what in _invariants(drill) if count)
    yield from _own(drill)


def _own(drill: Drill) -> Iterator[str]:
    """What the drill itself found beside: that a page still fires, money that is on its way, why it could not be."""
    yield from drill.wrong
    if drill.passed is False and not drill.wrong:
        yield "the drill says that it did not pass"


def _invariants(drill: Drill) -> Iterable[tuple[str, float | None, str]]:
    """What must be 0: its name, how many, and how that is said where it is not."""
    return (
        ("lost", drill.lost, "orders lost: {}"),
        ("oversold", drill.oversold, "{} units oversold"),
        ("double charged", drill.double_charged, "orders charged twice: {}"),
    )


def _page(page: Page) -> dict[str, Any]:
    return {
        "alert": page.alert,
        "expected_s": page.expected_seconds,
        "after_s": page.after_seconds,
        "in_time": page.in_time,
    }
