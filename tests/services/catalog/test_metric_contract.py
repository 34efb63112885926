"""What the catalog exports is what its SLOs read."""

import re
from pathlib import Path

import pytest
import yaml

SPEC = yaml.safe_load((Path(__file__).parents[3] / "slo/specs/catalog.yaml").read_text(encoding="utf-8"))
SLOS = {slo["name"]: slo for slo in SPEC["slos"]}
ROUTES = {"/api/v1/products", "/api/v1/products/<sku>"}


def series(registry, name: str) -> list[dict[str, str]]:
    """The label sets of the series *name*, as Prometheus stores them under the job catalog."""
    return [
        sample.labels | {"job": "catalog"}
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == name
    ]


def select(found: list[dict[str, str]], selector: str) -> list[dict[str, str]]:
    """Those of *found* that the label matchers *selector* take; a missing label is an empty one."""
    matchers = re.findall(r'(\w+)(=~|=)"([^"]*)"', selector)
    assert matchers

    def takes(labels: dict[str, str]) -> bool:
        return all(
            re.fullmatch(value if operator == "=~" else re.escape(value), labels.get(name, ""))
            for name, operator, value in matchers
        )

    return [labels for labels in found if takes(labels)]


@pytest.mark.parametrize("query", ["error_query", "total_query"])
def test_the_availability_slo_reads_series_that_exist_at_start(client, registry, query: str) -> None:
    """Both queries select users' series of every product route before the first request."""
    text = SLOS["availability"]["sli"]["events"][query]
    name, selector = re.search(r"(\w+)\{([^}]*)\}\[\{\{\.window\}\}\]", text).groups()
    found = select(series(registry, name), selector)
    assert {labels["http_route"] for labels in found} >= ROUTES
    assert {labels["traffic"] for labels in found} == {"user"}


def test_bad_events_are_a_part_of_all_events(client, registry) -> None:
    """Every bad series counts in the total too: 5xx and overload's 429, no other answer."""
    for path, status in (("/KIT-1", 404), ("?limit=0", 422), ("", 200)):
        assert client.get(f"/api/v1/products{path}").status_code == status
    events = SLOS["availability"]["sli"]["events"]
    bad, everything = (
        select(series(registry, "http_server_requests_total"), re.search(r"\{([^}]*)\}\[", events[query])[1])
        for query in ("error_query", "total_query")
    )
    assert all(labels in everything for labels in bad)
    assert {labels["http_response_status_code"] for labels in bad} == {"429", "500", "503", "504"}
    assert {labels["http_response_status_code"] for labels in everything} >= {"200", "404", "422"}


def test_the_latency_slo_reads_a_bucket_that_exists(client, registry) -> None:
    """The threshold is a boundary of the histogram, in every product route."""
    latency = SLOS["latency"]["sli"]["latency"]
    found = select(series(registry, f"{latency['histogram']}_bucket"), latency["selector"])
    at_threshold = [labels for labels in found if labels["le"] == str(latency["below"])]
    assert {labels["http_route"] for labels in at_threshold} >= ROUTES


def test_the_service_stays_far_below_its_series_limit(client, registry) -> None:
    """Used as widely as it can be, the catalog exports a few hundred series; 5,000 is the limit."""
    for number in range(50):
        client.get(f"/api/v1/products/NONE-{number}")
        client.get(f"/{number}")
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MADE-UP"):
        for path in ("/api/v1/products?limit=0", "/api/v1/products", "/api/v1/products/KIT-1001", "/x"):
            client.open(path, method=method)
    assert sum(len(metric.samples) for metric in registry.collect()) < 1000
