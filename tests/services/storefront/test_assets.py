"""Files of the pages, and the page of the API."""

import json
import re
from pathlib import Path

import pytest

from services.shared.openapi_document import path_of
from services.storefront.pages.assets import FOREVER
from tests.services.storefront.conftest import Browser

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "services/storefront/static"


def test_pages_name_files_by_their_content(browser: Browser) -> None:
    """So they are kept for good, and a new version has a new address."""
    page = browser.page("/")
    addresses = [each["href"] for each in page.all("link")] + [each["src"] for each in page.all("script")]
    assert len(addresses) == 4
    for address in addresses:
        assert re.search(r"\?v=[0-9a-f]{16}$", address)
        response = browser.get(address)
        assert (response.status_code, response.headers["Cache-Control"]) == (200, FOREVER)
        assert browser.get(address, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
        assert "Set-Cookie" not in response.headers


def test_under_another_version_a_file_is_asked_for_again(browser: Browser) -> None:
    """During a rollout an old page may meet a new file: that answer is not kept."""
    for address in ("/static/shop.css", "/static/shop.css?v=0000000000000000"):
        assert browser.get(address).headers["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2fapp.py", "vendor/README.md", "vendor", "", "/etc/passwd", "shop.css/x"]
)
def test_nothing_else_is_served(browser: Browser, name: str) -> None:
    """Only what was there at the start, and is of a known type."""
    assert browser.get(f"/static/{name}").status_code in (404, 308)
    assert browser.get(f"/api/docs/assets/{name}").status_code in (404, 308)


def test_no_file_of_ours_asks_another_site(browser: Browser) -> None:
    """Neither styles nor scripts; the page works where nothing else can be reached."""
    for path in (*STATIC.glob("*.css"), *STATIC.glob("*.js")):
        assert not re.search(r"https?:|@import|url\(", path.read_text(encoding="utf-8")), path.name


def test_the_vendored_file_is_named_with_its_licence() -> None:
    """Name, version and licence of each file of others."""
    readme = (STATIC / "vendor/README.md").read_text(encoding="utf-8")
    assert re.search(r"web-vitals.*6\.2\.3.*Apache-2\.0", readme)
    assert "Apache License" in (STATIC / "vendor/web-vitals.LICENSE").read_text(encoding="utf-8")


def test_crawlers_are_told_where_not_to_go(browser: Browser) -> None:
    """What is somebody's own, and what has no end."""
    robots = browser.get("/robots.txt")
    assert (robots.status_code, robots.mimetype) == (200, "text/plain")
    assert "Disallow: /search" in robots.text


def test_the_apis_page_brings_all_of_its_files(browser: Browser) -> None:
    """From here alone, without a script inside; each is kept for good."""
    page = browser.page("/api/docs")
    assert page.faults == []
    scripts = [each["src"] for each in page.all("script")]
    assert [each.partition("?")[0] for each in scripts] == [
        "/api/docs/assets/swagger-ui-bundle.js",
        "/static/api_docs.js",
    ]
    for address in scripts + [each["href"] for each in page.all("link")]:
        assert browser.get(address).headers["Cache-Control"] == FOREVER


def test_the_whole_shops_document_is_served(browser: Browser) -> None:
    """The merged one, as it is kept in docs/openapi."""
    served = browser.get("/api/openapi.json")
    assert served.mimetype == "application/json"
    assert served.get_json() == json.loads(path_of("shop").read_text(encoding="utf-8"))


def luminance(colour: str) -> float:
    """Source:  WCAG 2.2, "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_its_ground(scheme: int) -> None:
    """Each pair of colours that the styles put together has a contrast of 4.5, edges of fields one of 3."""
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "shop.css").read_text(encoding="utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", blocks[scheme]))
    grounds = ("ground", "raised", "sunken")
    pairs = [(text, ground) for text in ("ink", "quiet", "accent", "bad") for ground in grounds]
    pairs += [(tone, f"{tone}-ground") for tone in ("good", "bad", "waiting")] + [("accent-ink", "accent")]
    pairs += [("good", "ground"), ("edge", "raised"), ("ink", "tint-0")]
    for text, ground in pairs:
        dark, light = sorted((luminance(colours[text]), luminance(colours[ground])))
        assert (light + 0.05) / (dark + 0.05) >= (3 if text == "edge" else 4.5), (text, ground)
