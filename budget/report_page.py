"""A report as one HTML page, which asks nobody for anything else, and as Markdown."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from budget import report_words as words
from budget.history_alerts import AlertSpan
from budget.incidents import Incident
from budget.markdown import Markdown, escaped, link
from budget.pictures import Burndown, svg
from budget.report_model import WHOLE, Account, Episode, Report, SloReport, overlap
from budget.trust import spelt
from slo import conventions

_TEMPLATES = Path(__file__).parent / "templates"
MOST_PARTS = 4  # SLOs of an incident that the first page names


def html(report: Report) -> str:
    """The whole page; every name in it is escaped, and a picture can neither run nor load anything."""
    environment = _environment(autoescape=True)
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    anchors = {slo.curve.key: f"slo-{place}" for place, slo in enumerate(report.slos, start=1)}
    return environment.get_template("report.html.j2").render(
        **_shared(report),
        style=Markup(style),  # ours alone: nothing of an answer is in it
        digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        anchors=anchors,
        pictures={slo.curve.key: _data(svg(burndown(slo))) for slo in report.slos if slo.now.spending.is_known},
        fired=fired,
        no_alerts=partial(_no_alerts, report),
    )


def markdown(report: Report) -> str:
    """The same without pictures, whose figures are in its tables."""

    def alerts(found: Incident | Episode) -> Markdown:
        named = (
            f"{link(name, report.runbooks[name]) if name in report.runbooks else escaped(name)} ({escaped(severities)})"
            for name, severities in fired(found)
        )
        return Markdown(", ".join(named)) or escaped(_no_alerts(report, found))

    environment = _environment(autoescape=False, finalize=escaped)
    return environment.get_template("report.md.j2").render(
        **_shared(report),
        alerts=alerts,
        seeded=lambda share: Markdown(f" ({escaped(words.percent(share))} made up)" if share > 0 else ""),
    )


def burndown(slo: SloReport) -> Burndown:
    """What the picture of an SLO shows."""
    firing = [each for each in slo.alerts if each.state == "firing"]
    return Burndown(
        title=f"{slo.curve.service} {slo.curve.name}: budget left",
        course=slo.course,
        incidents=tuple((each.start, each.end) for each in sorted(slo.incidents, key=lambda each: each.start)),
        pages=_of(firing, page=True),
        tickets=_of(firing, page=False),
        gaps=slo.gaps,
        seeded=slo.seeded,
        start=slo.now.spending.start,
        end=slo.now.spending.end,
    )


def fired(found: Incident | Episode) -> tuple[tuple[str, str], ...]:
    """The alerts of an incident, or of several, by name; with the severities in which each fired."""
    spans: Iterable[AlertSpan]
    if isinstance(found, Incident):
        spans = found.alerts
    else:
        spans = sorted((one for _, each in found.parts for one in each.alerts), key=lambda one: one.start)
    names: dict[str, dict[str, None]] = {}
    for each in spans:
        names.setdefault(each.name, {})[each.severity or "alert"] = None
    return tuple((name, ", ".join(severities)) for name, severities in names.items())


def _of(firing: Iterable[AlertSpan], *, page: bool) -> tuple[tuple[float, float], ...]:
    return tuple((each.start, each.end) for each in firing if (each.severity == conventions.PAGE) == page)


def _shared(report: Report) -> Mapping[str, Any]:
    lengths = {words.length(slo.now.spending) for slo in report.slos}
    return {
        "report": report,
        "headline": words.headline(report),
        "broken": report.that_are("not kept"),
        "same_length": lengths.pop() if len(lengths) == 1 else "",
        "any_partly": any(_partly(slo.accounts[1]) for slo in report.slos),
        "most_parts": MOST_PARTS,
        "made_up_share": partial(_made_up, report),
        "rest_of": _rest_of,
    }


def _made_up(report: Report, start: float, end: float) -> float:
    """The share of a stretch that is made up."""
    found = overlap(report.seeded, start, end)
    return 0.0 if found is None else (found[1] - found[0]) / (end - start)


def _no_alerts(report: Report, found: Incident | Episode) -> str:
    """That nobody was told; the seeded past has events, and no alerts."""
    return "not known" if _made_up(report, found.start, found.end) > 0 else "none"


def _rest_of(slo: SloReport) -> float:
    """Events that failed beside all incidents; what rounding leaves is none."""
    return max(0.0, slo.now.spending.bad - sum(each.bad for each in slo.incidents))


def _partly(account: Account) -> bool:
    return account.spending.is_known and account.spending.measured < WHOLE


def _environment(**options: Any) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    named = "moment day percent quality count times lasted limits promise result spenders change picture made_up"
    environment.filters |= {name: getattr(words, name) for name in named.split()}
    environment.filters |= {"spelt": spelt, "partly": _partly}
    return environment


def _data(picture: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
