"""A platform that begins with a past: ready at once, no alert where the past ends, and nothing of it lost."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import sync_playwright

from local.server import program
from local.settings import from_environment
from tests.budget.page_requests import requests_of

READY_SECONDS = 20
LATER_SECONDS = 45.0


@pytest.fixture(scope="module")
def running(platform: Any, read_until: Callable[..., str]) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The platform with this machine's past, which is built already or is built now, and what it said until ready."""
    kept = from_environment(os.environ).history
    kept.mkdir(parents=True, exist_ok=True)
    (platform.state / "history").symlink_to(kept)
    subprocess.run(
        [*platform.python, "-m", "local.past", "place", str(platform.state / "unused")],
        env=platform.environment,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=600,
    )
    with platform.start("--files") as process:
        try:
            yield process, read_until(process.stdout, ": logs in")
        finally:
            process.terminate()


def asked(platform: Any, query: str) -> list[dict[str, Any]]:
    """The samples of an instant query."""
    found: list[dict[str, Any]] = platform.get("prometheus", f"/api/v1/query?query={quote(query)}")["data"]["result"]
    return found


def test_it_is_ready_with_every_budget(platform: Any, running: Any) -> None:
    """Nobody waits for a month; how long it takes is measured in the bench."""
    rows = platform.status()
    assert len(rows) >= 16
    assert [name for name, row in rows.items() if row["budget_left"] is None] == []
    assert rows["orders-event-delivery"]["budget_left"] < 0 < rows["payments-availability"]["budget_left"] < 0.5


@pytest.fixture(scope="module")
def report(platform: Any, running: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The budgets' report: its figures, and where its pages are."""
    folder = tmp_path_factory.mktemp("report")
    result = platform.run("budget", "report", "--json", "--out", str(folder))
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found, folder


def test_report_and_status_tell_the_same(platform: Any, report: tuple[dict[str, Any], Path]) -> None:
    """What is left of every budget: to a thousandth where the report ends, and near that a few minutes later."""
    found, _ = report
    left = {each["id"]: each["budget_left"] for each in found["slos"]}
    until = datetime.fromisoformat(found["until"]).timestamp()
    recorded = {
        sample["metric"]["sloth_id"]: float(sample["value"][1])
        for sample in asked(platform, f"slo:period_error_budget_remaining:ratio @ {until:.0f}")
    }
    shown = {each: row["budget_left"] for each, row in platform.status().items()}
    assert len(left) >= 16
    assert left == pytest.approx(recorded, abs=1e-3)
    assert left == pytest.approx(shown, abs=0.03)  # a visit that fails since spends as much of a probe's budget


def test_a_report_asks_nobody_for_anything(report: tuple[dict[str, Any], Path]) -> None:
    """Neither by its text, nor in a browser, where every picture is there all the same."""
    page = report[1] / "budget-report.html"
    assert requests_of(page.read_text(encoding="utf-8")) == []
    asked_for: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program("chromium")), args=["--no-sandbox"])
        shown = browser.new_page()
        shown.on("request", lambda request: asked_for.append(request.url))
        shown.on("console", lambda message: said.append(message.text))
        shown.goto(page.as_uri())
        shown.wait_for_load_state("networkidle")
        pictures = shown.evaluate("[...document.images].map(each => each.complete && each.naturalWidth)")
        browser.close()
    assert [each for each in asked_for if not each.startswith("data:")] == [page.as_uri()]
    assert len(pictures) >= 16
    assert all(width > 100 for width in pictures)
    assert said == []


def test_the_past_goes_on_without_a_false_alert(platform: Any, running: Any, wait_for: Callable[..., Any]) -> None:
    """Rules write on in the series that the past ends with, and neither fire nor begin to."""
    end = float(asked(platform, "max_over_time(tillwatch_history_seeded_timestamp_seconds[1h])")[0]["value"][1])
    wait_for(lambda: time.time() > end + LATER_SECONDS + 60, LATER_SECONDS + 120)
    assert asked(platform, 'ALERTS{alertname!="Watchdog"}') == []
    assert asked(platform, 'count by (sloth_id, __name__) ({__name__=~"slo:.+",sloth_window=""}) > 1') == []
    assert asked(platform, 'count by (kpi, service, __name__) ({__name__=~"kpi:.+"}) > 1') == []
    written = asked(platform, "timestamp(slo:current_burn_rate:ratio)")
    assert len(written) >= 16
    assert all(float(sample["value"][1]) > end for sample in written)
    # A counter that begins again is a reset, and no burst.
    before, after = (
        float(asked(platform, f'sum(rate(http_server_requests_total{{traffic="user"}}[5m]{offset}))')[0]["value"][1])
        for offset in (" offset 10m", "")
    )
    assert after < 2 * before


def test_prometheus_that_is_killed_comes_back_with_its_past(
    platform: Any, running: Any, wait_for: Callable[..., Any]
) -> None:
    """Seeded and measured samples alike."""
    query = 'count_over_time(slo:sli_events_total:avg2m{sloth_id="orders-availability"}[35d])'
    before = float(asked(platform, query)[0]["value"][1])
    (leader,) = platform.leaders("prometheus")
    leader.kill()
    wait_for(lambda: platform.leaders("prometheus") not in ([], [leader]), 10)
    wait_for(lambda: platform.answers("prometheus", "/-/ready"), 30)
    assert float(asked(platform, query)[0]["value"][1]) >= before > 25_000
