"""Events counted from counters: resets, births, gaps, and how far scrapes blur the edges of a range."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget import verdict_counts
from budget.verdict_counts import Counts, Reading, growth
from budget.verdict_sli import Counters, Questions, plan
from tests.budget.runs import LOAD_EVENTS, SHOP, START, Canned, grid, of_shop, scraped, slos
from tests.slo.answers import slo

BAD = 'requests_total{job="shop",traffic="load",code="500"}'
TOTAL = 'requests_total{job="shop",traffic="load"}'
OLD = START - 3600
GOOD_LABELS = {**SHOP, "code": "200"}
Values = Sequence[float | None]


def _counts(
    folder: Path, values: Values, up: Values, started: Values = (), labels: Mapping[str, str] = GOOD_LABELS
) -> Counts | None:
    found = grid(len(values) - 1)
    server = Canned(found, {TOTAL: [(labels, values)], **scraped(found, up, started)})
    of_load = plan(of_shop(folder), "load")
    assert isinstance(of_load, Counters)
    return Reading(server, found, [of_load]).counts(of_load)


@pytest.mark.parametrize(
    ("values", "started", "expected"),
    [
        pytest.param([10, 10, 25, 40], [OLD] * 4, (0, 15, 15), id="it grows"),
        pytest.param([10, 30, 5, 6], [OLD] * 4, (20, 5, 1), id="it falls: a reset"),
        pytest.param([10, 20, 50, 51], [OLD, OLD, START, START], (10, 50, 1), id="a reset that its growth hides"),
        pytest.param([10, 10, 10, 10], [OLD, OLD, START, START], (0, 10, 0), id="a reset to the same value"),
        pytest.param([10, 20, 30, 40], [OLD, OLD + 1, OLD, OLD], (10, 10, 10), id="a start time that wavers"),
        pytest.param([10, None, None, 30], [OLD, None, None, OLD], (0, 0, 20), id="a gap that it outlives"),
        pytest.param([10, None, None, 30], [OLD, None, None, START], (0, 0, 30), id="a gap with a restart"),
        pytest.param([None, 1, 3, 3], [OLD] * 4, (1, 2, 0), id="born with its first event"),
        pytest.param([None, 7, 8, 8], [START + 2] * 4, (7, 1, 0), id="born with its process"),
    ],
)
def test_what_a_counter_grew_by(tmp_path: Path, values: Values, started: Values, expected: tuple[float, ...]) -> None:
    """Step by step, through whatever happens to its process."""
    up = [1.0] * 4 if values[0] is not None and None not in values else [1, *[float(v is not None) for v in values[1:]]]
    found = _counts(tmp_path, values, up, started)
    assert found is not None
    assert found.total == expected


def test_an_old_counter_that_is_scraped_late_is_left_out_and_said(tmp_path: Path) -> None:
    """What it counted before is not the range's."""
    found = _counts(tmp_path, [None, 1000, 1010], [None, 1, 1], [None, OLD, OLD])
    assert found is not None
    assert found.total == (0, 10)
    assert "shop at a: first scraped within the range" in found.gaps[-1]


def test_a_counter_of_nobody_that_is_known_is_left_out_and_said(tmp_path: Path) -> None:
    """A series without a target's labels has no scrape that could have lacked it."""
    found = _counts(tmp_path, [None, 1000, 1010], [1, 1, 1], [OLD] * 3, labels={"code": "200"})
    assert found is not None
    assert (found.total, found.gaps[-1].startswith("a counter: first scraped")) == ((0, 10), True)


def test_no_series_is_nothing(tmp_path: Path) -> None:
    """Not 0 events: nobody knows."""
    found = grid(3)
    of_load = plan(of_shop(tmp_path), "load")
    assert isinstance(of_load, Counters)
    reading = Reading(Canned(found, scraped(found, [1] * 4)), found, [of_load])
    assert reading.counts(of_load) is None


def test_what_several_slos_share_is_asked_once(tmp_path: Path) -> None:
    """Each selector and each question about targets, whatever the number of SLOs."""
    found = grid(3)
    of_load = plan(of_shop(tmp_path), "load")
    assert isinstance(of_load, Counters)
    server = Canned(found, {})
    Reading(server, found, [of_load] * 5)
    assert sorted(server.asked) == sorted({BAD, TOTAL, *scraped(found, [])})


def test_a_job_that_no_matcher_names_is_looked_up_all_the_same(tmp_path: Path) -> None:
    """Its counters are born, and its gaps are said, as those of others."""
    (open_,) = slos(tmp_path, slo(sli=LOAD_EVENTS.replace('job="shop",', "")))
    of_load, found = plan(open_, "load"), grid(3)
    assert isinstance(of_load, Counters)
    selector = TOTAL.replace('job="shop",', "")
    server = Canned(found, {selector: [(GOOD_LABELS, [None, 4, 5, 5])], **scraped(found, [1, 1, 0, 1], [OLD] * 4)})
    counts = Reading(server, found, [of_load]).counts(of_load)
    assert counts is not None
    assert (counts.total, counts.gaps) == ((4, 1, 0), ("shop: not scraped, or down, for 15s",))


@pytest.mark.parametrize(
    ("up", "said"),
    [
        pytest.param([1, 1, 0, 0, 1, 1], "shop: not scraped, or down, for 30s", id="down"),
        pytest.param([1, 1, None, None, None, 1], "shop: not scraped, or down, for 45s", id="not scraped"),
        pytest.param([None] * 6, "shop: not scraped, or down, for 1m 15s", id="never there"),
        pytest.param([1] * 6, None, id="always there"),
        pytest.param([None, 1, 1, 1, 1, 1], None, id="new at the very beginning"),
    ],
)
def test_a_gap_is_said(tmp_path: Path, up: Values, said: str | None) -> None:
    """With its job and its length."""
    found = _counts(tmp_path, [5] * 6, up, [OLD] * 6)
    assert found is not None
    assert found.gaps == ((said,) if said else ())


def test_a_scrape_that_is_too_old_is_a_gap(tmp_path: Path) -> None:
    """Prometheus shows the last `up` for five minutes more when it has scraped nothing itself."""
    found = grid(6)
    answers = scraped(found, [1] * 7, [OLD] * 7)
    stuck = [START, START + 15, START + 15, START + 15, START + 15, START + 75, START + 90]
    answers['timestamp(up{job=~"shop"})'] = [(SHOP, stuck)]
    of_load = plan(of_shop(tmp_path), "load")
    assert isinstance(of_load, Counters)
    counts = Reading(Canned(found, {TOTAL: [(GOOD_LABELS, [1] * 7)], **answers}), found, [of_load]).counts(of_load)
    assert counts is not None
    assert counts.gaps == ("shop: not scraped, or down, for 30s",)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=40), st.integers(0, 1000))
def test_no_event_that_a_scrape_saw_is_lost_or_counted_twice(steps: list[tuple[int, bool]], before: int) -> None:
    """Whatever the counter stood at, and however often its process began anew."""
    value, started = before, OLD
    values, starts = [float(value)], [started]
    for place, (events, restarts) in enumerate(steps, 1):
        value, started = (events, START + 10 * place) if restarts else (value + events, started)
        values.append(float(value))
        starts.append(started)
    assert sum(events for _, events in growth(values, starts)) == sum(events for events, _ in steps)


@given(st.integers(1, 30), st.integers(1, 400), st.floats(0, 1))
def test_steady_traffic_is_blurred_by_one_scrape_at_each_end(interval: int, steps: int, phase: float) -> None:
    """A hundred events a second, scraped every so often: the error is below an interval's, as the module says."""
    seconds = [k * 15.0 for k in range(steps + 1)]
    values = [100 * max(0.0, ((at + 1000 + phase) // interval) * interval) for at in seconds]
    counted = sum(events for _, events in growth(values, [OLD] * len(values)))
    assert abs(counted - 100 * 15 * steps) <= 100 * interval


def test_a_question_is_asked_for_windows_that_follow_one_another() -> None:
    """Rates times the window's seconds, windows of two minutes at least; NaN is no event."""
    found = grid(20)
    windows = {"rate(x[150000ms])": [({}, [1.0, float("nan")])], "rate(y[150000ms])": [({}, [2.0, 4.0])]}
    server = Canned(found, windows)
    asked = Questions(bad=("rate(x[", "])"), total=("rate(y[", "])"), per_second=True, traffic="load")
    counts = verdict_counts.asked(server, asked, found)
    assert counts is not None
    assert (counts.bad, counts.total, counts.estimated) == ((150.0, 0.0), (300.0, 600.0), True)
