"""Somebody buys something in a real browser, through the front door, with JavaScript and without."""

import email
import email.policy
import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from local.front_door import DoorSettings
from local.server import program
from local.shop_run import ShopRun, running_shop

PASSWORD = "tulip-lantern-42"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# One browser fetches a page with all that is on it at once.
DOOR = DoorSettings(sign_ins_per_second=100, sign_in_burst=100)
# Sent in the background once a page is hidden.
BEACON_SECONDS = 10


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopRun]:
    """The whole shop behind its front door; its spans are kept, too, for the scan of the whole run."""
    with running_shop(tmp_path_factory.mktemp("shop"), door=DOOR, traces=True) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program("chromium")), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(params=[pytest.param(True, id="with JavaScript"), pytest.param(False, id="without")])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has never been to the shop; what it asks of others, and what it complains of, is a failure."""
    found = browser.new_context(viewport=WIDE, java_script_enabled=request.param)
    elsewhere: list[str] = []
    complaints: list[str] = []
    found.on("request", lambda asked: elsewhere.append(asked.url) if "//127.0.0.1" not in asked.url else None)
    found.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    found.on("weberror", lambda error: complaints.append(str(error.error)))
    yield found
    found.close()
    # The browser itself tells of each answer that is an error; a declined card is 402.
    assert [each for each in complaints if "402" not in each] == []
    assert [each for each in elsewhere if not each.startswith(("data:", "blob:"))] == []


def register(page: Page, shop: ShopRun) -> str:
    """Make an account in the browser, which is then logged in; its address."""
    address = f"ada-{uuid.uuid4().hex[:8]}@example.com"
    page.goto(f"{shop.url}/register")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label(re.compile("^Password")).first.fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    if page.url.split("?")[0].endswith("/login"):
        page.get_by_label("E-mail").fill(address)
        page.get_by_label(re.compile("^Password")).first.fill(PASSWORD)
        page.locator("main form button[type=submit]").click()
    return address


def picture(page: Page, folder: Path, name: str) -> None:
    """Keep what *page* looks like, wide and narrow; nothing of it may stick out sideways."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.screenshot(path=folder / f"{name}-{size['width']}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def test_somebody_buys_something(shop: ShopRun, context: BrowserContext, tmp_path: Path) -> None:
    """From the first page to the order: found by searching, paid at the second try, seen among the orders."""
    page = context.new_page()
    page.goto(shop.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    picture(page, tmp_path, "home")
    page.get_by_role("searchbox").fill("towel")
    page.get_by_role("searchbox").press("Enter")
    picture(page, tmp_path, "search")
    page.locator("main a[href^='/p/']").first.click()
    name = page.get_by_role("heading", level=1).inner_text()
    picture(page, tmp_path, "product")
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("main")).to_contain_text(name)
    picture(page, tmp_path, "cart")

    register(page, shop)
    page.goto(f"{shop.url}/cart")
    expect(page.locator("main")).to_contain_text(name)
    page.goto(f"{shop.url}/checkout")
    picture(page, tmp_path, "checkout")
    page.locator(
        "input[name=payment_method][value*=declin], input[name=payment_method][value*=insufficient]"
    ).first.check()
    page.get_by_role("button", name="Order and pay").click()
    expect(page.get_by_role("alert")).to_be_visible()
    picture(page, tmp_path, "declined")
    page.locator("input[name=payment_method][value=tok_visa]").check()
    page.get_by_role("button", name="Order and pay again").click()
    page.wait_for_url(re.compile(r"/orders/ord_"))
    expect(page.locator("main")).to_contain_text(name)
    expect(page.locator("main")).to_contain_text(re.compile("confirmed", re.IGNORECASE))
    picture(page, tmp_path, "order")
    page.goto(f"{shop.url}/orders")
    expect(page.locator("main a[href^='/orders/ord_']")).not_to_have_count(0)
    picture(page, tmp_path, "orders")
    page.goto(f"{shop.url}/account")
    picture(page, tmp_path, "account")


def put_aside(page: Page, shop: ShopRun, number: int) -> None:
    """Put the product *number* of the front page into the cart."""
    page.goto(shop.url)
    page.locator("main .card a[href^='/p/']").nth(number).click()
    page.get_by_role("button", name="Add to cart").click()


def sign_in(page: Page, shop: ShopRun, address: str, password: str) -> None:
    """With the form."""
    page.goto(f"{shop.url}/login")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label(re.compile("^Password")).first.fill(password)
    page.locator("main form button[type=submit]").click()


def test_what_is_paid_is_what_was_shown(shop: ShopRun, browser: Browser) -> None:
    """Two windows: what the second one puts into the cart is not bought by the first, before that has shown it."""
    with browser.new_context(viewport=WIDE) as context:  # type: ignore[arg-type]
        first, second = context.new_page(), context.new_page()
        put_aside(first, shop, 0)
        register(first, shop)
        first.goto(f"{shop.url}/checkout")
        shown = first.locator(".amount").inner_text()
        put_aside(second, shop, 1)
        first.get_by_role("button", name="Order and pay").click()
        expect(first.get_by_role("alert")).to_contain_text("has changed since you saw this page")
        total = first.locator(".amount").inner_text()
        assert total != shown
        first.get_by_role("button", name="Order and pay again").click()
        first.wait_for_url(re.compile(r"/orders/ord_"))
        expect(first.locator("main")).to_contain_text(total)


def test_a_cart_is_kept_over_a_new_password_and_another_device(shop: ShopRun, browser: Browser) -> None:
    """It is at orders, which knows whose it is."""
    new = "another-lantern-7"
    with browser.new_context(viewport=WIDE) as here, browser.new_context(viewport=WIDE) as there:  # type: ignore[arg-type]
        page = here.new_page()
        address = register(page, shop)
        put_aside(page, shop, 0)
        page.goto(f"{shop.url}/account")
        page.get_by_label("Current password").fill(PASSWORD)
        page.get_by_label("New password").fill(new)
        page.get_by_role("button", name="Change the password").click()
        expect(page.locator("main")).to_contain_text("Your password is changed")
        expect(page.locator(".cart .count")).to_have_text(re.compile("^1"))
        page.get_by_role("button", name="Sign out", exact=True).click()
        sign_in(page, shop, address, new)
        expect(page.locator(".cart .count")).to_have_text(re.compile("^1"))
        other = there.new_page()
        sign_in(other, shop, address, new)
        expect(other.locator(".cart .count")).to_have_text(re.compile("^1"))


def test_a_link_in_a_mail_changes_a_password(shop: ShopRun, context: BrowserContext) -> None:
    """From the page that asks for the address to a login with the new password."""
    page = context.new_page()
    address = register(page, shop)
    context.clear_cookies()
    page.goto(f"{shop.url}/password-reset")
    page.get_by_label("E-mail").fill(address)
    page.locator("main form button[type=submit]").click()
    page.goto(mailed_link(shop, address))
    page.get_by_label(re.compile("New password", re.IGNORECASE)).first.fill("another-lantern-7")
    page.locator("main form button[type=submit]").click()
    page.goto(f"{shop.url}/login")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label(re.compile("^Password")).first.fill("another-lantern-7")
    page.locator("main form button[type=submit]").click()
    page.goto(f"{shop.url}/account")
    expect(page.locator("main")).to_contain_text(address)


def mailed_link(shop: ShopRun, to: str) -> str:
    """The link in the letter to *to*, which comes some seconds later."""
    link = re.compile(rf"{re.escape(shop.url)}/password-reset/\S+")
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for file in sorted((shop.folder / "mail").glob("*.eml"), reverse=True):
            letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            found = link.search(letter.get_content())  # type: ignore[attr-defined]
            if letter["To"] == to and found:
                return found[0]
        time.sleep(0.2)
    raise AssertionError("no letter has come")


def test_the_api_can_be_tried_in_the_browser(shop: ShopRun, browser: Browser, tmp_path: Path) -> None:
    """One page for all services, with nothing from elsewhere; what services ask of one another is not on it."""
    with browser.new_context(viewport=WIDE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{shop.url}/api/docs")
        expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)
        page.screenshot(path=tmp_path / "api.png")
        shown = {block.inner_text() for block in page.locator(".opblock-summary-path").all()}
        document = json.loads(page.request.get(f"{shop.url}/api/openapi.json").body())
        assert complaints == []
    assert {"/api/v1/auth/login", "/api/v1/products", "/api/v1/orders"} <= {
        each.replace("\u200b", "") for each in shown
    }
    assert not [path for path in document["paths"] if "webhook" in path or "/payments" in path]


def await_samples(shop: ShopRun, name: str) -> str:
    """The storefront's metrics, once *name* is above 0: a browser sends what it measured when it likes to."""
    deadline = time.monotonic() + BEACON_SECONDS
    while True:
        samples = shop.ask("storefront", "/metrics").body.decode()
        if re.search(rf"^{re.escape(name)} [1-9]", samples, re.MULTILINE):
            return samples
        assert time.monotonic() < deadline, f"{name} stayed at 0"
        time.sleep(0.1)


def test_what_a_browser_measured_is_counted(shop: ShopRun, browser: Browser) -> None:
    """Core Web Vitals and errors of scripts, by page, once the page is left."""
    with browser.new_context(viewport=WIDE) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(shop.url)
        page.wait_for_load_state("networkidle")
        page.evaluate("() => { setTimeout(() => { throw new Error('of a test') }, 0) }")
        page.wait_for_timeout(200)
        page.get_by_role("searchbox").click()
        page.goto(f"{shop.url}/login")
        samples = await_samples(shop, 'rum_js_errors_total{page="/"}')
    for vital in ("LCP", "TTFB"):
        assert re.search(rf'rum_web_vital_seconds_count{{page="/",vital="{vital}"}} [1-9]', samples)
    assert re.search(r'rum_js_errors_total{page="/"} [1-9]', samples)
