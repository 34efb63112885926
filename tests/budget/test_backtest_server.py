"""Backtests over the history of a running Prometheus, and what is left behind by one that is stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alerts.rule_files import alerts_of
from budget.answers import Series
from budget.backtest import firings, past
from budget.backtest_command import installed
from budget.backtest_records import courses, variant
from budget.backtest_server import Store, write
from slo import conventions
from slo.rule import Alert
from slo.rule_context import shared
from tests.budget.backtest_courses import START, Phase, Row, csv, done, openmetrics, rows, run, spans, spec
from tests.slo import answers

ROOT = Path(__file__).resolve().parents[2]
COURSE = rows((Phase(240, 600), Phase(20, 600, 600), Phase(240, 600)))
TO = START + 60 * 500
RANGE = ("--from", str(START), "--to", str(TO))
IDS = {conventions.ID: "shop-requests", conventions.SERVICE: "shop", conventions.SLO: "requests"}


def _served(home: Path) -> Store:
    home.mkdir()
    return Store(home, installed())


def _rate(course: Sequence[Row], minutes: int, place: int) -> Iterator[tuple[float, float]]:
    """What the rules would have recorded: events a second over so many minutes, at the end of each."""
    for at in range(len(course)):
        counted = sum(row[place] for row in course[max(0, at + 1 - minutes) : at + 1])
        yield START + 60 * (at + 1), counted / (60 * minutes)


@pytest.fixture
def by_rows(tmp_path: Path) -> dict[str, Any]:
    """The outcome of the same course from a file."""
    (found,) = done("--file", csv(tmp_path / "past.csv", COURSE), "--specs", spec(tmp_path))["outcomes"]
    outcome: dict[str, Any] = found
    assert spans(outcome, "page")
    return outcome


def test_a_server_is_asked_for_records_and_else_for_raw_series(tmp_path: Path, by_rows: dict[str, Any]) -> None:
    """Both say what the rows say, to two minutes."""
    recorded, raw = _served(tmp_path / "recorded"), _served(tmp_path / "raw")
    with recorded.writing() as file:
        for minutes in (5, 30):
            bad, total = conventions.bad_rate(f"{minutes}m"), conventions.total_rate(f"{minutes}m")
            write(file, bad, IDS, _rate(COURSE, minutes, 1))
            write(file, total, IDS, _rate(COURSE, minutes, 2))
    raw.take(openmetrics(tmp_path / "past.om", COURSE))
    for place, origin in ((recorded, "records of http"), (raw, "raw series of http")):
        with place.serving("5m") as server:
            answer = done("--prometheus", server.url, "--specs", tmp_path / "specs", *RANGE)
        assert answer["history"]["origin"].startswith(origin)
        (found,) = answer["outcomes"]
        for severity in ("page", "ticket"):
            edges = sorted(edge for span in spans(found, severity) for edge in span)
            assert edges == pytest.approx(sorted(e for span in spans(by_rows, severity) for e in span), abs=2)


def test_a_server_without_the_slo_has_no_history(tmp_path: Path) -> None:
    """Exit code 1, and its address."""
    empty = _served(tmp_path / "empty")
    with empty.serving("5m") as server:
        result = run("--prometheus", server.url, "--specs", spec(tmp_path), *RANGE)
    assert (result.exit_code, "nothing has measured shop-requests" in result.stderr) == (1, True), result.output


def test_a_server_that_is_gone_is_told_without_a_password(tmp_path: Path, closed_url: str) -> None:
    """Exit code 1, and what to do."""
    result = run("--prometheus", closed_url, "--specs", spec(tmp_path), *RANGE)
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert "--prometheus" in result.stderr
    assert "hunter2" not in result.output


def _promtool_works(place: Path) -> bool:
    return any(place.rglob("head*"))


def _prometheus_serves(place: Path) -> bool:
    return any("storage.tsdb.path" in each for each in _processes(place))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", [_promtool_works, _prometheus_serves], ids=["promtool works", "Prometheus serves"])
def test_one_that_is_stopped_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals, when: Callable[[Path], bool]
) -> None:
    """Neither its folders nor what it started."""
    place = tmp_path / "place"
    place.mkdir()
    past = csv(tmp_path / "past.csv", rows([Phase(20_000, 600, 1)]))
    command = [sys.executable, "-m", "budget", "backtest", "--slo", "shop-requests", "--file", str(past)]
    process = subprocess.Popen(
        [*command, "--specs", str(spec(tmp_path))],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (seen := when(place)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert seen, said
    assert process.returncode not in (0, -signal.SIGKILL)
    assert "Traceback" not in said
    assert (list(place.iterdir()), _processes(place)) == ([], [])


def _processes(place: Path) -> list[str]:
    """Those whose command line names the folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = line.read_bytes()
        except OSError:
            continue
        if str(place).encode() in text:
            found.append(text.decode(errors="replace"))
    return found


# --- firings, without a server --------------------------------------------------------------------------------------


def test_an_alert_fires_once_it_has_held_and_says_what_the_range_cuts_off() -> None:
    """`for` is counted from the first evaluation; what began before the range or outlasts it is marked."""
    known = past("a test", range(0, 6001, 60), start=0, end=6000, seeded=None)
    assert known is not None
    moments = (*range(0, 241, 60), *range(1200, 1261, 60), *range(5400, 6001, 60))
    series = [Series(labels={}, points=tuple((float(at), 1.0) for at in moments))]
    waiting = Alert("Gone", "absent(x)", ((conventions.SEVERITY, "page"),), (), for_seconds=180)
    found = list(firings(waiting, series, step_seconds=60, of=known, budget=()))
    assert [(each.start, each.end, each.since_before, each.goes_on) for each in found] == [
        (180, 300, True, False),
        (5580, 6000, False, True),
    ]


def test_nothing_measured_is_no_past_and_pauses_are_its_gaps() -> None:
    """Also those at both ends of the range."""
    assert past("a test", [], start=0, end=6000, seeded=None) is None
    known = past("a test", [600, 660, 3000], start=0, end=6000, seeded=(0, 900))
    assert known is not None
    assert known.gaps == ((0, 600), (660, 3000), (3000, 6000))
    assert (known.first, known.last, known.seeded) == (600, 3000, (0, 900))


def test_variants_share_their_records_unless_one_name_means_two_things(tmp_path: Path) -> None:
    """An objective and a window change none; another query does, and is then evaluated apart."""
    text = (spec(tmp_path) / "shop.yaml").read_text()
    (slo,) = answers.catalogue(text, tmp_path).slos
    (other,) = answers.catalogue(text.replace("500", "503"), tmp_path).slos
    stricter = replace(slo, objective=Decimal("99.99"), period_days=7)
    made = [variant(each, *alerts_of(shared(each))) for each in (slo, stricter, other)]
    assert [[each.slo for each in course.variants] for course in courses(made)] == [[slo, stricter], [other]]


def test_the_rules_are_those_that_are_generated(tmp_path: Path) -> None:
    """Every alert's expression is in the rule file of the same SLO."""
    text = (spec(tmp_path) / "shop.yaml").read_text()
    (slo,) = answers.catalogue(text, tmp_path).slos
    indented = answers.rules_of(text, tmp_path).replace("\n          ", "\n")
    assert all(alert.expr in indented for group in alerts_of(shared(slo)) for alert in group)
