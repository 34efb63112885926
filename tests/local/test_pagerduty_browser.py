"""The page in a real browser: on a screen and on a telephone, and against other sites' pages."""

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.server import program
from local.settings import Settings
from tests.local.pagerduty_process import Standin, event, standin


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program("chromium")), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def pagerduty(settings: Settings, wait_for: Callable[..., Any]) -> Iterator[Standin]:
    """A stand-in with one open incident whose words are as long as they may be."""
    with standin(settings, wait_for) as found:
        long = event(
            "d" * 255, summary="s" * 1024, custom_details={"firing": "f" * 3000, "l" * 200: "https://a.example/"}
        )
        assert found.ask("POST", "/v2/enqueue", long).status == 202
        yield found


def _page(browser: Browser, width: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 844}, java_script_enabled=True)
    page.on("console", lambda said: pytest.fail(said.text) if said.type == "error" else None)
    return page


@pytest.mark.parametrize("width", [1440, 390])
def test_a_person_acknowledges_and_resolves(browser: Browser, pagerduty: Standin, width: int) -> None:
    """By the page's own buttons; nothing has to be scrolled sideways, with the details open too."""
    page = _page(browser, width)
    page.goto(f"{pagerduty.url}/?status=open")
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Acknowledge incident 1").click()
    expect(page.locator(".state")).to_have_text("acknowledged")
    page.get_by_role("button", name="Resolve incident 1").click()
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    assert page.url.endswith("/?status=open")
    assert pagerduty.incidents()[0]["status"] == "resolved"
    page.close()


def test_another_sites_page_cannot_resolve_or_page(browser: Browser, pagerduty: Standin) -> None:
    """Neither by a form that a visitor is made to send, nor by a request that needs no permission."""
    with _other_site() as other:
        page = browser.new_page()
        page.goto(other)
        page.evaluate(
            "([url, body]) => fetch(url + '/v2/enqueue', {method: 'POST', mode: 'no-cors', body})",
            [pagerduty.url, json.dumps(event("made up"))],
        )
        with page.expect_response(f"{pagerduty.url}/incidents/1/resolve") as answer:
            page.set_content(
                f'<form method="post" action="{pagerduty.url}/incidents/1/resolve"><button>x</button></form>'
            )
            page.get_by_role("button").click()
        assert answer.value.status == 403
        page.close()
    assert [each["status"] for each in pagerduty.incidents()] == ["triggered"]


@contextlib.contextmanager
def _other_site() -> Iterator[str]:
    """A web server on this machine, as any program on it may run one."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
