"""How visits ended, minute by minute, from counters that grow, begin anew and vanish."""

from collections.abc import Mapping

import pytest

from budget import answers
from budget.answers import Exemplar, Series
from budget.ops import strip
from budget.ops.journeys import (
    ATTEMPTS,
    CELLS,
    FAILED,
    NONE,
    PASSED,
    SLOW,
    UNKNOWN,
    Timeline,
    most_troubled,
    read_timelines,
    read_traces,
    traced,
)
from tests.budget.ops.fakes import FakeServer

END = 2_000_000_040.0  # a full minute
MINUTE = 60.0


def counted(journey: str = "buy", **outcomes: Mapping[int, float]) -> tuple[Series, ...]:
    """Counters of a journey: by outcome, what it showed so many minutes before the end."""
    return tuple(
        Series(
            labels={"journey": journey, "outcome": outcome},
            points=tuple(sorted((END - ago * MINUTE, value) for ago, value in points.items())),
        )
        for outcome, points in outcomes.items()
    )


def words(*series: Series) -> list[str]:
    """The newest five cells of the only journey."""
    (timeline,) = read_timelines(FakeServer(ranges={ATTEMPTS: series}), END + 20)
    assert len(timeline.cells) == CELLS
    return [cell.word for cell in timeline.cells[-5:]]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param(
            {"passed": {5: 1, 4: 2, 3: 3, 2: 4, 1: 5, 0: 6}, "failed": dict.fromkeys(range(6), 0)},
            [PASSED] * 5,
            id="one passes each minute",
        ),
        pytest.param(
            {"passed": {5: 1, 4: 2, 3: 3, 2: 3, 1: 3, 0: 4}, "failed": {5: 0, 4: 0, 3: 0, 2: 1, 1: 1, 0: 1}},
            [PASSED, PASSED, FAILED, NONE, PASSED],
            id="one fails, then none comes",
        ),
        pytest.param(
            {"passed": {5: 1, 4: 2, 3: 3, 2: 4, 1: 5, 0: 6}, "slow": {5: 0, 4: 0, 3: 0, 2: 1, 1: 1, 0: 1}},
            [PASSED, PASSED, SLOW, PASSED, PASSED],
            id="the worst of a minute",
        ),
        pytest.param(
            {"passed": {5: 90, 4: 91, 3: 0, 2: 1, 1: 2, 0: 3}},
            [PASSED, NONE, PASSED, PASSED, PASSED],
            id="the counter begins anew",
        ),
        pytest.param(
            {"passed": {5: 1, 4: 2, 1: 3, 0: 4}, "failed": {5: 7, 4: 7, 1: 7, 0: 7}},
            [PASSED, UNKNOWN, UNKNOWN, PASSED, PASSED],
            id="nobody scraped for two minutes: old failures are not new ones",
        ),
        pytest.param(
            {"passed": {1: 500, 0: 501}, "failed": {1: 3, 0: 3}},
            [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, PASSED],
            id="what was before it was first seen is not known",
        ),
        pytest.param({"passed": {5: 1, 4: 2, 3: 3}}, [PASSED, PASSED, UNKNOWN, UNKNOWN, UNKNOWN], id="it is gone"),
    ],
)
def test_each_minute_says_how_its_visits_ended(outcomes: dict[str, dict[int, float]], expected: list[str]) -> None:
    """By what the counters grew since they were last seen."""
    assert words(*counted(**outcomes)) == expected


def timeline(*newest: str, journey: str = "buy") -> Timeline:
    """One that passed but for its newest minutes."""
    outcomes: dict[str, dict[int, float]] = {word: {CELLS: 0.0} for word in (PASSED, SLOW, FAILED) if word != UNKNOWN}
    cells = [PASSED] * (CELLS - len(newest)) + list(newest)
    for place, word in enumerate(cells, start=1):
        for outcome, points in outcomes.items():
            if word != UNKNOWN:
                points[CELLS - place] = max(points.values()) + (outcome == word)
    (found,) = read_timelines(FakeServer(ranges={ATTEMPTS: counted(journey, **outcomes)}), END)
    return found


def test_now_is_the_newest_visit_of_five_minutes() -> None:
    """After that nobody knows how it goes."""
    assert timeline(FAILED).now == FAILED
    assert timeline(FAILED, NONE, NONE).now == FAILED
    assert timeline(*[NONE] * 5).now == NONE
    assert timeline(*[UNKNOWN] * 5).now == UNKNOWN


def test_the_most_troubled_is_first() -> None:
    """What fails now before what has failed; then by name."""
    found = most_troubled(
        [
            timeline(journey="b"),
            timeline(FAILED, PASSED, journey="c"),
            timeline(SLOW, journey="d"),
            timeline(journey="a"),
        ]
    )
    assert [each.journey for each in found] == ["d", "c", "a", "b"]


def test_it_is_told_in_words_for_whoever_does_not_see_it() -> None:
    """How it goes now, and how many minutes of each kind; every bar has its height and its name."""
    found = timeline(SLOW, FAILED)
    assert strip.says(found) == "now failed; of the last 60 minutes 58 passed, 1 slow, 1 failed"
    drawn = strip.boxes(found)
    assert [(box.kind, box.height, box.y) for box in drawn[-3:]] == [
        ("passed", 4, 6),
        ("slow", 7, 3),
        ("failed", 10, 0),
    ]
    assert drawn[-1].title.endswith(": failed")


def test_exemplars_are_read_as_prometheus_answers_them() -> None:
    """Source: https://prometheus.io/docs/prometheus/latest/querying/api/#querying-exemplars."""
    answer = [
        {
            "seriesLabels": {"__name__": "test_exemplar_metric_total", "service": "bar"},
            "exemplars": [{"labels": {"trace_id": "EpTxMJ40fUus7aGY"}, "value": "6", "timestamp": 1600096945.479}],
        }
    ]
    (found,) = answers.exemplars(answer)
    assert (found.series["service"], found.labels["trace_id"], found.at) == ("bar", "EpTxMJ40fUus7aGY", 1600096945.479)


def test_a_minute_has_the_trace_of_a_visit_that_ended_as_it_says() -> None:
    """The last one until its end, by the exemplars of the count: not one that passed since, nor of another journey."""

    def exemplar(journey: str, outcome: str, ago: float, trace: str) -> Exemplar:
        series = {"journey": journey, "outcome": outcome}
        return Exemplar(series=series, labels={"trace_id": trace} if trace else {}, at=END - ago)

    seen = [
        ("buy", PASSED, 5, "passed in the failed minute"),
        ("buy", FAILED, 30, "failed"),
        ("buy", FAILED, 50, "failed before"),
        ("x", FAILED, 5, "another journey"),
        ("buy", PASSED, 70, "passed"),
        ("buy", FAILED, 65, "failed in a minute that passed"),
        ("buy", FAILED, 20, ""),
    ]
    server = FakeServer(exemplars=[exemplar(*each) for each in seen])
    (found,) = traced([timeline(FAILED)], read_traces(server, END))
    assert server.asked == ["journey_attempts_total"]
    assert [cell.trace for cell in found.cells[-2:]] == ["passed", "failed"]
    assert (found.trace, [cell.trace for cell in found.troubles]) == ("failed", ["failed"])


@pytest.mark.parametrize(
    ("ago", "trace"),
    [
        pytest.param(75, "t", id="it was scraped in the minute after"),
        pytest.param(150, "", id="an older failure"),
        pytest.param(-1, "", id="a later one"),
    ],
)
def test_a_trace_is_of_its_minute_or_of_none(ago: float, trace: str) -> None:
    """A failure that nobody kept the trace of has none of another."""
    traces = {("buy", FAILED): [(END - ago, "t")]}
    (found,) = traced([timeline(FAILED)], traces)
    assert found.cells[-1].trace == trace
