"""What Prometheus is asked, and how often."""

from collections.abc import Callable, Mapping

import pytest

from budget.answers import RuleGroup, Sample
from budget.errors import QueryFailed
from budget.readings import ALERTS, NEWEST, OLDEST, RECORDS, SEEDED, Readings, read
from budget.status import statuses
from slo import conventions
from tests.budget.canned import NOW, UP, group, sample

Answer = Callable[[str], tuple[Sample, ...]]


class _Counting:
    """A source that remembers what it is asked."""

    def __init__(self, answer: Answer, *groups: RuleGroup) -> None:
        self.queries: list[str] = []
        self._answer, self._groups = answer, groups

    def instant(self, query: str) -> tuple[Sample, ...]:
        self.queries.append(query)
        return self._answer(query)

    def rules(self) -> tuple[RuleGroup, ...]:
        return self._groups


def _many(count: int, labels: Mapping[str, str] = UP) -> Answer:
    series = tuple(sample({**labels, conventions.ID: f"shop-{number}"}, NOW) for number in range(count))
    return lambda query: () if SEEDED in query or query.startswith(ALERTS) else series


def _nothing(_: str) -> tuple[Sample, ...]:
    return ()


@pytest.mark.parametrize("count", [1, 100])
def test_the_number_of_queries_does_not_grow_with_the_slos(count: int) -> None:
    """One for each record; two of events, three of ages, two of alerts, two for the seeded mark."""
    source = _Counting(_many(count))
    assert len(statuses(read(source))) == count
    assert len(source.queries) == len(set(source.queries)) == len(RECORDS) + 9


@pytest.mark.parametrize(
    "groups", [pytest.param((group(UP),), id="rules without series"), pytest.param((), id="no rules, no series")]
)
def test_only_what_has_no_current_sample_is_looked_for_further_back(groups: tuple[RuleGroup, ...]) -> None:
    """That reads a day of samples, so it is not asked where it can tell nothing."""
    source = _Counting(_nothing, *groups)
    read(source)
    assert len(source.queries) == len(RECORDS) + 10
    current = _Counting(_many(1), group({**UP, conventions.ID: "shop-0"}))
    read(current)
    assert set(source.queries) - set(current.queries) == {
        query for query in source.queries if "max_over_time(timestamp" in query
    }


def test_one_copy_without_a_current_sample_is_looked_for() -> None:
    """The other cluster's is no answer for it."""
    east, west = {**UP, "cluster": "east"}, {**UP, "cluster": "west"}

    def answer(query: str) -> tuple[Sample, ...]:
        if query.startswith("timestamp("):
            return (sample(east, NOW),)
        if query.startswith("max_over_time(timestamp("):
            return (sample(west, NOW - 600),)
        return (sample(east), sample(west)) if query.startswith(conventions.PERIOD_BURN_RATE) else ()

    first, second = statuses(read(_Counting(answer)))
    assert (first.states, second.states) == ((), ("stale",))


def test_what_was_counted_is_told_apart_by_its_name() -> None:
    """One query has every period's records."""
    name = conventions.total_increase("30d")
    source = _Counting(lambda query: (sample({**UP, "__name__": name}, 9),) if "__name__" in query else ())
    assert read(source).records[name][0].value == 9


def test_the_seeded_range_reaches_from_its_first_to_its_last_mark() -> None:
    """Whatever labels the marks have got on their way."""
    answers = {"min_over": (sample({}, 10), sample({"a": "b"}, 5)), "max_over": (sample({}, 20),)}
    source = _Counting(lambda query: answers[query[:8]] if SEEDED in query else ())
    assert read(source).seeded == (5, 20)
    assert read(_Counting(_nothing)).seeded is None


def test_a_server_that_limits_ranges_still_shows_figures() -> None:
    """Mimir refuses to look back for 90 days where its limit is 30."""

    def answer(query: str) -> tuple[Sample, ...]:
        if "[90d" in query:
            raise QueryFailed("the query time range exceeds the limit")
        return _many(1)(query)

    found = read(_Counting(answer))
    assert (found.seeded, OLDEST in found.records) == (None, False)
    assert len(statuses(found)) == 1
    with pytest.raises(QueryFailed):
        read(_Counting(answer), seeded_matters=True)


def test_a_query_that_fails_otherwise_is_an_error() -> None:
    """Figures that are missing for a reason are not shown as if there were none."""

    def answer(query: str) -> tuple[Sample, ...]:
        raise QueryFailed(query)

    with pytest.raises(QueryFailed):
        read(_Counting(answer))


def test_now_is_the_servers_clock() -> None:
    """Ages are differences of its own times; this machine's clock may be wrong."""
    assert read(_Counting(_many(1))).at == NOW
    assert isinstance(read(_Counting(_nothing)), Readings)
    assert NEWEST in read(_Counting(_nothing)).records
