"""budget/promtool_values.py: series as promtool reads them, asked of the real one."""

import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from budget import promtool_values
from budget.answers import Series
from budget.drill_course import Course
from budget.series_selector import NAME
from tests.budget.drill_history import rules

STEP = 15


def course(*past: float | None, **more: object) -> Course:
    """A series with this past."""
    return Course(labels={NAME: "a"}, past=past, **more)


def values(*past: float | None, ahead: int = 30, **more: object) -> str:
    """How it is spelled, two steps ahead."""
    return promtool_values.values(course(*past, **more), step_seconds=STEP, ahead_seconds=ahead)


def series(name: str, *points: tuple[float, float]) -> Series:
    """What a Prometheus answers, moments from its begin at 1000 on."""
    return Series(labels={NAME: name}, points=tuple((1000.0 + at, value) for at, value in points))


def test_rare_events_come_one_after_the_other() -> None:
    """One a minute is nothing for three samples, and then one: half a failure is none yet."""
    counted = Course(labels={NAME: "journey_attempts_total"}, past=(4.0,), growth=1 / 60)
    spelled = promtool_values.values(counted, step_seconds=STEP, ahead_seconds=90)
    assert spelled == "4 4 4 4 5 5 5 5"


@pytest.mark.parametrize(
    ("made", "spelled"),
    [
        pytest.param(values(0.0, 15.0, growth=1.0), "0 15 30+15x2", id="it grows on from its last sample"),
        pytest.param(values(7.0), "7 7+0x2", id="it stays"),
        pytest.param(values(1.0, value=0.0), "1 0+0x2", id="it shows another value from now on"),
        pytest.param(values(9.0, growth=-0.2), "9 6-3x2", id="it falls"),
        pytest.param(values(-2.5), "-2.5 -2.5+0x2", id="below nothing"),
        pytest.param(values(None, 4.0), "_ 4 4+0x2", id="it has only begun"),
        pytest.param(values(4.0, None), "4 _ stale", id="it has ended before"),
        pytest.param(values(4.0, ends=True), "4 stale", id="it ends"),
        pytest.param(values(float("nan")), "_ stale", id="no number"),
        pytest.param(values(float("inf"), 1.0), "_ 1 1+0x2", id="no end"),
        pytest.param(values(None, value=3.0), "_ 3+0x2", id="it shows a value where there was none"),
        pytest.param(values(1e15, growth=1e3), f"1{15 * '0'} 1000000000015000+15000x2", id="much"),
        pytest.param(values(1e-4), "0.0001 0.0001+0x2", id="little"),
        pytest.param(values(100.0), "100 100+0x2", id="noughts that are no decimals"),
    ],
)
def test_how_a_course_is_spelled(made: str, spelled: str) -> None:
    """The past sample by sample, what comes as a row; without an exponent."""
    assert made == spelled


def test_labels_are_in_order_and_in_quotes() -> None:
    """Also those that hold a quote."""
    labels = {NAME: "a_total", "job": 'say "orders"', "code": "200"}
    assert promtool_values.spelled(labels) == 'a_total{code="200", job="say \\"orders\\""}'
    assert promtool_values.spelled({NAME: "up"}) == "up{}"


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param(((0, 1.0), (15, 2.0), (30, 3.0)), (1.0, 2.0, 3.0), id="on the grid"),
        pytest.param(((7, 1.0), (22, 2.0)), (1.0, 2.0, None), id="a little late"),
        pytest.param(((0, 1.0), (30, 3.0)), (1.0, None, 3.0), id="a gap"),
        pytest.param(((-30, 1.0), (45, 2.0)), (None, None, None), id="before and behind"),
        pytest.param((), (None, None, None), id="nothing"),
    ],
)
def test_where_samples_come(points: tuple[tuple[float, float], ...], expected: tuple[float | None, ...]) -> None:
    """Each at the place that it is nearest to; both ends are in it."""
    assert promtool_values.on_grid(series("a", *points), 1000.0, seconds=30, step_seconds=STEP) == expected


def test_a_moment_is_moved_with_the_time() -> None:
    """What was 40 s ago at the begin is so for promtool, whose time begins at 0."""
    asked = series("job_last_success_timestamp_seconds", (0, 960.0), (30, 1020.0))
    assert promtool_values.on_grid(asked, 1000.0, seconds=30, step_seconds=STEP) == (-40.0, None, 20.0)
    assert promtool_values.on_grid(series("a_seconds", (0, 960.0)), 1000.0, seconds=0, step_seconds=STEP) == (960.0,)


def test_a_moment_that_a_drill_sets_is_counted_from_the_fault() -> None:
    """0 is the fault's own, which comes with the last sample of the past; it stands still from then on."""
    clock = Course(labels={NAME: "job_last_success_timestamp_seconds"}, past=(-600.0, -600.0, -600.0), value=0.0)
    assert promtool_values.values(clock, step_seconds=STEP, ahead_seconds=30) == "-600 -600 -600 30+0x2"
    later = Course(labels=clock.labels, past=(-600.0,), value=20.0)
    assert promtool_values.values(later, step_seconds=STEP, ahead_seconds=30) == "-600 20+0x2"


def test_promtool_reads_them_as_they_are_meant(tmp_path: Path) -> None:
    """The real one, at the last sample of the past and two steps later."""
    made = {
        "up_now": (values(0.0, 15.0, growth=1.0), "15", "45"),
        "falls": (values(9.0, 9.0, growth=-0.2), "9", "3"),
        "below": (values(-2.5, -2.5, growth=0.1), "-2.5", "0.5"),
        "shows": (values(1.0, 1.0, value=0.25), "1", "0.25"),
        "ends": (values(4.0, 4.0, ends=True), "4", None),
        "much": (values(0.0, 2.0**50, growth=1.0), "1125899906842624", "1125899906842654"),
    }
    tests = [
        {
            "expr": name,
            "eval_time": f"{STEP * (1 if at == 0 else 3)}s",
            "exp_samples": [{"labels": name, "value": float(wanted)}] if wanted is not None else [],
        }
        for name, (_, *shown) in made.items()
        for at, wanted in enumerate(shown)
    ]
    inputs = [{"series": name, "values": spelled} for name, (spelled, *_) in made.items()]
    file = tmp_path / "test.yaml"
    test = {"interval": f"{STEP}s", "input_series": inputs, "promql_expr_test": tests}
    file.write_text(yaml.safe_dump({"evaluation_interval": f"{STEP}s", "tests": [test]}))
    done = subprocess.run([rules().promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@given(st.floats(-1e15, 1e15), st.floats(-1e6, 1e6))
def test_a_number_is_one_that_promtool_reads(value: float, growth: float) -> None:
    """Digits, a point, a sign before it, whatever it is."""
    past, ahead = values(value, growth=growth).split(" ")
    begin, sign, each = ahead.removesuffix("x2").rpartition("-" if growth * STEP < 0 else "+")
    assert sign
    assert all(set(text.lstrip("-")) <= set("0123456789.") for text in (past, begin))
    assert not each.startswith("-")
    assert float(begin) == pytest.approx(value + growth * STEP, abs=1e-5)
