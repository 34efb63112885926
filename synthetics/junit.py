"""A load run as JUnit XML: a test case for each SLO, each journey, and the run as a whole."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Xml

# What XML 1.0 cannot hold, although a shop may have answered with it.
_FORBIDDEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535, *range(55296, 57344)), "�")


def document(run: Mapping[str, Any]) -> str:
    """The text of the file."""
    root = Xml.Element("testsuites", name="load")
    _suite(root, "run", [_run(run)])
    _suite(root, "journeys", _journeys(run))
    _suite(root, "slos", [_slo(each) for each in (run["verdict"] or {}).get("slos", ())])
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(root: Xml.Element, name: str, cases: list[Xml.Element]) -> None:
    counts = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")}
    suite = Xml.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
    )
    suite.extend(cases)


def _run(run: Mapping[str, Any]) -> Xml.Element:
    kind = {"passed": "", "failed": "failure", "invalid": "error"}[run["outcome"]]
    return _case("run", str(run["shape"]), kind, "; ".join(run["reasons"]))


def _journeys(run: Mapping[str, Any]) -> list[Xml.Element]:
    failures: dict[str, list[str]] = {}
    for name, (count, _) in sorted(run["book"]["steps"].items()):
        journey, _, step = name.partition("/")
        failures.setdefault(journey, []).extend([f"{step}: {count} failed"] if count else [])
    return [_case("journeys", name, "failure" if found else "", "; ".join(found)) for name, found in failures.items()]


def _slo(slo: Mapping[str, Any]) -> Xml.Element:
    kind = {"pass": "", "fail": "failure"}.get(slo["verdict"], "skipped")
    sli = "nothing" if slo["sli"] is None else f"{slo['sli']:.5f}"
    return _case(f"slos.{slo['service']}", str(slo["slo"]), kind, f"{sli} of what was asked went well")


def _case(place: str, name: str, kind: str, message: str) -> Xml.Element:
    case = Xml.Element("testcase", classname=place.translate(_FORBIDDEN), name=name.translate(_FORBIDDEN))
    if kind:
        Xml.SubElement(case, kind, message=message.translate(_FORBIDDEN))
    return case
