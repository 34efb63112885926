"""The verdict as programs, CI and people see it."""

import io
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from budget.verdict import judge, nothing
from budget.verdict_json import Run, as_json
from budget.verdict_junit import as_junit
from budget.verdict_table import MOST_NOTES, summary, table
from tests.budget.runs import counts, grid, of_shop

WANTED = {
    "id", "service", "slo", "journey", "objective", "good", "total", "sli", "verdict", "budget_spent", "would_page",
    "would_page_after_s", "would_ticket",
}  # fmt: skip
STRANGE = 'a<b>&"\x1b[2J\x00'


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One SLO that fails, one that passes with a gap, one without data."""
    slo = of_shop(tmp_path)
    gone = replace(counts([0], [50]), gaps=("shop: not scraped, or down, for 45s",))
    rows = (
        nothing(replace(slo, name="silent"), "load", "no events of this class in the range"),
        judge(replace(slo, name="kept"), gone, "any traffic", recorded=None),
        judge(replace(slo, name="broken"), counts([1000] * 4, [2000] * 4), "load", recorded=1e7, seeded=0.5),
    )
    return Run(grid=grid(4), traffic="load", prometheus="http://127.0.0.1:9090", rows=rows, named=False)


def test_json_has_every_field_that_load_runs_read(run: Run) -> None:
    """Under these names, with nulls where nothing is known."""
    found = as_json(run)
    assert {"from", "to", "traffic", "prometheus", "slos", "verdict"} <= set(found)
    assert (found["from"], found["to"]) == ("2033-05-18T03:33:20Z", "2033-05-18T03:34:20Z")
    assert (found["traffic"], found["verdict"]) == ("load", "fail")
    silent, _, broken = found["slos"]
    assert set(silent) >= WANTED
    assert (silent["verdict"], silent["sli"], silent["would_page"]) == ("no data", None, False)
    assert (broken["good"], broken["total"], broken["sli"], broken["objective"]) == (4000, 8000, 0.5, 0.999)
    assert (broken["would_page"], broken["would_page_after_s"], broken["would_ticket"]) == (True, 15, True)
    assert (broken["budget_spent"], broken["basis"], broken["seeded"]) == (pytest.approx(0.4), "recorded", 0.5)


def test_junit_has_a_case_per_slo(run: Run) -> None:
    """A failure, a success and one that is skipped, with the counts that CI adds up."""
    root = ET.fromstring(as_junit(run))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "1")
    children = {case.get("name"): {child.tag for child in case} for case in root.iter("testcase")}
    assert children == {"silent": {"skipped"}, "kept": {"system-out"}, "broken": {"failure"}}
    (failure,) = root.iter("failure")
    assert "99.9% promised, 50% kept; 4,000 of 8,000 events bad" in str(failure.get("message"))


def test_junit_stays_xml_whatever_a_name_holds(run: Run) -> None:
    """Markup is text, and what XML cannot hold is replaced."""
    strange = tuple(replace(row, slo=replace(row.slo, name=STRANGE)) for row in run.rows)
    root = ET.fromstring(as_junit(replace(run, rows=strange)))
    assert {case.get("name") for case in root.iter("testcase")} == {'a<b>&"?[2J?'}


@pytest.mark.parametrize("columns", [80, 110, 200])
def test_the_table_fits_and_has_the_worst_first(run: Run, columns: int) -> None:
    """Verdict, SLO, what it spent and whom it told at any width."""
    console = Console(width=columns, record=True, file=io.StringIO())
    console.print(table(run, plain=True, columns=columns))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= columns
    names, *rows = lines
    assert [row.split()[0] for row in rows][:1] == ["fail"]
    assert [name in names for name in ("verdict", "slo", "good", "spent", "tells")] == [True] * 5
    assert ["broken" in rows[0], "page after 15s" in rows[0], "40%" in rows[0]] == [True] * 3
    assert ("low traffic, gaps, any traffic" in "\n".join(rows)) is (columns == 200)


def test_what_limits_the_figures_stands_beneath(run: Run) -> None:
    """Gaps, what budgets are reckoned from, what is made up, and the verdict last."""
    *notes, last = summary(run).splitlines()
    assert notes == [
        "gap: shop: not scraped, or down, for 45s",
        "spent is reckoned from the run's own rate, held for the whole period, for shop-kept",
        "spent: up to 50% of the period's events are seeded: made up, not measured",
    ]
    assert last == "fail: 3 SLOs, 1 fail, 1 pass, 1 no data; load, 2033-05-18T03:33:20Z to 2033-05-18T03:34:20Z (1m)"


def test_a_narrow_terminal_has_the_notes_beneath(run: Run) -> None:
    """Where the table has no room for them: why there is no data, and what limits a verdict."""
    lines = summary(run, columns=80).splitlines()
    assert "shop-silent: no events of this class in the range" in lines
    assert "shop-kept: low traffic, gaps, any traffic" in lines


def test_many_gaps_are_cut(run: Run) -> None:
    """Some, and how many more there are."""
    gaps = tuple(f"gap {number}" for number in range(MOST_NOTES + 3))
    many = replace(run, rows=(replace(run.rows[1], gaps=gaps),))
    assert "and 3 more\n" in summary(many)


def test_a_terminal_obeys_nothing_of_a_name(run: Run) -> None:
    """No escape reaches it."""
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(
        table(
            replace(run, rows=(replace(run.rows[2], slo=replace(run.rows[2].slo, name=STRANGE)),)),
            plain=True,
            columns=200,
        )
    )
    assert "\x1b" not in console.export_text()
