"""The metrics that SLOs read: there from the start, bounded, each request counted exactly once."""

import pytest
from prometheus_client import CollectorRegistry

from services.shared.http_metrics import BUCKETS, HttpMetrics, status_class
from services.shared.observe import METHODS, Observer

REQUESTS = "http_server_requests_total"
DURATION = "http_server_request_duration_seconds"


def labels(route: str, code: str = "200", traffic: str = "user", method: str = "GET") -> dict[str, str]:
    """The labels of one request series."""
    return {
        "http_request_method": method,
        "http_route": route,
        "http_response_status_code": code,
        "traffic": traffic,
    }


def total(toy) -> float:
    """All requests counted so far."""
    return sum(
        sample.value for metric in toy.registry.collect() for sample in metric.samples if sample.name == REQUESTS
    )


@pytest.mark.parametrize("traffic", ["user", "probe"])
@pytest.mark.parametrize("code", ["200", "429", "500", "503", "504"])
@pytest.mark.parametrize(("method", "route"), [("GET", "/things/<name>"), ("POST", "/things")])
def test_what_slis_read_exists_before_the_first_request(toy, method, route, code, traffic) -> None:
    """rate() sees the first error only where the series was there at 0 before."""
    assert toy.value(REQUESTS, **labels(route, code, traffic, method)) == 0
    shared = {"http_request_method": method, "http_route": route, "traffic": traffic}
    assert toy.value(f"{DURATION}_count", **shared, http_response_status_class="2xx") == 0
    assert toy.value(f"{DURATION}_count", **shared, http_response_status_class="5xx") == 0


def test_only_the_shapes_that_were_agreed_are_exported(toy) -> None:
    """Names and labels are a contract with every rule and dashboard."""
    found = {
        sample.name: tuple(sorted(sample.labels)) for metric in toy.registry.collect() for sample in metric.samples
    }
    shared = ("http_request_method", "http_response_status_class", "http_route", "traffic")
    assert found[REQUESTS] == ("http_request_method", "http_response_status_code", "http_route", "traffic")
    assert found["http_server_active_requests"] == ()
    assert found[f"{DURATION}_count"] == found[f"{DURATION}_sum"] == shared
    assert found[f"{DURATION}_bucket"] == tuple(sorted((*shared, "le")))


def test_the_buckets_are_the_eight_that_slos_may_name() -> None:
    """A latency SLO's threshold has to be a bucket boundary."""
    assert BUCKETS == (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


def test_a_request_is_counted_and_timed(toy) -> None:
    """One request, 0.2 s by the clock: one more in the counter and in every bucket from 0.25 on."""
    assert toy.client.get("/things/a").status_code == 200
    assert toy.value(REQUESTS, **labels("/things/<name>")) == 1
    duration = {
        "http_request_method": "GET",
        "http_route": "/things/<name>",
        "http_response_status_class": "2xx",
        "traffic": "user",
    }
    assert toy.value(f"{DURATION}_sum", **duration) == pytest.approx(0.2)
    assert toy.value(f"{DURATION}_bucket", **duration, le="0.1") == 0
    assert toy.value(f"{DURATION}_bucket", **duration, le="0.25") == 1


def test_an_exception_is_counted_once_as_500(toy) -> None:
    """A fault in the service is one bad event, not none and not two; nothing stays active."""
    toy.client.get("/things/broken")
    assert toy.value(REQUESTS, **labels("/things/<name>", "500")) == 1
    assert total(toy) == 1
    assert toy.value("http_server_active_requests") == 0


def test_an_application_that_does_not_answer_counts_as_500() -> None:
    """Even when no answer begins, the observer reports one, and lets the exception go on."""
    registry = CollectorRegistry()
    metrics = HttpMetrics(registry)

    def app(environ, start_response):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Observer(app, sinks=(metrics,))({"REQUEST_METHOD": "GET", "PATH_INFO": "/x"}, lambda *_: None)
    assert registry.get_sample_value(REQUESTS, labels("unmatched", "500")) == 1
    assert registry.get_sample_value("http_server_active_requests") == 0


def test_a_request_is_active_while_it_is_answered(toy) -> None:
    """The gauge is 1 inside a request."""
    seen = []
    toy.app.after_request(lambda answer: seen.append(toy.value("http_server_active_requests")) or answer)
    toy.client.get("/things/a")
    assert seen == [1]


def test_paths_and_methods_cannot_grow_the_series(toy) -> None:
    """Thousands of made-up paths, products and methods end in a handful of label sets."""
    for number in range(300):
        toy.client.get(f"/made-up/{number}?q={number}")
        toy.client.get(f"/things/{number}")
        toy.client.open(f"/things/{number}", method=f"METHOD{number}")
    found = {
        (sample.labels["http_route"], sample.labels["http_request_method"])
        for metric in toy.registry.collect()
        for sample in metric.samples
        if sample.name == REQUESTS
    }
    assert {route for route, _ in found} == {"/things/<name>", "/things", "/api/openapi.json", "unmatched"}
    assert {method for _, method in found} <= {"GET", "POST", "_OTHER"}
    assert toy.value(REQUESTS, **labels("unmatched", "404")) == 300
    assert toy.value(REQUESTS, **labels("unmatched", "405", method="_OTHER")) == 300


def test_known_methods_keep_their_name(toy) -> None:
    """HEAD is told from GET."""
    toy.client.head("/things/a")
    assert "HEAD" in METHODS
    assert toy.value(REQUESTS, **labels("/things/<name>", method="HEAD")) == 1


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz", "/internal/faults"])
def test_the_platforms_own_requests_do_not_count(toy, path: str) -> None:
    """Scrapes and health checks would thin the error ratio that customers feel."""
    toy.client.get(path)
    assert total(toy) == 0
    assert toy.value("http_server_active_requests") == 0


def test_nobody_can_claim_another_traffic_class(toy) -> None:
    """An unsigned claim counts as a user's, or an outage could be hidden from the SLOs."""
    claims = {"X-Traffic": "load", "traffic": "probe", "Baggage": "traffic=load", "X-Traffic-Class": "load"}
    toy.client.get("/things/a", headers=claims)
    assert toy.value(REQUESTS, **labels("/things/<name>", traffic="user")) == 1


@pytest.mark.parametrize(("status", "name"), [(200, "2xx"), (304, "3xx"), (429, "4xx"), (503, "5xx")])
def test_the_status_class_is_the_first_digit(status: int, name: str) -> None:
    """200 is 2xx, 503 is 5xx."""
    assert status_class(status) == name
