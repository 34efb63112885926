"""The verdict on a drill: its scorecard decides, and the promises that it broke on purpose do not."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from budget import postmortem_scorecard, verdict_drill
from budget.__main__ import main
from budget.postmortem_scorecard import LATE_SECONDS, Drill, Page, Scorecard
from budget.verdict import judge
from budget.verdict_drill import DrillJudgement, judged, said
from budget.verdict_json import Run, as_json
from budget.verdict_junit import as_junit
from budget.verdict_table import drills, summary
from local import drill_card
from tests.budget.runs import LOAD_EVENTS, counts, grid, of_shop
from tests.slo.answers import document, slo

WELL: dict[str, Any] = {
    "drill": "payment-outage",
    "pages": [{"alert": "GatewayGone", "expected_s": 95, "after_s": 97.5}],
    "unexpected_pages": [],
    "lost": 0,
    "oversold": 0,
    "double_charged": 0,
}
NOBODY = "nobody was to be told, and nobody was"
STRANGE = 'a<b>&"\x1b[2J\x00'


def card(folder: Path, *changes: dict[str, Any]) -> str:
    """A scorecard of drills that went well, but for *changes*."""
    file = folder / "card.json"
    file.write_text(json.dumps({"drills": [WELL | each for each in changes]}))
    return str(file)


def of(folder: Path, **changes: Any) -> DrillJudgement:
    """The judgement of the only drill."""
    (found,) = judged(postmortem_scorecard.read(Path(card(folder, changes))))
    return found


def page(expected: float, after: float | None) -> dict[str, Any]:
    """The scorecard's line for a page."""
    return {"pages": [{"alert": "GatewayGone", "expected_s": expected, "after_s": after}]}


@pytest.mark.parametrize(
    ("changes", "verdict", "says"),
    [
        pytest.param(
            {}, "pass", "GatewayGone after 98 s, foreseen 95 s; lost 0, oversold 0, double charged 0", id="well"
        ),
        pytest.param(page(95, 95 + LATE_SECONDS), "pass", "GatewayGone after 140 s", id="as late as may be"),
        pytest.param(page(95, 95.1 + LATE_SECONDS), "fail", "GatewayGone came 45 s late", id="later"),
        pytest.param(page(95, 1), "pass", "GatewayGone after 1 s", id="early"),
        pytest.param(page(95, None), "fail", "GatewayGone did not come", id="never"),
        pytest.param({"unexpected_pages": ["CatalogDown"]}, "fail", "CatalogDown was not expected", id="unexpected"),
        pytest.param({"lost": 2}, "fail", "orders lost: 2", id="lost"),
        pytest.param({"oversold": 1}, "fail", "1 units oversold", id="oversold"),
        pytest.param({"double_charged": 3}, "fail", "orders charged twice: 3", id="charged twice"),
        pytest.param({"lost": -1}, "fail", "orders lost: -1", id="what cannot be is not well"),
        pytest.param({"lost": None, "pages": []}, "no data", f"{NOBODY}; lost was not counted", id="nobody counted"),
        pytest.param({"lost": None, "oversold": 1}, "fail", "1 units oversold; lost was not counted", id="both"),
        pytest.param({"pages": []}, "pass", NOBODY, id="nobody was to be told"),
        pytest.param({"passed": False, "wrong": ["X still fires"]}, "fail", "X still fires", id="what it says itself"),
        pytest.param({"passed": False}, "fail", "the drill says that it did not pass", id="and without a word"),
        pytest.param({"passed": True, "lost": 1}, "fail", "orders lost: 1", id="figures win over what it says"),
    ],
)
def test_what_a_scorecard_says(tmp_path: Path, changes: dict[str, Any], verdict: str, says: str) -> None:
    """Pages in time, none beside them, nothing lost, oversold or charged twice; and all of that counted."""
    found = of(tmp_path, **changes)
    assert found.verdict == verdict
    assert said(found).startswith(says)


def test_a_scorecard_is_judged_as_whoever_wrote_it_does(tmp_path: Path) -> None:
    """`local drill` writes it: the same pages are in time, the same drills pass, and when it was is read."""
    told = tuple(drill_card.Told(alert="A", expected_seconds=60, after_seconds=after) for after in (60, 105, 106, None))
    well = drill_card.Outcome(name="well", title="", started=100, ended=160, lost=0, oversold=0, double_charged=0)
    outcomes = (
        replace(well, pages=told[:2]),
        replace(well, name="late", pages=told, wrong=("A came 46 s late", "A did not come")),
        drill_card.Outcome(name="never", title="", wrong=("its platform did not start",)),
    )
    drill_card.write_json(outcomes, tmp_path / "card.json")
    scorecard = postmortem_scorecard.read(tmp_path / "card.json")
    found = judged(scorecard)
    assert [[page.in_time for page in each.drill.pages] for each in found[:2]] == [
        [page.in_time for page in each.pages] for each in outcomes[:2]
    ]
    assert [each.verdict == "pass" for each in found] == [each.passed for each in outcomes]
    assert [each.faults for each in found] == [each.wrong for each in outcomes]
    assert (scorecard.started, scorecard.ended) == (100, 160)


def test_what_both_say_is_said_once(tmp_path: Path) -> None:
    """The drill's own words for a page that did not come are the same."""
    found = of(tmp_path, **page(95, None), passed=False, wrong=["GatewayGone did not come", "X still fires"])
    assert said(found) == "GatewayGone did not come; X still fires"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A drill that went well, and the promise that it broke."""
    broken = judge(of_shop(tmp_path), counts([1000] * 4, [2000] * 4), "user", recorded=1e7)
    drill = Drill(name="outage", pages=(Page(alert="A", expected_seconds=1, after_seconds=2),), unexpected=(), lost=0,
        oversold=0, double_charged=0, started=100, ended=160)  # fmt: skip
    found = judged(Scorecard(drills=(drill,), started=100, ended=160))
    return Run(grid=grid(4), traffic="user", prometheus="http://p.example", rows=(broken,), named=False, drills=found)


def test_a_promise_that_was_broken_on_purpose_decides_nothing(run: Run) -> None:
    """It is shown as failed, and the run passes; CI sees no failure, and people why."""
    assert [row.verdict for row in run.rows] == ["fail"]
    found = as_json(run)
    assert (run.verdict, found["verdict"], found["slos_decide"]) == ("pass", "pass", False)
    root = ET.fromstring(as_junit(run))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("2", "0", "0")
    text = summary(run)
    assert "a drill breaks promises on purpose" in text
    assert text.splitlines()[-1].startswith("pass: 1 drill, 0 fail, 1 pass; 1 SLO, 1 fail, 0 pass; user, ")


def test_a_promise_that_is_named_must_be_kept(run: Run) -> None:
    """That is why somebody names it; one without data has not proved it."""
    named = replace(run, named=True)
    assert named.verdict == "fail"
    assert ET.fromstring(as_junit(named)).get("failures") == "1"
    assert "on purpose" not in summary(named)
    assert replace(named, rows=()).verdict == "no data"


def test_the_worst_drill_decides(run: Run) -> None:
    """Among several, also before one that nobody counted."""
    (well,) = run.drills
    (uncounted,) = judged(Scorecard(drills=(replace(well.drill, lost=None),), started=None, ended=None))
    late = replace(well, faults=("A came 60 s late",))
    assert replace(run, drills=(well, uncounted)).verdict == "no data"
    assert replace(run, drills=(uncounted, well, late)).verdict == "fail"
    assert drills(replace(run, drills=(well, uncounted, late))).splitlines() == [
        "fail  outage: A came 60 s late",
        "no data  outage: A after 2 s, foreseen 1 s; lost was not counted; oversold 0, double charged 0",
        "pass  outage: A after 2 s, foreseen 1 s; lost 0, oversold 0, double charged 0",
    ]


def test_junit_has_a_case_per_drill(run: Run) -> None:
    """In a suite of its own: what passed, what failed and why, what nobody counted, each with its length."""
    (well,) = run.drills
    more = (well, replace(well, faults=("A did not come",)), replace(well, not_counted=("lost",)))
    suite, _ = ET.fromstring(as_junit(replace(run, drills=more))).findall("testsuite")
    assert [(each.get("name"), each.get("time")) for each in suite] == [("outage", "60.000")] * 3
    assert [child.tag for case in suite for child in case] == ["system-out", "failure", "skipped"]
    assert suite.get("failures") == "1"


def test_json_has_the_scorecards_own_words(run: Run) -> None:
    """With what each page was judged to be."""
    (drill,) = as_json(run)["drills"]
    assert set(WELL) <= set(drill)
    assert drill["pages"] == [{"alert": "A", "expected_s": 1, "after_s": 2, "in_time": True}]
    assert (drill["verdict"], drill["faults"], drill["not_counted"]) == ("pass", [], [])


def test_names_stay_text(run: Run) -> None:
    """XML stays XML, and a terminal obeys nothing."""
    strange = Drill(name=STRANGE, pages=(), unexpected=(STRANGE,), lost=0, oversold=0, double_charged=0)
    found = replace(run, drills=judged(Scorecard(drills=(strange,), started=None, ended=None)))
    suite = ET.fromstring(as_junit(found)).find("testsuite")
    assert suite is not None
    assert [case.get("name") for case in suite] == ['a<b>&"?[2J?']
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(drills(found), markup=False)
    assert "\x1b" not in console.export_text()


# --- the command ------------------------------------------------------------------------------------------------


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["verdict", *arguments], env={"PORT_BASE": None, "TILLWATCH_PROMETHEUS": None})


@pytest.fixture
def specs(tmp_path: Path) -> str:
    """A spec of one SLO, shop-requests."""
    (tmp_path / "shop.yaml").write_text(document(slo(sli=LOAD_EVENTS)))
    return str(tmp_path / "shop.yaml")


@pytest.mark.parametrize(("changes", "code"), [({}, 0), ({"lost": 1}, 1), ({"lost": None}, 4)])
def test_a_drill_is_judged_without_its_server(
    closed_url: str, specs: str, tmp_path: Path, changes: dict[str, Any], code: int
) -> None:
    """It ends with the drill: 0 pass, 1 fail, 4 not counted; what is missing is said."""
    times = {"started": "2026-11-28T14:00:00Z", "ended": "2026-11-28T14:05:00Z"}
    given = ["--drill", card(tmp_path, times | changes), "--prometheus", closed_url, "--specs", specs]
    result = _run(*given)
    assert result.exit_code == code, result.output
    assert "SLOs are not judged: " in result.stdout
    assert "does not answer" in result.stdout
    assert "hunter2" not in result.output
    found = json.loads(_run(*given, "--json").stdout)
    assert (found["from"], found["to"]) == ("2026-11-28T14:00:00Z", "2026-11-28T14:05:00Z")
    assert (found["slos"], len(found["notes"])) == ([], 1)


def test_a_scorecard_without_times_is_judged_all_the_same(closed_url: str, specs: str, tmp_path: Path) -> None:
    """No server is asked; with --from the SLOs are judged beside it."""
    given = ["--drill", card(tmp_path, {}), "--prometheus", closed_url, "--specs", specs]
    result = _run(*given, "--json", "--junit", str(tmp_path / "out.xml"))
    found = json.loads(result.stdout)
    assert (result.exit_code, found["from"], found["step_seconds"]) == (0, None, None)
    assert "give --from" in found["notes"][0]
    assert "does not answer" in _run(*given, "--from", "-5m").stdout
    assert ET.parse(tmp_path / "out.xml").getroot().get("tests") == "1"


def test_another_server_than_the_drills_is_told(prometheus_url: str, specs: str, tmp_path: Path) -> None:
    """It saw none of the pages that came; the one of `ShopUp` it did see."""
    given = ["--from", "-5m", "--prometheus", prometheus_url, "--specs", specs, "--drill"]
    result = _run(*given, card(tmp_path, {}))
    assert result.exit_code == 0, result.output
    assert "saw none of the drill's pages (GatewayGone)" in result.stdout
    seen = {"pages": [{"alert": "ShopUp", "expected_s": 1, "after_s": 1}]}
    assert "saw none" not in _run(*given, card(tmp_path, seen)).stdout
    never = {"pages": [{"alert": "GatewayGone", "expected_s": 1, "after_s": None}]}
    assert "saw none" not in _run(*given, card(tmp_path, never)).stdout


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        pytest.param("[]", "the document: is no object", id="another document"),
        pytest.param("{", "is not JSON", id="half a file"),
        pytest.param("[" * 100_000, "is not JSON", id="too deep to read"),
        pytest.param(json.dumps({"drills": [WELL | {"lost": True}]}), "drills[0].lost: is no number", id="no number"),
        pytest.param(json.dumps({"drills": [WELL | {"lost": 10**400}]}), "drills[0].lost: is no number", id="too many"),
        pytest.param(json.dumps({"drills": [WELL | {"passed": 1}]}), "is neither true nor false", id="no switch"),
        pytest.param(json.dumps({"drills": [WELL | {"wrong": "x"}]}), "drills[0].wrong: is no list", id="no list"),
        pytest.param(json.dumps({"drills": [WELL | {"started": "-5m"}]}), "is no moment by itself", id="since when?"),
    ],
)
def test_what_is_no_scorecard_is_exit_2(tmp_path: Path, specs: str, text: str, said_of_it: str) -> None:
    """By its place, before any server is asked."""
    file = tmp_path / "card.json"
    file.write_text(text)
    result = _run("--drill", str(file), "--specs", specs)
    assert (result.exit_code, said_of_it in result.stderr) == (2, True), result.output


def test_a_missing_scorecard_is_exit_2(tmp_path: Path, answering: Callable[[int, bytes], str]) -> None:
    """With its path."""
    result = _run("--drill", str(tmp_path / "gone.json"))
    assert (result.exit_code, "gone.json: No such file" in result.stderr) == (2, True), result.output


def test_without_a_scorecard_nobody_is_judged() -> None:
    """No drill, no judgement."""
    assert verdict_drill.judged(None) == ()
