"""The verdict on a range as JUnit XML, which CI systems show: a test case per SLO."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from budget.plain_text import printable
from budget.time_range import spelt
from budget.verdict import FAIL, NO_DATA, Judgement
from budget.verdict_json import Run
from budget.verdict_table import said


def as_junit(run: Run) -> str:
    """One suite: a failure for each SLO that was not kept, skipped for each that nothing is known of."""
    failed = sum(row.verdict == FAIL for row in run.rows)
    skipped = sum(row.verdict == NO_DATA for row in run.rows)
    counts = {"tests": str(len(run.rows)), "failures": str(failed), "errors": "0", "skipped": str(skipped)}
    root = ET.Element("testsuites", counts)
    seconds = f"{run.grid.end - run.grid.start:.3f}"
    named = {"name": f"SLOs, {run.traffic} traffic", "timestamp": spelt(run.grid.start), "time": seconds}
    suite = ET.SubElement(root, "testsuite", named | counts)
    properties = ET.SubElement(suite, "properties")
    for name, value in (("from", spelt(run.grid.start)), ("to", spelt(run.grid.end)), ("prometheus", run.prometheus)):
        ET.SubElement(properties, "property", {"name": name, "value": printable(value)})
    for row in run.rows:
        _case(suite, row, seconds)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, row: Judgement, seconds: str) -> None:
    case = ET.SubElement(
        suite, "testcase", {"classname": printable(row.slo.service), "name": printable(row.slo.name), "time": seconds}
    )
    text = printable(said(row))
    if row.verdict == FAIL:
        ET.SubElement(case, "failure", {"message": text, "type": "objective"})
    elif row.verdict == NO_DATA:
        ET.SubElement(case, "skipped", {"message": text})
    else:
        ET.SubElement(case, "system-out").text = text
