"""The gate's decision for people: what it is, the figures, and the reasons, the worst first."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from budget.gate_decision import Decision, Reason
from budget.gate_document import word
from budget.plain_text import printable
from budget.policy import Outcome
from budget.table import table

_MEANS = {
    Outcome.GO: "nothing speaks against it",
    Outcome.SLOW: "in small steps, and watched",
    Outcome.HOLD: "not now",
    Outcome.FREEZE: "nothing but fixes and rollbacks until the budget is back",
}
_STYLES = {Outcome.GO: "green", Outcome.SLOW: "yellow", Outcome.HOLD: "red", Outcome.FREEZE: "bold white on red"}
_WIDEST_WORD = max(len(word(outcome)) for outcome in Outcome)


def view(decision: Decision, *, plain: bool, columns: int) -> RenderableType:
    """The whole answer. *plain*: text alone, for files and pipes. *columns*: how wide the table may be."""
    head = Text(printable(_head(decision)), style="" if plain else _STYLES[decision.outcome])
    rows = (*decision.slos, *decision.dependency_slos)
    figures = (Text(), table(rows, plain=plain, columns=columns)) if rows else ()
    reasons = Text("\n".join(printable(line) for line in _lines(decision)))
    return Group(head, *figures, *((Text(), reasons) if decision.reasons else ()))


def _head(decision: Decision) -> str:
    asked = decision.request
    said = f"{word(decision.outcome).upper()}: {asked.change.value} of {asked.service} to {asked.environment}"
    if decision.outcome < decision.as_release:
        return f"{said}: it passes, {_MEANS[decision.outcome] if decision.outcome else 'whatever the figures are'}"
    return f"{said}: {_MEANS[decision.outcome]}"


def _lines(decision: Decision) -> Iterator[str]:
    for reason in decision.reasons:
        shown = word(reason.decision)
        passed = f" ({word(reason.as_release)} for a release)" if reason.decision != reason.as_release else ""
        yield f"{shown:{_WIDEST_WORD}}  {_place(reason)}: {reason.says}{passed}"


def _place(reason: Reason) -> str:
    copy = "".join(f" {name}={value}" for name, value in reason.labels.items())
    return f"{reason.slo or reason.service}{copy}"
