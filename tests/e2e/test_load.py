"""A load run and a capacity search on the whole platform, judged by its own Prometheus."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def running(platform: Any, read_until: Callable[..., str]) -> Iterator["subprocess.Popen[str]"]:
    """A platform without a past, whose limits for one address are raised."""
    with platform.start("--files", "--no-history", "--for-load") as process:
        try:
            read_until(process.stdout, r"platform +ready after")
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield process
        finally:
            process.terminate()


def walk(platform: Any, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python -m synthetics` at the platform, with its keys."""
    where = ("--host", platform.url("front-door"), "--prometheus", platform.url("prometheus"))
    secrets = platform.state / "run/secrets"
    files = {"TRAFFIC_KEY_FILE": str(secrets / "shop/TRAFFIC_KEY"), "PROBE_KEY_FILE": str(secrets / "PROBE_KEY")}
    return subprocess.run(
        [sys.executable, "-m", "synthetics", arguments[0], *where, *arguments[1:]],
        cwd=ROOT,
        env=os.environ | {"TRAFFIC_KEY": "", "PROBE_KEY": ""} | files,
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )


@pytest.mark.usefixtures("running")
def test_a_shop_that_is_broken_meanwhile_fails_by_its_own_slos(platform: Any, tmp_path: Path) -> None:
    """A fifth of the catalog's answers are errors: steps fail, the SLO is broken for load, and the fault is shaded."""
    broken = threading.Timer(
        10, platform.run, ("local", "break", "catalog", "errors", "--share", "0.2", "--seconds", "20")
    )
    broken.start()
    options = ("--shape", "steady", "--rate", "1/s", "--for", "45s", "--workers", "2", "--report", str(tmp_path))
    run = walk(platform, "load", *options)
    broken.join()
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    verdicts = {slo["id"]: slo for slo in found["verdict"]["slos"]}
    assert run.returncode in (1, 3), run.stdout + run.stderr
    assert run.returncode == 1 or all(reason.startswith("generator ") for reason in found["reasons"])
    assert verdicts["catalog-availability"]["verdict"] == "fail"
    assert verdicts["users-availability"]["verdict"] == "pass"
    assert found["verdict"]["traffic"] == "load"
    assert {window["name"] for window in found["fault_windows"]} == {"catalog: errors"}
    metrics = {line["metric"] for line in found["saturation"]}
    assert metrics == {"process_cpu", "threads_busy", "connections_used", "connection_wait", "machine_cpu"}
    services = {line["where"] for line in found["saturation"] if line["metric"] == "process_cpu"}
    assert {"catalog", "inventory", "orders", "users", "payments", "storefront"} <= services


@pytest.mark.usefixtures("running")
def test_a_capacity_search_says_what_it_found(platform: Any, tmp_path: Path) -> None:
    """Two rates that are next to one another: each was tried, and the file says what ended the search."""
    out = tmp_path / "capacity.json"
    options = ("--low", "0.5", "--high", "0.54", "--for", "20s", "--within", "5m", "--out", str(out))
    run = walk(platform, "capacity", *options)
    found = json.loads(out.read_text(encoding="utf-8"))
    assert run.returncode in (0, 1, 3), run.stdout + run.stderr
    assert found["trials"][0]["rate"] == 0.5
    assert found["limit"] in run.stderr
    held = [trial["rate"] for trial in found["trials"] if trial["held"]]
    assert found["capacity_visits_per_s"] == max(held, default=None)
    failed = [trial for trial in found["trials"] if not trial["held"] and not trial["generator"]]
    assert (found["bottleneck"] is None) == (not failed)
