"""Somebody breaks the running shop by a button on /ops, sees a budget burn, is paged, and mends it: in a browser."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.server import program

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Who is paged when every request to the catalog fails, by when at the latest, and when all is done: from the button on.
# Shoppers leave a shop that fails, so that with a past behind it their few requests take longer to be much.
PAGES = ("CatalogAvailability", "StorefrontAvailability")
PAGED_SECONDS, DONE_SECONDS = {"without": 110.0, "seeded": 300.0}, {"without": 240.0, "seeded": 540.0}
GROUP_WAIT_SECONDS = 100.0  # of a service that waits for what it depends on


@pytest.fixture(
    scope="module",
    params=["without", pytest.param("seeded", marks=pytest.mark.full)],
)
def past(request: pytest.FixtureRequest, platform: Any, read_until: Callable[..., str]) -> Iterator[str]:
    """A platform, ready: without a past, whose first failures are much; and with five weeks behind it."""
    history = ("--no-history",) if request.param == "without" else ()
    assert platform.run("local", "clean").returncode == 0
    with platform.start("--files", *history) as process:
        try:
            said = read_until(process.stdout, "ops-token")
            assert f"{platform.url('ops')}/ops shows it all" in said
            yield str(request.param)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program("chromium")), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser that has never been here; what it complains of, or asks of others, is a failure."""
    with browser.new_context(viewport=WIDE) as context:  # type: ignore[arg-type]
        said: list[str] = []
        context.on("request", lambda asked: said.append(asked.url) if "//127.0.0.1" not in asked.url else None)
        context.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: said.append(str(error.error)))
        yield context.new_page()
        assert said == []


def sign_in(page: Page, platform: Any) -> None:
    """By keyboard, with the token that the platform tells."""
    token = platform.run("local", "ops-token").stdout.strip()
    page.goto(f"{platform.url('ops')}/ops")
    page.get_by_role("link", name="Sign in to act").press("Enter")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(token)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{platform.url('ops')}/ops")


def figure(page: Page, promise: str, name: str) -> float | None:
    """What the table says of a promise; None where that is not known."""
    cell = page.get_by_role("row").filter(has_text=promise).first.locator(f"td[data-name='{name}']")
    text = cell.inner_text().replace(",", "").removesuffix("%")
    return float(text) if re.fullmatch(r"-?[\d.]+", text) else None


def catalog(page: Page, name: str) -> float:
    """The same of the catalog's availability: a young one has its whole budget, and burns nothing."""
    found = figure(page, "catalog availability", name)
    return found if found is not None else 100.0 if name == "left" else 0.0


def picture(page: Page, folder: Path, name: str) -> None:
    """Keep what it looks like, wide and narrow; nothing sticks out sideways."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.screenshot(path=folder / f"{name}-{size['width']}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def incidents(platform: Any, *alerts: str) -> list[dict[str, Any]]:
    """Those of the stand-in that were opened for one of *alerts*."""
    found = platform.get("pagerduty", "/incidents")["incidents"]
    return [each for each in found if each["alert"] in alerts]


def test_a_fault_is_injected_seen_acknowledged_silenced_and_mended(
    past: str, platform: Any, page: Page, wait_for: Callable[..., Any], tmp_path: Path
) -> None:
    """On the page alone; the stand-in and Alertmanager know of it, and in the end the shop is whole."""
    sign_in(page, platform)
    left = catalog(page, "left")
    page.get_by_role("button", name="Sound the fire alarm").click()
    expect(page.locator("#headline")).to_contain_text("FireAlarmCheck is a drill")

    page.get_by_role("link", name="Break it (The catalog fails)").click()
    expect(page.get_by_text("CatalogAvailability (page of catalog):")).to_be_visible()
    page.get_by_role("button", name="Break it now").click()
    began = time.monotonic()
    expect(page.get_by_role("status").filter(has_text="it is broken now")).to_be_visible()
    expect(page.locator("#drills")).to_contain_text(re.compile(r"catalog: errors \(100 %, \d+ min"))

    wait_for(lambda: catalog(page, "burn 5m") > 14.4, PAGED_SECONDS[past])
    expect(page.get_by_role("row").filter(has_text="catalog availability")).to_contain_text(re.compile("burning|page"))
    alerts = page.locator("#alerts .card.bad").filter(has_text=re.compile("|".join(PAGES)))
    expect(alerts.first).to_be_visible(timeout=PAGED_SECONDS[past] * 1000)
    expect(page.locator("#headline")).to_contain_text(re.compile(r"pages? fires?: "))
    acknowledge = page.get_by_role("button", name=re.compile("Acknowledge incident .*" + "|".join(PAGES)))
    expect(acknowledge.first).to_be_visible(timeout=GROUP_WAIT_SECONDS * 1000)
    told = incidents(platform, *PAGES)
    assert [each["status"] for each in told] == ["triggered"] * len(told)
    wait_for(lambda: catalog(page, "left") < left, 130)
    picture(page, tmp_path, "burning")

    acknowledge.first.click()
    expect(page.get_by_role("status").filter(has_text="is acknowledged.")).to_be_visible()
    assert "acknowledged" in {each["status"] for each in incidents(platform, *PAGES)}
    page.get_by_role("link", name=re.compile("^Runbook of (" + "|".join(PAGES) + ")")).first.click()
    expect(page.get_by_role("heading", name="Mitigate")).to_be_visible()
    page.go_back()

    page.get_by_role("link", name=re.compile("^Silence (" + "|".join(PAGES) + ")")).first.click()
    page.get_by_label("Why").fill("it is being mended")
    page.get_by_role("button", name="Silence it").click()
    expect(page.locator("#alerts")).to_contain_text("it is being mended (ops page)")
    (silence,) = platform.get("alertmanager", "/api/v2/silences")
    assert (silence["createdBy"], silence["status"]["state"]) == ("ops page", "active")

    page.get_by_role("button", name="Mend catalog").click()
    expect(page.get_by_role("status").filter(has_text="catalog is mended.")).to_be_visible()
    assert platform.get("catalog", "/api/v1/products?limit=1")["items"]
    page.get_by_role("button", name="End it the silence").click()
    expect(page.get_by_role("status").filter(has_text="The silence is over.")).to_be_visible()
    wait_for(lambda: incidents(platform, "FireAlarmCheck"), 130)
    ends = page.locator("#alarm").get_by_role("button", name="End it")
    if past == "without" or ends.count():  # after five minutes it has ended by itself
        ends.click()
    expect(page.locator("#happenings")).to_contain_text("fault errors in catalog", timeout=90_000)
    assert time.monotonic() - began < DONE_SECONDS[past]
    picture(page, tmp_path, "mended")


def test_without_scripts_on_a_phone_it_is_read_and_done_as_well(past: str, platform: Any, browser: Browser) -> None:
    """Nothing sticks out; a fault is switched on and off again."""
    with browser.new_context(viewport=NARROW, java_script_enabled=False) as context:  # type: ignore[arg-type]
        page = context.new_page()
        sign_in(page, platform)
        page.get_by_role("link", name="Break it (The catalog is slow)").click()
        page.get_by_role("button", name="Break it now").click()
        page.get_by_role("button", name="Mend catalog").click()
        expect(page.get_by_text("catalog is mended.")).to_be_visible()
        for path in ("/ops", "/ops/promises/catalog-availability", "/ops/drills/catalog-errors"):
            page.goto(f"{platform.url('ops')}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path


def test_the_page_and_the_status_say_the_same(past: str, platform: Any, wait_for: Callable[..., Any]) -> None:
    """Every promise, and what is left of its budget."""

    def told() -> dict[str, Any]:
        result = platform.run("budget", "status", "--json")  # which waits five seconds for an answer, and no longer
        return {slo["id"]: slo for slo in json.loads(result.stdout)["slos"]} if result.returncode == 0 else {}

    known = wait_for(told, 60)
    shown = {slo["id"]: slo for slo in platform.get("ops", "/ops.json")["slos"]}
    assert shown.keys() == known.keys()
    for name, slo in known.items():
        assert shown[name]["budget_left"] == pytest.approx(slo["budget_left"], abs=0.05), name


def test_a_visit_leads_to_its_trace(past: str, platform: Any, wait_for: Callable[..., Any]) -> None:
    """Journeys are walked each minute; the exemplars of their counts name the trace."""

    def traced() -> list[str]:
        journeys = platform.get("ops", "/ops.json")["journeys"]
        return [minute["trace_id"] for each in journeys.values() for minute in each["minutes"] if minute["trace_id"]]

    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in wait_for(traced, 130))


def test_prometheus_scrapes_the_page(past: str, platform: Any) -> None:
    """As the job `ops`; the token is in no log of the platform."""
    query = "/api/v1/query?query=tillwatch_drill_alarm"
    (found,) = platform.get("prometheus", query)["data"]["result"]
    assert found["metric"]["job"] == "ops"
    token = platform.run("local", "ops-token").stdout.strip()
    logs = "".join(file.read_text(errors="replace") for file in (platform.state / "run/logs").glob("*.log"))
    assert "somebody has signed in" in logs
    assert token not in logs
