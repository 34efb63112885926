"""The postmortem as Markdown: what is known, and a question for each thing that people alone know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from budget import report_words as words
from budget import verdict_drill
from budget.markdown import Markdown, escaped, link
from budget.postmortem import Postmortem
from budget.trust import spelt
from budget.verdict import NO_DATA, Judgement

_TEMPLATES = Path(__file__).parent / "templates"


def markdown(found: Postmortem, services: Iterable[str] = ()) -> str:
    """The whole page; names stay text."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        finalize=escaped,
    )
    named = ("moment", "percent", "quality", "count")
    environment.filters |= {name: getattr(words, name) for name in named}
    environment.filters |= {"spelt": spelt, "second": _second, "seconds": _seconds, "counted": _counted}
    return environment.get_template("postmortem.md.j2").render(
        found=found,
        services=", ".join(services),
        length=spelt(found.end - found.start),
        spent=_spenders(found.spent),
        unspent=_unspent(found.spent) if found.answered else "What was spent is not known.",
        drills=[(each, verdict_drill.said(each)) for each in verdict_drill.judged(found.scorecard)],
        marked=_marked,
        runbook=lambda name: link(name, found.runbooks[name]) if name in found.runbooks else escaped(name),
    )


def _spenders(rows: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The SLOs of which something failed, the dearest first."""
    return tuple(sorted((row for row in rows if row.bad), key=lambda row: -(row.budget_spent or 0.0)))


def _unspent(rows: Iterable[Judgement]) -> str:
    """How many SLOs lost nothing, and of how many nothing is known."""
    known = list(rows)
    unknown = [row for row in known if row.verdict == NO_DATA]
    whole = len(known) - len(unknown) - len(_spenders(known))
    said = [f"{whole} {'SLO' if whole == 1 else 'SLOs'} lost nothing"] if known else ["No SLO was asked for"]
    if unknown:
        said.append(f"without events in the range: {', '.join(row.slo.id for row in unknown)}")
    return f"{'; '.join(said)}."


def _marked(row: Judgement) -> Markdown:
    """What limits a row's figures; above all, that its period's events are made up."""
    marks = [*row.marks, *([f"its period {words.percent(row.seeded)} made up"] if row.seeded else [])]
    return Markdown(f" ({escaped(', '.join(marks))})" if marks else "")


def _second(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _seconds(found: float) -> str:
    return f"{found:.0f} s"


def _counted(found: float | None) -> str:
    return "not counted" if found is None else f"{found:.0f}"
