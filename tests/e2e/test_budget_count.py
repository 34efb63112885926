"""What `budget status` says, beside a count from the services' own databases and logs."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.prometheus_config import WARM_UP_SECONDS
from local.shop import SERVICES
from tests.e2e import counted

TRAFFIC_SECONDS = 600
# When each begins, and what is broken then. Each ends by itself.
FAULTS = {
    20: ("catalog", "errors", "--share", "0.3", "--seconds", "90"),
    60: ("payments", "timeout-after-charge", "--share", "0.3", "--seconds", "60"),
    150: ("inventory", "errors", "--share", "1", "--seconds", "100"),
    280: ("payments", "errors", "--share", "0.5", "--seconds", "60"),
    360: ("storefront", "errors", "--share", "0.3", "--seconds", "90"),
    460: ("orders", "latency", "--share", "0.5", "--set", "delay_seconds=1.5", "--seconds", "60"),
}
# What fails last leaves the 5m rates after as long, is averaged over 2m and summed at steps of 2m.
SETTLED_SECONDS = 600
# Averages weigh records alike, however close they are: none of the first, quick ones may be among them.
PACE_SECONDS = WARM_UP_SECONDS + 150
MOST = 0.01
# rate() does not reach back beyond a counter's 0: what rises from there weighs half a scrape in 5m less, 0.8 %.
MOST_BAD = 0.02
LEAST_EVENTS = 0.5  # of what is counted in ones, less than one is nothing


@pytest.fixture(scope="module")
def running(platform: Any, read_until: Callable[..., str]) -> Iterator["subprocess.Popen[str]"]:
    """A platform without a past: what it shows was measured, all of it."""
    with platform.start("--files", "--no-history") as process:
        try:
            read_until(process.stdout, ": logs in")
            yield process
        finally:
            process.terminate()


@contextlib.contextmanager
def more_shoppers(platform: Any) -> Iterator[None]:
    """Three times as many as come by themselves."""
    command = [
        "-m",
        "synthetics",
        "load",
        "--host",
        platform.url("front-door"),
        "--shape",
        "day",
        "--scale",
        "3",
        "--traffic",
        "user",
    ]
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as load:
        try:
            yield
        finally:
            load.terminate()


def first_scrapes(platform: Any) -> dict[str, float]:
    """When Prometheus saw each service for the first time, in Unix seconds."""
    found = platform.get("prometheus", "/api/v1/query?query=up==1")["data"]["result"]
    if not set(SERVICES) <= {row["metric"]["job"] for row in found}:
        return {}
    past = platform.get("prometheus", "/api/v1/query?query=up[5m]")["data"]["result"]
    return {row["metric"]["job"]: row["values"][0][0] for row in past}


@pytest.mark.full
def test_budgets_are_what_databases_and_logs_hold(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Within 1 %, and 2 % of the bad ones, after ten minutes of traffic with faults in every service."""
    with platform.shoppers_standing_still():
        since = wait_for(lambda: first_scrapes(platform), 30)
        time.sleep(PACE_SECONDS)
    began = time.monotonic()
    with more_shoppers(platform):
        for at, fault in FAULTS.items():
            time.sleep(max(0.0, began + at - time.monotonic()))
            assert platform.run("local", "break", *fault).returncode == 0
        time.sleep(began + TRAFFIC_SECONDS - time.monotonic())
    with platform.shoppers_standing_still():
        time.sleep(SETTLED_SECONDS)
        rows, counts = platform.status(), counted.by_slo(platform.state / "run", since=since)
    assert {slo: rows[slo]["events"] for slo in counts} == {
        slo: pytest.approx(each.total, rel=MOST) for slo, each in counts.items()
    }
    assert {slo: rows[slo]["bad_events"] for slo in counts} == {
        slo: pytest.approx(each.bad, rel=MOST_BAD, abs=LEAST_EVENTS) for slo, each in counts.items()
    }
