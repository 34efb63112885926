"""What the gate asks beside a status, and what becomes of answers in two parts."""

from collections.abc import Iterator

import pytest

from budget.answers import RuleGroup, Sample
from budget.errors import QueryFailed
from budget.gate_facts import BAD, RATIO, TOTAL, ask, real_ranges
from budget.policy import RuleName
from budget.readings import SEEDED
from slo import conventions
from tests.budget.canned import DAY, NOW, UP, sample

HOUR = 3600


@pytest.mark.parametrize(
    ("seeded", "ranges"),
    [
        pytest.param((NOW - 35 * DAY, NOW - DAY), ((DAY - 600, 0),), id="what came since, less what is blurred"),
        pytest.param((NOW - 35 * DAY, NOW - 660), (), id="a minute is no measurement"),
        pytest.param(
            (NOW - 20 * DAY, NOW - 15 * DAY),
            ((15 * DAY - 600, 0), (10 * DAY, 20 * DAY)),
            id="both sides of the seeded range",
        ),
        pytest.param((NOW - 50 * DAY, NOW - 31 * DAY), (), id="before the period"),
        pytest.param((NOW - 50 * DAY, NOW + DAY), (), id="all of it"),
    ],
)
def test_the_measured_ranges_lie_around_the_seeded_one(
    seeded: tuple[float, float], ranges: tuple[tuple[int, int], ...]
) -> None:
    """In seconds, and how long ago each ended."""
    assert real_ranges(seeded, 30, NOW) == ranges


@pytest.mark.parametrize("days", [0, -1, 91, float("nan")])
def test_a_period_that_rules_never_have_has_no_ranges(days: float) -> None:
    """Its SLO then holds."""
    assert real_ranges((NOW - 2 * DAY, NOW - DAY), days, NOW) == ()


class _Canned:
    """A server whose past is seeded from 20 to 15 days ago; each sum is how many queries there were before it."""

    def __init__(self, *, refused: str = "", times: int = 99) -> None:
        self.asked: list[str] = []
        self._refused, self._times = refused, times

    def instant(self, query: str) -> tuple[Sample, ...]:
        self.asked.append(query)
        if self._refused and self._refused in query and self._times:
            self._times -= 1
            raise QueryFailed("the query time range exceeds the limit")
        return tuple(self._answers(query))

    def rules(self) -> tuple[RuleGroup, ...]:
        return ()

    def _answers(self, query: str) -> Iterator[Sample]:
        if query.startswith("min_over_time(" + SEEDED):
            yield sample({}, NOW - 20 * DAY)
        elif query.startswith("max_over_time(" + SEEDED):
            yield sample({}, NOW - 15 * DAY)
        elif query.startswith(conventions.PERIOD_DAYS):
            yield sample(UP, 30)
        elif query.startswith("120 * sum_over_time"):
            yield sample(UP, 5.0)
        elif query.startswith("avg_over_time"):
            yield sample(UP, 0.3 if "offset" in query else 0.0)


def test_sums_of_both_sides_are_added_and_averages_weighted() -> None:
    """Fifteen days and ten."""
    found = ask(_Canned(), ["shop"], seeded_counts=False, now=NOW)
    assert found.measured is not None
    part = found.measured[30]
    assert part.seconds == 25 * DAY - 600
    assert [sample.value for sample in (*part.sums[BAD], *part.sums[TOTAL])] == [10, 10]
    assert part.sums[RATIO][0].value == pytest.approx(0.3 * 10 / 25, rel=0.001)


def test_where_a_seeded_past_counts_nothing_is_summed() -> None:
    """On one machine the records stand as they are."""
    source = _Canned()
    assert ask(source, ["shop"], seeded_counts=True, now=NOW).measured == {}
    assert not [query for query in source.asked if query.startswith("120 * sum_over_time")]


@pytest.mark.parametrize("which", ["min", "max"])
@pytest.mark.parametrize("times", [pytest.param(1, id="once"), pytest.param(99, id="always")])
def test_a_server_that_does_not_say_whether_its_past_is_seeded_is_not_believed(which: str, times: int) -> None:
    """It fails, or limits how far back one may ask: a status is shown without it, a release is not decided."""
    refused = f"{which}_over_time({SEEDED}"
    found = ask(_Canned(refused=refused, times=times), ["shop"], seeded_counts=False, now=NOW)
    assert ([fault.rule for fault in found.faults], found.readings) == ([RuleName.UNREADABLE], None)
    assert ask(_Canned(refused=refused, times=times), ["shop"], seeded_counts=True, now=NOW).faults == ()


def test_what_is_seeded_is_asked_once() -> None:
    """Where it begins, and where it ends: each reads 90 days."""
    source = _Canned()
    ask(source, ["shop"], seeded_counts=False, now=NOW)
    assert len([query for query in source.asked if SEEDED in query]) == 2


def test_names_of_services_are_quoted() -> None:
    """A name is not a pattern."""
    source = _Canned()
    ask(source, ['a"b', "c.d"], seeded_counts=False, now=NOW)
    assert any(r'sloth_service=~"a\"b|c\\.d"' in query for query in source.asked)
