"""The page in a real browser: wide and narrow, light and dark, by keyboard, without scripts, against other sites."""

import contextlib
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Request, Route, expect, sync_playwright
from werkzeug.serving import make_server

from budget.answers import Series
from budget.drill_spec import load
from budget.ops.alertmanager import Silence, Told
from budget.ops.app import create_app
from budget.ops.door import Door
from budget.ops.faults import Active
from budget.ops.journeys import ATTEMPTS
from local.server import program
from slo import conventions
from tests.budget.ops.fakes import (
    ROOT,
    TOKEN,
    FakeAlertmanagers,
    FakeFaults,
    FakeIncidents,
    FakeServer,
    alert,
    desk,
    drills,
    figures,
    incident,
    together,
)
from tests.budget.ops.test_courses import BAD, TOTAL, always, series
from tests.budget.ops.test_journeys import END, counted

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LONG = "a-name-that-goes-on-and-on-without-a-space-" * 3
# The nearest ground that is painted behind each text, and how it stands out: WCAG 2, 1.4.3.
CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => {
    const c = v / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const found = parse(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const each of document.querySelectorAll("body *")) {
    const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || each.closest("svg") || each.closest(".hidden, .skip")) continue;
    const pair = [light(parse(getComputedStyle(each).color)), light(ground(each))].sort((a, b) => b - a);
    found.push([(pair[0] + 0.05) / (pair[1] + 0.05), each.className, each.textContent.trim().slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, 3);
}"""


@dataclass
class Shop:
    """The page as it is served, and everything behind it."""

    url: str
    server: FakeServer
    alertmanagers: FakeAlertmanagers
    incidents: FakeIncidents
    faults: FakeFaults
    moment: list[float]

    def later(self) -> None:
        """Whatever was read is old now."""
        self.moment[0] += 400


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program("chromium")), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A page with something of everything, some of it with very long names; it is shown anew each second."""
    monkeypatch.setattr("budget.ops.pages.LIVE_SECONDS", 1)
    long = {conventions.ID: LONG, conventions.SERVICE: LONG, conventions.SLO: LONG, "cluster": LONG}
    moment = [END]
    server = FakeServer(
        together(figures(left=0.4), figures(long, burn=9, hour=0.2)),
        {
            ATTEMPTS: counted(
                "buy", passed=dict(enumerate(range(60, 0, -1))), failed={**dict.fromkeys(range(61), 0), 0: 1}
            ),
            "shop_fault_active": (
                Series(
                    labels={"job": "catalog", "fault": "errors"},
                    points=tuple((END - 60 * ago, 1.0) for ago in range(20, -1, -1)),
                ),
            ),
            BAD: (series(always(0) | {9: 2.0}),),
            TOTAL: (series(always(100)),),
        },
    )
    alertmanagers = FakeAlertmanagers(
        told=Told(
            alerts=(
                alert("Watchdog", labels={"severity": "info"}, fingerprint="w"),
                alert("Oversold"),
                alert(LONG, fingerprint="f2"),
            ),
            silences=(
                Silence(
                    id="s1", matchers=(f"a={LONG}",), by="me", comment=LONG, starts=0, ends=END + 900, state="active"
                ),
            ),
        )
    )
    incidents = FakeIncidents(incident(alert="Oversold"), incident(4, summary=LONG))
    faults = FakeFaults(Active(target="catalog", fault="errors", share=1, seconds_left=840))
    given = desk(
        server,
        alertmanagers=alertmanagers,
        incidents=incidents,
        faults=faults,
        drills=drills(*load(ROOT / "local/breaks"), *load(ROOT / "local/drills")),
        jaeger="http://127.0.0.1:16686",
        clock=lambda: moment[0],
    )
    with _served(create_app(given, Door(TOKEN), port=8080)) as url:
        yield Shop(url, server, alertmanagers, incidents, faults, moment)


@contextlib.contextmanager
def _served(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def opened(browser: Browser, shop: Shop) -> Iterator[Callable[..., Page]]:
    """Opens a page as somebody has it set up; what the browser complains of, or asks of others, is a failure."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def open_(path: str = "/ops", *, known: bool = False, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": WIDE, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda asked: said.append(asked.url) if not asked.url.startswith(shop.url) else None)
        if known:
            page.goto(f"{shop.url}/ops/sign-in")
            page.get_by_label("Token").fill(TOKEN)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{shop.url}/ops")
        page.goto(f"{shop.url}{path}")
        return page

    yield open_
    for each in contexts:
        each.close()
    # The browser itself tells of each answer that is an error; a wrong token is 403.
    assert [each for each in said if "403" not in each] == []


PATHS = [
    "/ops",
    "/ops/promises/shop-up",
    f"/ops/promises/{LONG}",
    "/ops/runbooks/CatalogAvailability",
    "/ops/drills/catalog-errors",
    "/ops/alerts/f2/silence",
    "/ops/sign-in",
    "/ops/nowhere",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out_and_everything_can_be_read(
    opened: Callable[..., Page], size: dict[str, int], scheme: str, tmp_path: Path
) -> None:
    """On every page no sideways scroll, and every text stands out by 4.5 to 1; pictures are kept."""
    page = opened(known=True, viewport=size, color_scheme=scheme)
    for path in PATHS[:-1]:
        page.goto(f"{page.url.split('/ops')[0]}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        worst = page.evaluate(CONTRASTS)
        assert worst[0][0] >= 4.5, (path, worst)
        name = re.sub(r"\W+", "-", path)[:40]
        page.screenshot(path=tmp_path / f"{name}-{size['width']}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("path", PATHS[:-1])
def test_headings_and_tables_tell_a_screen_reader_where_it_is(opened: Callable[..., Page], path: str) -> None:
    """One first heading and no level left out; every table, picture, field and part of the page has a name."""
    page = opened(path, known=True)
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(each => +each.tagName[1])")
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:], strict=False))  # noqa: RUF007
    checks = {
        "tables": "[...document.querySelectorAll('table')].every(each => each.caption || each.closest('[aria-label]'))",
        "rows": "[...document.querySelectorAll('tbody tr')].every(each => each.querySelector('th[scope=row]'))",
        "pictures": "[...document.querySelectorAll('svg')].every(each => each.ariaLabel.length > 8)",
        "fields": "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
        ".every(each => each.labels.length)",
        "sections": "[...document.querySelectorAll('section[data-part]')].every(each => each.ariaLabel"
        " || document.getElementById(each.getAttribute('aria-labelledby')))",
        "ids": "new Set([...document.querySelectorAll('[id]')].map(each => each.id)).size"
        " === document.querySelectorAll('[id]').length",
        "language": "document.documentElement.lang === 'en' && document.title.length > 8",
        "buttons": "[...document.querySelectorAll('button, a')].every(each => each.textContent.trim())",
    }
    assert {name for name, check in checks.items() if not page.evaluate(check)} == set()


def test_buttons_say_what_they_are_about(opened: Callable[..., Page]) -> None:
    """Read alone, as a screen reader lists them."""
    page = opened(known=True)
    names = page.evaluate(
        "[...document.querySelectorAll('#live button, #live a')].map(each => each.textContent.trim())"
    )
    assert {
        "Acknowledge incident 3, Oversold",
        "Silence Oversold of shop up",
        "Runbook of Oversold",
        "Mend catalog",
    } <= {" ".join(each.split()) for each in names}
    assert "Break it (The catalog fails)" in names


def test_somebody_signs_in_and_acknowledges_by_keyboard_alone(opened: Callable[..., Page], shop: Shop) -> None:
    """Each stop has a visible focus; the first leads past the head of the page."""
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")
    _tab_to(page, "Sign in to act")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ops/sign-in")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shop.url}/ops")
    expect(page.get_by_role("status").filter(has_text="You are signed in.")).to_be_visible()
    _tab_to(page, "Acknowledge")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Incident 3 is acknowledged.")).to_be_visible()
    assert shop.incidents.done == [3]


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus says *name*; the focus can be seen at each stop."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "[document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineStyle,"
            " parseFloat(getComputedStyle(document.activeElement).outlineWidth)]"
        )
        assert (focused[1], focused[2] >= 2) == ("solid", True), focused
        if focused[0].startswith(name):
            return
    pytest.fail(f"Tab does not lead to {name}")


def test_a_wrong_token_is_said_at_the_field(opened: Callable[..., Page], shop: Shop) -> None:
    """It is announced, the field describes it, and what was typed is gone."""
    page = opened("/ops/sign-in")
    page.get_by_label("Token").fill("wrong")
    with page.expect_response(f"{shop.url}/ops/sign-in") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 403
    expect(page.get_by_role("alert")).to_have_text("That is not the token of this page.")
    field = page.get_by_label("Token")
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("", "true")
    assert "fault" in (field.get_attribute("aria-describedby") or "")


def test_without_scripts_everything_can_be_done(opened: Callable[..., Page], shop: Shop) -> None:
    """Reading again, acknowledging, silencing, breaking and mending."""
    page = opened(known=True, java_script_enabled=False)
    page.get_by_role("link", name="Show it again", exact=True).click()
    page.get_by_role("button", name="Acknowledge incident 3").click()
    page.get_by_role("link", name="Silence Oversold").click()
    page.get_by_label("For how long").select_option("15 minutes")
    page.get_by_label("Why").fill("planned work")
    page.get_by_role("button", name="Silence it").click()
    page.get_by_role("link", name="Break it (The catalog fails)").click()
    expect(page.get_by_text("CatalogAvailability (page of catalog): after about 1 min 45 s")).to_be_visible()
    page.get_by_role("button", name="Break it now").click()
    expect(page.get_by_text("it is broken now, and mends itself after 15 min")).to_be_visible()
    page.get_by_role("button", name="Mend catalog").click()
    page.get_by_role("button", name="Sound the fire alarm").click()
    page.get_by_role("button", name="End it").last.click()
    page.get_by_role("link", name="Show it again every 15 seconds").click()
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content") == "15"
    assert shop.incidents.done == [3]
    assert [each[0] for each in shop.alertmanagers.done] == ["silence"]
    assert [each[0] for each in shop.faults.done] == ["break", "mend"]


def test_a_live_page_changes_what_has_changed_and_nothing_else(opened: Callable[..., Page], shop: Shop) -> None:
    """What fires comes by itself; the focus and what was opened stay; nothing is loaded anew."""
    shop.alertmanagers.says = Told(alerts=(alert("Watchdog", labels={"severity": "info"}),))
    page = opened(known=True)
    page.evaluate("window.same = true")
    expect(page.locator("#headline")).to_contain_text("No page fires.")
    page.locator("#gate-of-catalog summary").click()
    page.locator("#gate-of-catalog summary").focus()
    shop.alertmanagers.says = Told(alerts=(alert("Oversold"),))
    shop.server.instants |= figures(left=0.123)
    shop.later()
    expect(page.locator("#headline")).to_contain_text("1 page fires: Oversold.", timeout=12_000)
    row = page.get_by_role("row").filter(has_text="shop up")
    expect(row.locator("td[data-name=left]")).to_have_text("12.3%")
    assert page.evaluate("window.same")
    assert page.locator("#gate-of-catalog").get_attribute("open") is not None
    expect(page.locator("#gate-of-catalog summary")).to_be_focused()
    assert page.locator("#headline").get_attribute("aria-live") == "polite"


def test_the_focus_stays_with_the_alert_that_it_is_at(opened: Callable[..., Page], shop: Shop) -> None:
    """Of two with one runbook it is that of the same card; once the alert is over, the heading of its part."""
    ours = alert("JobLate", labels={"service": "shop"}, fingerprint="ours")
    other = alert("JobLate", labels={"service": "another"}, fingerprint="other")
    shop.alertmanagers.says = Told(alerts=(other, ours))
    page = opened()
    page.locator("[data-key=ours] a").first.focus()
    shop.alertmanagers.says = Told(alerts=(other, ours, alert("Oversold", fingerprint="new")))
    shop.later()
    expect(page.locator("[data-key=new]")).to_be_visible(timeout=12_000)
    expect(page.locator("[data-key=ours] a").first).to_be_focused()
    shop.alertmanagers.says = Told(alerts=(other,))
    shop.later()
    expect(page.locator("[data-key=ours]")).to_have_count(0, timeout=12_000)
    expect(page.locator("#alerts-title")).to_be_focused()


def test_a_page_that_is_paused_stays_as_it_is(opened: Callable[..., Page], shop: Shop) -> None:
    """Until somebody has it go on."""
    page = opened()
    page.get_by_role("button", name="Pause").click()
    shop.alertmanagers.says = Told(alerts=(alert("JobLate"),))
    shop.later()
    page.wait_for_timeout(2_500)
    expect(page.locator("#headline")).not_to_contain_text("JobLate")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#headline")).to_contain_text("JobLate")


def test_a_server_that_is_gone_is_said_on_the_page(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown is then old."""
    monkeypatch.setattr("budget.ops.pages.LIVE_SECONDS", 1)
    with browser.new_context() as context, contextlib.ExitStack() as stack:
        page = context.new_page()
        url = stack.enter_context(_served(create_app(desk(), Door(TOKEN), port=8080)))
        page.goto(f"{url}/ops")
        page.route("**/ops/parts", lambda route: route.abort())
        expect(page.get_by_text("what is shown is old")).to_be_visible(timeout=12_000)


@pytest.fixture
def held(browser: Browser, shop: Shop) -> Iterator[tuple[Page, list[Route]]]:
    """A page whose questions for its parts are answered by nobody, and those questions."""
    with browser.new_context() as context:
        page, routes = context.new_page(), list[Route]()
        page.route("**/ops/parts", lambda route: routes.append(route))  # noqa: PLW0108 (Playwright marks what it is given)
        page.goto(f"{shop.url}/ops")
        yield page, routes


def test_a_server_that_hangs_is_said_on_the_page(held: tuple[Page, list[Route]]) -> None:
    """Nothing is waited for without end; it is asked again."""
    page, routes = held
    expect(page.get_by_text("what is shown is old")).to_be_visible(timeout=12_000)
    page.wait_for_timeout(1_500)
    assert len(routes) >= 2


def test_an_answer_that_comes_after_the_pause_is_not_shown(held: tuple[Page, list[Route]]) -> None:
    """The page stays as it is, as it says."""
    page, routes = held
    while not routes:
        page.wait_for_timeout(50)
    page.get_by_role("button", name="Pause").click()
    with contextlib.suppress(Error):  # the page has ended the question
        routes[0].fulfill(body='<section data-part="headline">too late</section>', content_type="text/html")
    page.wait_for_timeout(500)
    expect(page.locator("#headline")).not_to_contain_text("too late")
    expect(page.locator(".live")).to_contain_text("Paused")


def test_whatever_is_pressed_there_is_one_question_at_a_time(browser: Browser, shop: Shop) -> None:
    """Pausing and going on, or coming back to the page, while an answer is waited for, asks no oftener than before."""
    with browser.new_context() as context:
        page, asked = context.new_page(), list[Request]()
        page.goto(f"{shop.url}/ops")
        page.on("request", lambda request: asked.append(request))  # noqa: PLW0108
        for _ in range(3):
            page.get_by_role("button", name="Pause").click()
            page.get_by_role("button", name="Go on").click()
        for _ in range(3):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(1_000)
        asked.clear()
        page.wait_for_timeout(3_000)
        assert 1 <= len(asked) <= 3


def test_another_sites_page_cannot_act(browser: Browser, shop: Shop) -> None:
    """By a form that a signed-in visitor is made to send, from another port of this machine as well; nor read."""
    with _other_site() as other, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{shop.url}/ops/sign-in")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{shop.url}/ops")
        for foreign in (other, other.replace("localhost", "127.0.0.1")):
            page.goto(foreign)
            read = page.evaluate("url => fetch(url).then(() => 'read', () => 'refused')", f"{shop.url}/ops.json")
            assert read == "refused"
            with page.expect_response(f"{shop.url}/ops/alarm/sound") as answer:
                page.set_content(f'<form method="post" action="{shop.url}/ops/alarm/sound"><button>x</button></form>')
                page.get_by_role("button").click()
            assert answer.value.status == 403
        page.goto(other)
        page.set_content(f'<iframe src="{shop.url}/ops"></iframe>')
        page.wait_for_timeout(500)
        assert page.frames[1].locator(".brand").count() == 0
    assert (shop.incidents.done, shop.faults.done) == ([], [])


@contextlib.contextmanager
def _other_site() -> Iterator[str]:
    """A web server on this machine, as any program on it may run one."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_a_phone_has_every_figure(opened: Callable[..., Page]) -> None:
    """Rows become cards whose figures say what they are; to a screen reader it is the same table."""
    page = opened(viewport=NARROW)
    labels = page.evaluate(
        "[...document.querySelectorAll('.promises tbody tr:first-child td[data-name]')]"
        ".map(each => getComputedStyle(each, '::before').content.replaceAll('\"', ''))"
    )
    assert labels == ["left", "burn 5m", "1h", "6h", "spent", "objective"]
    expect(page.get_by_role("table")).to_be_visible()
    assert page.get_by_role("columnheader").count() == 9
    assert page.get_by_role("row").count() == 3
