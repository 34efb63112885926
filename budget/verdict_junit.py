"""The verdict on a range as JUnit XML, which CI systems show: a test case per SLO, and one per drill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from budget import verdict_drill, verdict_table
from budget.plain_text import printable
from budget.time_range import spelt
from budget.verdict import FAIL, NO_DATA, Judgement
from budget.verdict_drill import DrillJudgement
from budget.verdict_json import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A test case: of what, its name, what came of it, why, and how long it took. kind: of failure."""

    of: str
    name: str
    verdict: str
    says: str
    kind: str
    seconds: float


def as_junit(run: Run) -> str:
    """A failure for each SLO that was not kept and each drill that did not pass, skipped where nothing is known.

    An SLO that decides nothing, as in a drill that broke it on purpose, is no failure.
    """
    cases = [_of_slo(row, run) for row in run.rows]
    root = ET.Element("testsuites", _counts([*cases, *map(_of_drill, run.drills)]))
    if run.drills:
        _suite(root, "drills", {}, list(map(_of_drill, run.drills)))
    when = {} if run.grid is None else {"timestamp": spelt(run.grid.start), "time": f"{_seconds(run):.3f}"}
    suite = _suite(root, f"SLOs, {run.traffic} traffic", when, cases)
    properties = ET.Element("properties")
    suite.insert(0, properties)
    limits = () if run.grid is None else (("from", spelt(run.grid.start)), ("to", spelt(run.grid.end)))
    for name, value in (*limits, ("prometheus", run.prometheus)):
        ET.SubElement(properties, "property", {"name": name, "value": printable(value)})
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _of_slo(row: Judgement, run: Run) -> _Case:
    return _Case(
        of=row.slo.service,
        name=row.slo.name,
        verdict="" if row.verdict == FAIL and not run.slos_decide else row.verdict,
        says=verdict_table.said(row),
        kind="objective",
        seconds=_seconds(run),
    )


def _of_drill(each: DrillJudgement) -> _Case:
    drill = each.drill
    seconds = 0.0 if drill.started is None or drill.ended is None else drill.ended - drill.started
    said = verdict_drill.said(each)
    return _Case(of="drill", name=drill.name, verdict=each.verdict, says=said, kind="drill", seconds=seconds)


def _seconds(run: Run) -> float:
    return 0.0 if run.grid is None else run.grid.end - run.grid.start


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    failed, skipped = (sum(each.verdict == verdict for each in cases) for verdict in (FAIL, NO_DATA))
    return {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": str(skipped)}


def _suite(root: ET.Element, name: str, more: dict[str, str], cases: Sequence[_Case]) -> ET.Element:
    suite = ET.SubElement(root, "testsuite", {"name": name, **more, **_counts(cases)})
    for each in cases:
        _case(suite, each)
    return suite


def _case(suite: ET.Element, of: _Case) -> None:
    named = {"classname": printable(of.of), "name": printable(of.name), "time": f"{of.seconds:.3f}"}
    case, text = ET.SubElement(suite, "testcase", named), printable(of.says)
    if of.verdict == FAIL:
        ET.SubElement(case, "failure", {"message": text, "type": of.kind})
    elif of.verdict == NO_DATA:
        ET.SubElement(case, "skipped", {"message": text})
    else:
        ET.SubElement(case, "system-out").text = text
