"""The preview in a real browser: nothing is refused by its own policy, and nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards.model import Dashboard
from dashboards.preview import page, sheet, write
from local.server import program
from tests.dashboards.answers import END, Answers

PAGES = ("tw-oncall", "tw-slo-overview", "tw-service-orders")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LABELS = {
    "job": "storefront",
    "service": "storefront",
    "sloth_service": "storefront",
    "sloth_slo": "a-promise-with-a-long-name",
    "alertname": "KubernetesDeploymentReplicasUnavailable",
    "http_route": "/api/v1/carts/<cart_id>/items/<sku>",
    "le": "+Inf",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program("chromium")), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def opened(
    browser: Browser, dashboards: dict[str, Dashboard], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, list[str]]]:
    """The pages that people look at first, and what the browser complained of or asked of others."""
    file: Path = tmp_path_factory.mktemp("preview") / "page.html"
    answers = Answers({"": [(LABELS, 0.93), (LABELS | {"job": "orders", "sloth_service": "orders", "le": "1"}, 0.2)]})
    sheets = [sheet(answers, dashboards[uid], end=END, named={}) for uid in PAGES]
    write(file, page(sheets, end=END, address="http://prometheus.example"))
    shown = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("request", lambda request: said.append(request.url) if not request.url.startswith("data:") else None)
    shown.goto(file.as_uri())
    yield shown, [each for each in said if each != file.as_uri()]
    shown.close()


def test_the_browser_has_nothing_to_complain_of(opened: tuple[Page, list[str]]) -> None:
    """Its policy lets in what it needs; nothing is asked of others; every picture is one."""
    shown, said = opened
    assert said == []
    pictures = shown.evaluate("[...document.images].map(each => each.complete && each.naturalWidth > 100)")
    assert len(pictures) > 20
    assert all(pictures)
    assert shown.evaluate("[...document.querySelectorAll('section')].map(each => each.id)") == list(PAGES)
    # A policy that refused the style would leave a page in one column.
    assert shown.evaluate("getComputedStyle(document.querySelector('.grid')).display") == "grid"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_is_cut_off(opened: tuple[Page, list[str]], size: dict[str, int]) -> None:
    """Neither the page nor a panel is wider than its place; names below pictures say the rest when pointed at."""
    shown, _ = opened
    shown.set_viewport_size(size)  # type: ignore[arg-type]
    assert shown.evaluate("document.documentElement.scrollWidth") <= size["width"]
    cut = shown.evaluate(
        "[...document.querySelectorAll('.panel')].filter(each => each.scrollWidth > each.clientWidth + 1"
        " || each.scrollHeight > each.clientHeight + 1).map(each => each.id)"
    )
    assert cut == []


def test_what_is_wrong_is_in_sight_at_once(opened: tuple[Page, list[str]]) -> None:
    """Without scrolling, at the size of a small screen."""
    shown, _ = opened
    shown.set_viewport_size(WIDE)  # type: ignore[arg-type]
    bottom = shown.evaluate("document.querySelector('.bad').getBoundingClientRect().bottom")
    assert 0 < bottom < WIDE["height"] / 3
