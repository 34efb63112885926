"""The report in a real browser: it asks nobody for anything, nothing is cut off, and it can be read without a mouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from budget import report_page
from local.server import program
from tests.budget.curves import DAY, END, SCRIPT, curve, day, report_of, span
from tests.budget.page_requests import requests_of

SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program("chromium")), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, list[str]]]:
    """A report with every kind of SLO, long names and an attack; and what the browser complained of or asked for."""
    long = "a-promise-with-a-long-name-that-goes-on"
    begin = END - 590 * 60
    found = report_of(
        day((600, 580, 36.0), slo=long),
        day((300, 200, 40.0), id="pay-up", service="payments-of-the-storefront"),
        day((600, 0, 0.5), id=SCRIPT, service=SCRIPT, slo=SCRIPT),
        curve([], id="old-up", service="old"),
        alerts=[span(begin, begin + 3600, name="AnAlertWithALongName" * 2)],
        runbooks={"AnAlertWithALongName" * 2: "https://runbooks.example/Long"},
        past=(END - 40 * DAY, END - DAY / 2),
    )
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(report_page.html(found), encoding="utf-8")
    assert requests_of(file.read_text(encoding="utf-8")) == []
    shown = browser.new_page(viewport=SIZES["wide"])  # type: ignore[arg-type]
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("dialog", lambda dialog: said.append(dialog.message))
    shown.on("request", lambda request: said.append(request.url) if not request.url.startswith("data:") else None)
    shown.goto(file.as_uri())
    yield shown, [each for each in said if each != file.as_uri()]
    shown.close()


def test_no_request_leaves_the_page(opened: tuple[Page, list[str]]) -> None:
    """Its own policy refuses nothing that it needs; every picture is one; nothing that is named is run."""
    shown, said = opened
    assert said == []
    assert shown.evaluate("[...document.images].every(each => each.complete && each.naturalWidth > 100)")
    assert shown.evaluate("document.images.length") == 3
    assert shown.evaluate("document.scripts.length") == 0
    # A policy that refused the style would leave the page in one font.
    assert shown.evaluate("getComputedStyle(document.querySelector('.mark')).borderTopStyle") == "solid"


@pytest.mark.parametrize("size", list(SIZES))
def test_nothing_is_cut_off(opened: tuple[Page, list[str]], size: str) -> None:
    """The page is no wider than the screen; a table that is can be moved on its own, by keyboard too."""
    shown, _ = opened
    shown.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
    assert shown.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert shown.evaluate("[...document.querySelectorAll('.wide')].every(each => each.tabIndex === 0)")
    cut = shown.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, p, li, figure')]"
        ".filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.textContent)"
    )
    assert cut == []


def test_what_was_not_kept_is_in_sight_at_once(opened: tuple[Page, list[str]]) -> None:
    """Without scrolling, on a phone as well."""
    shown, _ = opened
    for size in SIZES.values():
        shown.set_viewport_size(size)  # type: ignore[arg-type]
        shown.evaluate("scrollTo(0, 0)")
        assert shown.locator("li").first.evaluate("each => each.getBoundingClientRect().bottom") < size["height"]


def test_headings_and_tables_tell_a_screen_reader_where_it_is(opened: tuple[Page, list[str]]) -> None:
    """One first heading, no level left out, every table with headed columns and rows, every scroll area with a name."""
    shown, _ = opened
    levels = shown.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(each => +each.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:], strict=False))  # noqa: RUF007
    assert shown.evaluate(
        "[...document.querySelectorAll('tbody tr')].every(each => each.querySelector('th[scope=row]'))"
        " && [...document.querySelectorAll('thead th')].every(each => each.scope === 'col')"
        " && [...document.images].every(each => each.alt.length > 40)"
        " && document.documentElement.lang === 'en'"
    )
    assert shown.evaluate(
        "[...document.querySelectorAll('[role=region]')].every(each => each.ariaLabel"
        " || document.getElementById(each.getAttribute('aria-labelledby')).textContent)"
    )


def test_links_of_the_first_page_lead_to_the_details(opened: tuple[Page, list[str]]) -> None:
    """Each to a promise that is there."""
    shown, _ = opened
    targets = shown.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(each => !!document.getElementById(each.hash.slice(1)))"
    )
    assert len(targets) >= 4
    assert all(targets)


def test_colours_can_be_read(opened: tuple[Page, list[str]]) -> None:
    """Every text stands out against white by 4.5 to 1, as WCAG 2 asks."""
    shown, _ = opened
    contrasts = shown.evaluate(
        """[...document.querySelectorAll('body *')].map(each => {
            const [r, g, b] = getComputedStyle(each).color.match(/\\d+/g).map(v => {
                const c = v / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 });
            return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05) })"""
    )
    assert min(contrasts) >= 4.5


def test_it_can_be_printed(opened: tuple[Page, list[str]]) -> None:
    """The first page on its own; details begin on the next."""
    shown, _ = opened
    shown.emulate_media(media="print")
    assert shown.evaluate("getComputedStyle(document.querySelector('.details')).breakBefore") == "page"
    assert shown.evaluate("getComputedStyle(document.querySelector('.wide')).overflow") == "visible"
    assert shown.pdf().startswith(b"%PDF")
