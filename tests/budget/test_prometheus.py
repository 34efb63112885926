"""The client against a real Prometheus, and against servers that are none."""

import json
import time
from collections.abc import Callable

import pytest

from budget.errors import QueryFailed, Unreachable
from budget.prometheus import Prometheus
from slo import conventions

Answering = Callable[[int, bytes], str]


def test_instant_query_returns_labels_value_and_time(prometheus_url: str) -> None:
    """An instant query has one sample per series."""
    (sample,) = Prometheus(prometheus_url).instant(conventions.OBJECTIVE)
    assert sample.labels[conventions.ID] == "shop-up"
    assert sample.value == 0.99
    assert abs(sample.at - time.time()) < 60


def test_scalars_are_samples_without_labels(prometheus_url: str) -> None:
    """`1 / 0` is a scalar and infinite."""
    (sample,) = Prometheus(prometheus_url).instant("1 / 0")
    assert (dict(sample.labels), sample.value) == ({}, float("inf"))


def test_instant_query_at_a_past_moment(prometheus_url: str) -> None:
    """Before the server lived there is nothing."""
    assert Prometheus(prometheus_url).instant(conventions.OBJECTIVE, at=1000.0) == ()


def test_range_query_returns_points_in_order(prometheus_url: str) -> None:
    """A range query has a point per step that has a value."""
    now = time.time()
    series = Prometheus(prometheus_url).range("time() < bool 0", start=now - 20, end=now, step_seconds=10)
    (only,) = series
    assert [value for _, value in only.points] == [0, 0, 0]
    assert [at for at, _ in only.points] == sorted(at for at, _ in only.points)


def test_rules_tell_what_waits_for_its_first_turn(prometheus_url: str) -> None:
    """A group is listed before it was ever evaluated."""
    groups = {group.name: group for group in Prometheus(prometheus_url).rules()}
    assert groups["now"].evaluated_at is not None
    assert abs(groups["now"].evaluated_at.timestamp() - time.time()) < 60
    assert groups["later"].evaluated_at is None
    assert groups["later"].interval_seconds == 10 * 365 * 86_400
    assert {rule.kind for rule in groups["now"].rules} == {"recording", "alerting"}


def test_targets_tell_job_and_health(prometheus_url: str) -> None:
    """A target at which nothing listens is down, or not scraped yet."""
    client = Prometheus(prometheus_url)
    deadline = time.monotonic() + 20  # targets are found some five seconds after the start
    while not (found := client.targets()) and time.monotonic() < deadline:
        time.sleep(0.1)
    (target,) = found
    assert target.job == "nobody"
    assert target.health in {"down", "unknown"}


def test_version_is_told(prometheus_url: str) -> None:
    """The server names its version; some builds leave it empty."""
    assert isinstance(Prometheus(prometheus_url).version(), str)


def test_a_wrong_query_is_refused_with_the_servers_reason(prometheus_url: str) -> None:
    """A parse error is a QueryFailed that quotes Prometheus."""
    with pytest.raises(QueryFailed, match="parse error"):
        Prometheus(prometheus_url).instant("sum(")


def test_nothing_there_is_unreachable_and_tells_no_password(closed_url: str) -> None:
    """A refused connection is Unreachable; the address is told without name and password."""
    with pytest.raises(Unreachable) as caught:
        Prometheus(closed_url).instant("up")
    assert "http://127.0.0.1:1 " in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_never_answers_is_unreachable(silent_url: str) -> None:
    """The time limit ends the wait."""
    began = time.monotonic()
    with pytest.raises(Unreachable):
        Prometheus(silent_url, timeout_seconds=0.2).rules()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, b"<html>", id="no JSON"),
        pytest.param(200, b"[]", id="no object"),
        pytest.param(502, b"bad gateway", id="a proxy without its server"),
        pytest.param(200, b'{"status":"success"}', id="no data"),
        pytest.param(200, b'{"status":"success","data":{"resultType":"matrix","result":[]}}', id="a matrix"),
        pytest.param(
            200,
            b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1]}]}}',
            id="half a sample",
        ),
        pytest.param(
            200,
            b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}',
            id="a native histogram",
        ),
    ],
)
def test_any_other_answer_is_a_failed_query(answering: Answering, status: int, body: bytes) -> None:
    """What is not Prometheus' answer never becomes a traceback or a wrong figure, and tells no password."""
    with pytest.raises(QueryFailed) as caught:
        Prometheus(answering(status, body)).instant("up")
    assert "hunter2" not in str(caught.value)


def test_the_servers_error_is_told(answering: Answering) -> None:
    """`error` of an answer with status error is the reason."""
    body = json.dumps({"status": "error", "errorType": "execution", "error": "too many samples"}).encode()
    with pytest.raises(QueryFailed, match="422: too many samples"):
        Prometheus(answering(422, body)).instant("up")


@pytest.mark.parametrize("url", ["", "127.0.0.1:9090", "ftp://x", "http://", "http://:hunter2@", "http://a:b:c"])
def test_other_addresses_are_refused_unquoted(url: str) -> None:
    """An address that cannot be asked is a ValueError that does not repeat it."""
    with pytest.raises(ValueError, match="expected an address") as caught:
        Prometheus(url)
    assert "hunter2" not in str(caught.value)
