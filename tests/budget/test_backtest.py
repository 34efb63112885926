"""Backtests of courses whose alerts are known, held against promtool's own test of the same rules."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.budget.backtest_courses import (
    MINUTES_A_DAY,
    START,
    Phase,
    Row,
    by_promtool,
    csv,
    done,
    openmetrics,
    rows,
    run,
    spans,
    spec,
)
from tests.slo import answers

EVENTS = 600  # a minute
OUTAGE = 240  # its minute
SHORT = rows((Phase(OUTAGE, EVENTS), Phase(20, EVENTS, EVENTS), Phase(240, EVENTS), Phase(180, EVENTS, 5)))
HALF_DAY = Phase(MINUTES_A_DAY // 2, EVENTS)
TWO_DAYS = rows((HALF_DAY, Phase(20, EVENTS, EVENTS), HALF_DAY, Phase(600, EVENTS, 3), HALF_DAY))
ASKED_EVERY = 4  # minutes between the questions to promtool
LATE = 2  # minutes: the slow group's interval, which promtool has none of
BARE = "      absent_after: 0\n"


def _agree(found: Sequence[tuple[float, float]], firing: set[int], last: int, *, late: int = LATE) -> None:
    """At every minute that was asked, but for the edges."""
    for minute in range(ASKED_EVERY, last, ASKED_EVERY):
        near = any(abs(minute - edge) <= late for span in found for edge in span)
        ours = any(start <= minute < end for start, end in found)
        assert near or ours is (minute in firing), f"minute {minute} of {found}"


def _close(one: dict[str, Any], other: dict[str, Any], *, minutes: float) -> None:
    """Whether both outcomes fire the same within so many minutes."""
    for severity in ("page", "ticket"):
        left, right = (sorted(edge for span in spans(each, severity) for edge in span) for each in (one, other))
        assert left
        assert left == pytest.approx(right, abs=minutes), severity


# promtool sums up the whole period at each minute: two days take it half a minute.
@pytest.mark.parametrize(
    "course", [pytest.param(SHORT, id="a day"), pytest.param(TWO_DAYS, id="two days", marks=pytest.mark.full)]
)
def test_an_outage_and_a_slow_burn_fire_when_promtool_says_so(tmp_path: Path, course: list[Row]) -> None:
    """Page and ticket, at every fourth minute."""
    specs = spec(tmp_path)
    (found,) = done("--file", csv(tmp_path / "past.csv", course), "--specs", specs)["outcomes"]
    rules = answers.rules_of((specs / "shop.yaml").read_text(), tmp_path)
    firing = by_promtool(rules, course, ("page", "ticket"), every=ASKED_EVERY)
    for severity, minutes in firing.items():
        assert len(minutes) > 5
        _agree(spans(found, severity), minutes, course[-1][0] + 1)


def test_two_days_are_done_in_seconds_and_page_once(tmp_path: Path) -> None:
    """An outage of everything pages within three minutes, and no slow burn of its third does."""
    (found,) = done("--file", csv(tmp_path / "past.csv", TWO_DAYS), "--specs", spec(tmp_path))["outcomes"]
    ((start, _),) = spans(found, "page")
    assert MINUTES_A_DAY // 2 < start <= MINUTES_A_DAY // 2 + 3
    bad, total = (sum(row[place] for row in TWO_DAYS) for place in (1, 2))
    assert found["left"] == pytest.approx(1 - bad / total / 0.001, rel=0.005)


def test_the_guard_holds_a_single_failure_back_and_its_change_shows(tmp_path: Path) -> None:
    """Two failures of one event a minute: nobody is told, and without the guard somebody would have been."""
    course = rows((Phase(200, 1), Phase(2, 1, 1), Phase(150, 1)))
    specs, past = spec(tmp_path, alerting=BARE), csv(tmp_path / "past.csv", course)
    now, changed = done("--file", past, "--specs", specs, "--min-failures", "0")["outcomes"]
    assert (now["pages"], now["tickets"], now["min_failures"]) == (0, 0, 3)
    assert (changed["pages"] > 0, changed["min_failures"]) == (True, 0)
    text = (specs / "shop.yaml").read_text()
    for outcome, guard in ((now, 3), (changed, 0)):
        rules = answers.rules_of(f"{text.rstrip()}\n      min_failures: {guard}\n", tmp_path)
        firing = by_promtool(rules, course, ("page",), every=ASKED_EVERY)
        _agree(spans(outcome, "page"), firing["page"], course[-1][0] + 1)


def test_a_pause_is_told_and_pages_as_promtool_says(tmp_path: Path) -> None:
    """Two hours without a row: the SLI has disappeared, and what follows them counts again."""
    gap = range(100, 240)
    course = rows((Phase(270, EVENTS), Phase(20, EVENTS, EVENTS), Phase(110, EVENTS)), without=[gap])
    specs = spec(tmp_path)
    answer = done("--file", csv(tmp_path / "past.csv", course), "--specs", specs)
    (told,) = answer["history"]["gaps"]
    assert told["seconds"] == pytest.approx(60 * len(gap), abs=300)
    (found,) = answer["outcomes"]
    rules = answers.rules_of((specs / "shop.yaml").read_text(), tmp_path)
    for alert in ("Burning", "BurningAbsent"):
        firing = by_promtool(rules, course, ("page",), every=ASKED_EVERY, alert=alert)
        assert firing["page"]
        # In the store a series outlives its last sample by two minutes.
        _agree(spans(found, "page", alert), firing["page"], course[-1][0] + 1, late=2 * LATE)


def test_counters_that_were_reset_lose_nothing(tmp_path: Path) -> None:
    """A restart every 150 minutes, one within the slow burn: pages and tickets are those of the rows."""
    specs = spec(tmp_path)
    (by_rows,) = done("--file", csv(tmp_path / "past.csv", SHORT), "--specs", specs)["outcomes"]
    past = openmetrics(tmp_path / "past.om", SHORT, reset_every=150)
    (by_counters,) = done("--file", past, "--specs", specs)["outcomes"]
    _close(by_rows, by_counters, minutes=3)
    assert by_rows["left"] == pytest.approx(by_counters["left"], abs=0.2)


def test_a_stricter_objective_is_told_beside_the_one_that_is(tmp_path: Path) -> None:
    """In one sentence, and each with its own curve."""
    arguments = ("--file", csv(tmp_path / "past.csv", SHORT), "--specs", spec(tmp_path, objective="99"))
    now, changed = done(*arguments, "--objective", "99.95")["outcomes"]
    assert (now["objective"], changed["objective"]) == (0.99, 0.9995)
    assert (now["pages"], changed["pages"]) == (1, 2)
    assert changed["left"] < now["left"]
    said = run(*arguments, "--objective", "99.95").stdout
    assert "99.95 % would have cost 2 pages in place of 1 and" in said


@pytest.mark.parametrize("window", [pytest.param("7d", marks=pytest.mark.full), "1d"])
def test_another_window_is_evaluated_with_its_own_rules(tmp_path: Path, window: str) -> None:
    """Also one whose records bear the same names for something else."""
    specs = spec(tmp_path)
    answer = done("--file", csv(tmp_path / "past.csv", SHORT), "--specs", specs, "--window", window)
    now, changed = answer["outcomes"]
    assert (now["window_days"], changed["window_days"]) == (30, int(window[0]))
    rules = answers.rules_of(answers.document(answers.slo(more=f"    window: {window}\n")), tmp_path)
    firing = by_promtool(rules, SHORT, ("page",), every=ASKED_EVERY)
    _agree(spans(changed, "page"), firing["page"], SHORT[-1][0] + 1)


RATIO = """
      raw:
        error_ratio_query: >-
          sum(rate(requests_total{code="500"}[{{.window}}])) / sum(rate(requests_total[{{.window}}]))"""
LEAST = """
      events:
        error_query: sum(max_over_time(failed[{{.window}}]))
        total_query: sum(max_over_time(asked[{{.window}}]))"""


@pytest.mark.parametrize("sli", [RATIO, LEAST], ids=["a raw ratio", "events that do not add up"])
def test_other_slis_are_fed_by_rows_too(tmp_path: Path, sli: str) -> None:
    """An outage pages, and the curve falls."""
    (found,) = done("--file", csv(tmp_path / "past.csv", SHORT), "--specs", spec(tmp_path, sli=sli))["outcomes"]
    assert any(OUTAGE < start < OUTAGE + 6 for start, _ in spans(found, "page"))
    assert found["left"] < 0


def test_what_is_marked_as_seeded_stays_marked(tmp_path: Path) -> None:
    """Each page that began in it, and the history itself."""
    past = openmetrics(tmp_path / "past.om", SHORT, seeded=300)
    answer = done("--file", past, "--specs", spec(tmp_path))
    assert answer["history"]["seeded"] is not None
    (found,) = answer["outcomes"]
    marks = [(minute < 300, each["seeded"]) for minute, each in zip(_starts(found), found["fired"], strict=True)]
    assert {mark for _, mark in marks} == {True, False}
    assert all(expected is mark for expected, mark in marks)
    assert "seeded, made up by the local platform" in run("--file", past, "--specs", tmp_path / "specs").stdout


def _starts(outcome: dict[str, Any]) -> list[float]:
    return sorted(start for severity in ("page", "ticket") for start, _ in spans(outcome, severity))


def test_a_history_shorter_than_asked_for_is_told(tmp_path: Path) -> None:
    """How far it goes, and that the budget counts no more than it."""
    arguments = ("--file", csv(tmp_path / "past.csv", SHORT), "--specs", spec(tmp_path), "--days", "10")
    said = run(*arguments).stdout
    assert "shorter than asked for: nothing was measured before 2025-11-01" in said
    assert "of the 30 days before it, 0s are known" in said


@pytest.mark.full
def test_thirty_days_take_less_than_a_minute(tmp_path: Path) -> None:
    """One SLO, as it is and changed."""
    day = (Phase(700, EVENTS), Phase(5, EVENTS, 300), Phase(600, EVENTS, 1), Phase(135, EVENTS))
    past: list[Row] = rows(day * 30)
    arguments = ("--file", csv(tmp_path / "past.csv", past), "--specs", spec(tmp_path), "--objective", "99.95")
    began = time.monotonic()
    answer = done(*arguments)
    took = time.monotonic() - began
    print(json.dumps({"backtest_30_days_seconds": round(took, 1), "pages": answer["outcomes"][0]["pages"]}))
    assert answer["outcomes"][0]["pages"] >= 30
    assert took <= 60
    assert len(past) == 30 * MINUTES_A_DAY
    assert past[0][0] == 0
    assert START % 86_400 == 0
