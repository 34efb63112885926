"""What is left of a run: one page that asks nobody for anything and escapes what others have named, JSON, JUnit."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from synthetics.journey import Outcome
from synthetics.outcome import judge
from synthetics.page import page, pictures
from synthetics.record import Record
from synthetics.report import summary, write

BEGAN = 1_795_000_000.0
NASTY = '<script>alert("1")&$x^2$'
SLO = {
    "id": "orders-availability",
    "service": "orders",
    "slo": "availability",
    "journey": None,
    "objective": 0.999,
    "good": 999.0,
    "total": 1000.0,
    "sli": 0.9985,
    "verdict": "fail",
    "budget_spent": 0.02,
    "would_page": True,
    "would_page_after_s": 70.0,
    "would_ticket": False,
}


def run(*, nasty: bool = False) -> dict[str, Any]:
    """Twenty seconds, with a fault in the middle, and an SLO that broke."""
    record, name = Record(), NASTY if nasty else "buy"
    for second in range(20):
        record.begun(name, BEGAN + second)
        error = f"{name}: status 500, expected 201" if 8 <= second < 12 else None
        record.step(name, "check out", at=BEGAN + second, seconds=0.05 + second / 100, error=error)
        record.ended(name, Outcome.FAILED if error else Outcome.PASSED)
    line = {"metric": "process_cpu", "title": "CPU of a process, of one core", "where": NASTY if nasty else "orders"}
    document = {
        "version": "tillwatch/load/v1",
        "host": "http://127.0.0.1:8000",
        "shape": NASTY if nasty else "steady",
        "model": "open",
        "asked": {"seconds": 20, "processes": 2, "traffic": "load", "journeys": {name: 1.0}},
        "interrupted": False,
        "began": BEGAN,
        "ended": BEGAN + 20,
        "row_seconds": 1,
        "book": record.take(),
        "generators": [
            {
                "name": NASTY if nasty else "1 of 2",
                "cpu_share_mean": 0.12,
                "cpu_share_max": 0.4,
                "cpu_busy_share": 0.0,
                "lag_p99": 0.004,
                "lag_max": 0.02,
                "late": 0,
                "late_share": 0.0,
            }
        ],
        "accounts": 3,
        "faults": [],
        "stampede": {"buyers": 2, "units": 1, "outcomes": {name: 2}, "fault": None} if nasty else None,
        "clean_up": {"accounts": 3, "cleared": 3, "failed": 0, "cancelled": 9},
        "verdict": {"verdict": "fail", "slos": [SLO | ({"id": NASTY, "slo": NASTY} if nasty else {})]},
        "no_verdict": "",
        "saturation": [line | {"mean": 0.5, "highest": 0.7, "points": [[BEGAN + at, 0.5] for at in (0, 5, 10)]}],
        "fault_windows": [{"name": NASTY if nasty else "orders: errors", "begin": BEGAN + 8, "end": BEGAN + 12}],
        "remarks": [NASTY] if nasty else [],
    }
    document["outcome"], document["reasons"] = judge(document)
    return document


class Reader(HTMLParser):
    """Notes every tag, and every address that a page would ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.asked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        self.asked += [found[name] or "" for name in ("src", "href", "xlink:href", "data") if name in found]


@pytest.fixture(scope="module")
def text() -> str:
    """The page of a run in which everything has a nasty name."""
    return page(run(nasty=True))


def test_no_name_becomes_part_of_the_page(text: str) -> None:
    """Not in tables, and not in the legends of pictures."""
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8


def test_the_page_asks_nobody_for_anything(text: str) -> None:
    """No script, no style sheet, no picture from elsewhere; addresses lead to what is in the page itself."""
    reader = Reader()
    reader.feed(text)
    assert reader.tags.isdisjoint({"script", "link", "iframe", "object", "embed", "img", "form"})
    assert [address for address in reader.asked if not address.startswith("#")] == []
    assert not re.search(r"url\((?!['\"]?#)", text)
    assert "@import" not in text


def test_the_page_has_a_picture_of_each_kind_with_the_faults_shaded() -> None:
    """Latency, throughput, errors, saturation: each over the whole run."""
    found = pictures(run())
    assert [each.title for each in found] == [
        "Latency of steps",
        "Throughput",
        "Errors, and visits left out",
        "Saturation: CPU of a process, of one core",
    ]
    assert all(each.windows == [(8.0, 12.0, "orders: errors")] for each in found)
    assert dict(found[2].lines)["failed"][9] == (9.0, 1.0)
    assert page(run()).count("<svg") == 4


def test_latency_is_the_percentiles_of_each_second() -> None:
    """Within the four per cent of the buckets, in milliseconds."""
    latency = dict(pictures(run())[0].lines)
    assert latency["p99"][10] == (10.0, pytest.approx(150, rel=0.05))


def test_a_run_that_never_began_has_a_page_too() -> None:
    """Which says why."""
    found = run() | {"began": None, "ended": None, "book": Record().take(), "generators": [], "faults": ["it ended"]}
    found["outcome"], found["reasons"] = judge(found)
    assert "it ended" in page(found)
    assert "invalid" in summary(found, None)


def test_all_three_are_written_whole(tmp_path: Path) -> None:
    """And nothing else is left in the folder."""
    write(run(), tmp_path / "deep" / "report")
    names = {path.name for path in (tmp_path / "deep" / "report").iterdir()}
    assert names == {"report.html", "report.json", "junit.xml"}
    found = json.loads((tmp_path / "deep/report/report.json").read_text())
    assert (found["outcome"], found["version"]) == ("failed", "tillwatch/load/v1")


@pytest.mark.parametrize("nasty", [False, True], ids=["plain names", "nasty names"])
def test_junit_has_a_case_for_the_run_each_journey_and_each_slo(tmp_path: Path, nasty: bool) -> None:
    """Failures are counted where they are."""
    write(run(nasty=nasty), tmp_path)
    root = Xml.parse(tmp_path / "junit.xml").getroot()
    counts = {suite.get("name"): (suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in root}
    assert counts == {"run": ("1", "1", "0"), "journeys": ("1", "1", "0"), "slos": ("1", "1", "0")}
    (case,) = root.findall("testsuite[@name='journeys']/testcase")
    assert case.get("name") == (NASTY if nasty else "buy")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "check out: 4 failed"


def test_a_shop_that_answers_control_characters_still_leaves_valid_xml(tmp_path: Path) -> None:
    """XML has no way to write them."""
    found = run()
    found["reasons"] = ["odd \x00\x1b[31m\ud800 answer"]
    from synthetics.junit import document

    Xml.fromstring(document(found).encode())


def test_who_gave_no_prometheus_is_told_how_to_ask_for_the_verdict() -> None:
    """With the times of the run."""
    text = summary(run() | {"verdict": None}, None)
    assert "python -m budget verdict --from 1795000000 --to 1795000020 --traffic load" in text


def test_the_summary_ends_with_the_outcome_its_reasons_and_where_the_report_is(tmp_path: Path) -> None:
    """What one looks for first is what is seen last."""
    lines = summary(run(), tmp_path).splitlines()
    assert lines[-4:] == [
        "failed",
        "  4 steps failed: buy/check out (4)",
        "  SLO orders-availability: 99.850% of what was asked went well, promised are 99.900%",
        f"report: {tmp_path / 'report.html'}",
    ]
    assert "fail  orders-availability                99.850% of 1000  would page" in lines
    assert "generator 1 of 2: CPU 12% of a core on average, 40% at most; lag p99 4 ms, at most 20 ms" in lines
