"""The metrics page: both formats, what is running, and no series that nobody reads."""

from prometheus_client.parser import text_string_to_metric_families

from services.shared.exposition import process_registry


def test_the_page_is_plain_text_by_default(toy) -> None:
    """A scraper that asks for nothing gets the format every version reads."""
    answer = toy.client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    assert "http_server_requests" in {family.name for family in text_string_to_metric_families(answer.text)}


def test_the_page_is_openmetrics_when_asked(toy) -> None:
    """Exemplars need this format; it ends with its own mark."""
    answer = toy.client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_the_page_says_what_is_running(toy) -> None:
    """app_build_info joins metrics to a version."""
    assert toy.value("app_build_info", service="toy", version="1.2.3", revision="abc") == 1


def test_a_process_tells_its_memory_and_no_creation_times(make_toy) -> None:
    """The process's own figures are there; a `_created` series beside each counter is not."""
    registry = process_registry()
    assert registry.get_sample_value("process_resident_memory_bytes") > 1_000_000
    names = {sample.name for metric in make_toy().registry.collect() for sample in metric.samples}
    assert [name for name in names if name.endswith("_created")] == []
