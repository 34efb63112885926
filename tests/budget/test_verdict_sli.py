"""What is asked of Prometheus for an SLO and a class of traffic."""

from pathlib import Path

import pytest

from budget.verdict_sli import Counters, NotCounted, Questions, plan
from slo.load import load
from tests.budget.runs import LOAD_EVENTS, slos
from tests.slo.answers import slo

EVENTS = """
      events:
        error_query: {bad}
        total_query: {total}"""
RAW = """
      raw:
        error_ratio_query: sum(rate(bad_total[{{.window}}])) / sum(rate(all_total[{{.window}}]))"""
LATENCY = """
      latency: {histogram: seconds, below: 1, selector: 'job="shop",traffic="user"'}"""


def _plan(folder: Path, sli: str, traffic: str = "load") -> object:
    (found,) = slos(folder, slo(sli=sli))
    return plan(found, traffic)


def _events(bad: str, total: str) -> str:
    return EVENTS.format(bad=bad, total=total)


def test_the_class_is_asked_for_in_place_of_users(tmp_path: Path) -> None:
    """The other matchers stay as they are."""
    found = _plan(tmp_path, LOAD_EVENTS)
    assert isinstance(found, Counters)
    assert [term.selector for term in found.bad] == ['requests_total{job="shop",traffic="load",code="500"}']
    assert (found.traffic, found.bad[0].job) == ("load", "shop")


def test_text_that_looks_like_the_matcher_is_left_alone(tmp_path: Path) -> None:
    """Only the syntax tree tells what a matcher is: not a label's value, nor a label whose name ends alike."""
    query = """sum(rate(x_total{traffic="user",note="traffic=\\"user\\"",my_traffic="user"}[{{.window}}]))"""
    found = _plan(tmp_path, _events(query.replace("x_total", "bad_total"), query))
    assert isinstance(found, Counters)
    (term,) = found.total
    assert term.selector == 'x_total{traffic="load",note="traffic=\\"user\\"",my_traffic="user"}'


def test_latency_is_all_less_what_was_quick(tmp_path: Path) -> None:
    """The sugar reads two counters of a histogram, the second to be taken away."""
    found = _plan(tmp_path, LATENCY)
    assert isinstance(found, Counters)
    assert [(term.selector, term.weight) for term in found.bad] == [
        ('seconds_count{job="shop",traffic="load"}', 1),
        ('seconds_bucket{job="shop",traffic="load",le=~"1(\\\\.0)?"}', -1),
    ]


@pytest.mark.parametrize(
    ("matcher", "traffic"),
    [
        pytest.param('traffic="user"', "load", id="users"),
        pytest.param('journey="buy"', "any traffic", id="no class"),
        pytest.param('traffic="probe"', "probe", id="a class of its own"),
        pytest.param('traffic=~"user|probe"', "mixed", id="several classes"),
    ],
)
def test_what_was_counted_is_said(tmp_path: Path, matcher: str, traffic: str) -> None:
    """An SLI without the matcher is measured as it is, and says so."""
    query = f"sum(rate(x_total{{{matcher}}}[{{{{.window}}}}]))"
    found = _plan(tmp_path, _events(query.replace("x_total", "bad_total"), query))
    assert isinstance(found, Counters)
    assert found.traffic == traffic


def test_a_query_that_is_no_sum_is_asked_as_it_is(tmp_path: Path) -> None:
    """Its class is replaced in the tree as well, its windows are left open."""
    query = """max by (job) (rate(x_total{traffic="user",code=~"5..\\\\d"}[{{.window}}] offset 1m)) > 0"""
    found = _plan(tmp_path, _events(query.replace("x_total", "bad_total"), query))
    assert isinstance(found, Questions)
    assert "[5m] offset 1m" in " ".join("5m".join(found.total).split())
    assert 'code=~"5..\\\\d"' in found.total[0]
    assert 'traffic="load"' in found.total[0]
    assert (found.traffic, found.per_second) == ("load", True)


@pytest.mark.parametrize(
    ("sli", "reason"),
    [
        pytest.param(RAW, "a raw ratio", id="raw"),
        pytest.param("\n      plugin: {id: some/plugin}", "a sloth plugin", id="plugin"),
        pytest.param(
            _events("2 * sum(rate(x_total[{{.window}}]))", "2 * sum(rate(y_total[{{.window}}]))"),
            "what one event weighs",
            id="a unit of its own",
        ),
        pytest.param(
            _events("max(rate(x_total[{{.window}}] @ 1))", "max(rate(y_total[{{.window}}] @ 1))"),
            "pins its queries to one moment",
            id="pinned",
        ),
    ],
)
def test_what_tells_no_events_is_not_counted(tmp_path: Path, sli: str, reason: str) -> None:
    """And says why."""
    found = _plan(tmp_path, sli)
    assert isinstance(found, NotCounted)
    assert found.reason.startswith("not counted: ")
    assert reason in found.reason


def test_every_sli_of_the_catalogue_is_read_from_its_counters() -> None:
    """The shop's own promises need no estimate."""
    for found in load(["slo/specs"]).slos:
        assert isinstance(plan(found, "load"), Counters), found.id
