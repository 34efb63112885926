"""The whole slice, from the committed rules to a page: real services, Prometheus and Alertmanager."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

SLOS = ("catalog-availability", "catalog-latency")


@pytest.fixture(scope="module")
def running(platform: Any, read_until: Callable[..., str]) -> Iterator["subprocess.Popen[str]"]:
    """The platform, ready; the tests of this module use it one after the other."""
    with platform.start() as process:
        try:
            read_until(process.stdout, "ready: logs in")
            yield process
        finally:
            process.kill()


def test_every_target_is_scraped(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Prometheus reaches the catalog, Alertmanager and itself."""

    def healths() -> dict[str, str]:
        found = platform.get("prometheus", "/api/v1/targets")["data"]["activeTargets"]
        up = {row["labels"]["job"]: row["health"] for row in found}
        return up if set(up.values()) == {"up"} else {}

    assert set(wait_for(healths, 25)) == {"catalog", "alertmanager", "prometheus"}


def test_the_status_shows_both_promises_with_data(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Objective and burn rate of shoppers' requests, within seconds of a start without history."""

    def measured() -> dict[str, Any]:
        rows = platform.status()
        return rows if all(rows.get(slo, {}).get("burn") is not None for slo in SLOS) else {}

    rows = wait_for(measured, 30)
    assert [rows[slo]["objective"] for slo in SLOS] == [0.999, 0.99]
    assert [rows[slo]["alert"] for slo in SLOS] == ["ok", "ok"]


def test_a_second_platform_is_refused(platform: Any, running: Any) -> None:
    """It names the first; nothing of the first is disturbed."""
    result = platform.run("local", "up")
    assert result.returncode == 1
    assert f"process {running.pid}" in result.stderr
    assert running.poll() is None


def test_an_outage_pages_and_a_mended_one_does_not_stay_broken(
    platform: Any, running: Any, wait_for: Callable[..., Any]
) -> None:
    """From `break` over rules, routes and key to an incident of the right team."""
    assert platform.run("local", "break", "catalog", "errors", "--share", "1").returncode == 0
    (incident,) = wait_for(lambda: platform.get("pagerduty", "/incidents")["incidents"], 75)
    assert (incident["team"], incident["status"]) == ("catalog", "triggered")
    payload = incident["event"]["payload"]
    assert (payload["severity"], payload["class"], payload["component"]) == (
        "critical",
        "CatalogAvailability",
        "catalog",
    )
    assert platform.status()["catalog-availability"]["alert"] == "page"
    assert platform.run("local", "mend", "catalog").returncode == 0
    assert platform.get("catalog", "/api/v1/products?limit=1")["items"]


def test_a_killed_platform_leaves_nothing(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Neither gunicorn's workers nor Locust; and the run's ports are free again."""
    commands = [" ".join(process.cmdline()) for process in platform.processes()]
    assert sum("gunicorn" in command for command in commands) == 4
    assert sum("locustfile.py" in command for command in commands) == 1
    running.send_signal(signal.SIGKILL)
    running.wait()
    wait_for(lambda: not platform.processes(), 12)


def test_up_for_a_while_ends_by_itself(platform: Any, read_until: Callable[..., str]) -> None:
    """It counts from ready, stops in reverse order within ten seconds, exits with 0, and leaves nothing."""
    with platform.start("--for", "3") as process:
        read_until(process.stdout, "ready: logs in")
        began = time.monotonic()
        incidents = platform.get("pagerduty", "/incidents")["incidents"]
        output, _ = process.communicate(timeout=60)
        assert 3 <= time.monotonic() - began < 13
    assert process.returncode == 0, output
    stopped = [line.split()[1] for line in output.splitlines() if line.endswith(" stopped")]
    assert stopped == ["shoppers", "prometheus", "alertmanager", "pagerduty", "catalog", "platform"]
    assert platform.processes() == []
    assert [incident["team"] for incident in incidents] == ["catalog"], "the page of before is forgotten"
