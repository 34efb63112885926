"""What browsers report: taken within narrow bounds, counted by page, and never more than that."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.services.storefront.conftest import Browser

GOOD = {
    "page": "/p/<sku>",
    "vitals": [
        {"name": "LCP", "value": 1234.5},
        {"name": "CLS", "value": 0.07},
        {"name": "INP", "value": 90},
        {"name": "FCP", "value": 800},
        {"name": "TTFB", "value": 120},
    ],
    "errors": 2,
}


def recorded(registry: CollectorRegistry) -> list[str]:
    """The series of reports that hold something."""
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if line.startswith("rum_") and "_created" not in line and not line.endswith(" 0.0")]


def test_a_report_is_recorded(browser: Browser, registry: CollectorRegistry) -> None:
    """Times in seconds, the shift as the score that it is, errors as a count."""
    response = browser.client.post("/rum", json=GOOD)
    assert (response.status_code, response.text) == (204, "")

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"page": "/p/<sku>", **labels})

    assert value("rum_web_vital_seconds_sum", vital="LCP") == 1.2345
    assert value("rum_web_vital_seconds_bucket", vital="INP", le="0.1") == 1
    assert value("rum_cumulative_layout_shift_sum") == 0.07
    assert value("rum_cumulative_layout_shift_bucket", le="0.1") == 1
    assert value("rum_js_errors_total") == 2
    assert registry.get_sample_value("rum_web_vital_seconds_count", {"vital": "CLS", "page": "/p/<sku>"}) is None


def test_each_page_can_report(browser: Browser) -> None:
    """Under the name that it holds itself."""
    for path in ("/", "/c/kitchen", "/search?q=pan", "/p/KIT-0001", "/cart", "/login"):
        (html,) = browser.page(path).all("html")
        assert browser.client.post("/rum", json={"page": html["data-page"]}).status_code == 204


def vital(**changed: Any) -> dict[str, Any]:
    """A report with one measurement."""
    return {"page": "/", "vitals": [{"name": "LCP", "value": 1.0, **changed}]}


@pytest.mark.parametrize(
    "report",
    [
        vital(name="FID"),
        vital(name="lcp"),
        vital(name=None),
        vital(value=-0.1),
        vital(value="1"),
        vital(value=True),
        vital(value=None),
        vital(value=600_001),
        vital(value=10**30),
        vital(name="CLS", value=101),
        vital(more=1),
        {"page": "/p/KIT-0001"},
        {"page": "/nowhere"},
        {"page": "/rum"},
        {"page": "/api/docs"},
        {"page": ["/"]},
        {"vitals": []},
        {"page": "/", "errors": 21},
        {"page": "/", "errors": -1},
        {"page": "/", "errors": 1.5},
        {"page": "/", "traffic": "user"},
        {"page": "/", "vitals": [{"name": "LCP", "value": 1}] * 2},
        {"page": "/", "vitals": [{"name": "LCP", "value": 1}] * 6},
        {"page": "/", "vitals": {}},
        [],
        "/",
        7,
        None,
    ],
)
def test_nothing_is_recorded_of_a_report_that_is_wrong(
    browser: Browser, registry: CollectorRegistry, report: Any
) -> None:
    """A problem, and not a part of it."""
    response = browser.client.post("/rum", json=report)
    assert 400 <= response.status_code < 500
    assert response.mimetype == "application/problem+json"
    assert recorded(registry) == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"page": "/", "vitals": [{"name": "LCP", "value": NaN}]}', "application/json", 422),
        (b'{"page": "/", "vitals": [{"name": "LCP", "value": Infinity}]}', "application/json", 422),
        (b'{"page": "/", "vitals": [{"name": "LCP", "value": 1e999}]}', "application/json", 422),
        (b'{"page": "/"', "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b'{"page": "/"}', "text/plain", 415),
        (b'{"page": "/", "x": "' + b"a" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_what_is_no_report_at_all_is_refused(
    browser: Browser, registry: CollectorRegistry, body: bytes, content_type: str, status: int
) -> None:
    """No number, no JSON, no end."""
    response = browser.client.post("/rum", data=body, content_type=content_type)
    assert response.status_code == status
    assert recorded(registry) == []


def test_one_address_reports_so_often_and_no_more(browser: Browser, registry: CollectorRegistry) -> None:
    """429 with Retry-After beyond 120 a minute; another address is let through."""
    statuses = [browser.client.post("/rum", json={"page": "/", "errors": 1}) for _ in range(130)]
    assert [each.status_code for each in statuses].count(204) == 120
    assert int(statuses[-1].headers["Retry-After"]) >= 1
    assert registry.get_sample_value("rum_js_errors_total", {"page": "/"}) == 120
    browser.client.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    assert browser.client.post("/rum", json={"page": "/"}).status_code == 204


def test_a_report_makes_no_session(browser: Browser) -> None:
    """Nobody is followed."""
    assert "Set-Cookie" not in browser.client.post("/rum", json=GOOD).headers
