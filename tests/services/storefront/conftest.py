"""A storefront whose other services are in memory, and a browser of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

from services.shared import migrate
from services.shared.config import Config
from services.shared.database import Database, open_database
from services.storefront.app import create_app
from services.storefront.settings import Settings
from tests.services.storefront.fake_shop import EMAIL, PASSWORD, FakeShop, product
from tests.services.storefront.html_page import HtmlPage

KEY = "a-session-key-for-tests-alone"
START = 1_700_000_000.0


class Clock:
    """Unix seconds that pass when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Browser:
    """Somebody with a browser: keeps cookies, sends forms as pages give them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        """The page at *path*."""
        return self.client.get(path, **options)

    def page(self, path: str) -> HtmlPage:
        """The page at *path*, read; it must be there."""
        response = self.get(path)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return HtmlPage(response.text)

    def send(self, path: str, to: str, /, headers: dict[str, str] | None = None, **changed: str) -> TestResponse:
        """Send the form of the page at *path* that goes to *to*, with *changed* fields."""
        form = self.page(path).form(to)
        return self.client.post(to, data={**form.fields, **changed}, headers=headers)

    def sign_in(self, back_to: str = "/", password: str = PASSWORD) -> TestResponse:
        """Sign in with the form."""
        return self.send(f"/login?next={quote(back_to)}", "/login", email=EMAIL, password=password)

    def cookie(self, name: str = "__Host-session") -> str | None:
        """The value of the session's cookie."""
        found = self.client.get_cookie(name)
        return None if found is None else found.value


@pytest.fixture
def shop() -> FakeShop:
    """The services behind it, with a few products."""
    found = FakeShop()
    for number in range(1, 31):
        found.products[f"KIT-{number:04d}"] = product(f"KIT-{number:04d}", f"Milk pan {number}")
    found.products["TOY-0001"] = product("TOY-0001", "Blocks", 1999, "toys")
    found.stock |= {"KIT-0001": 3, "TOY-0001": 50}
    return found


@pytest.fixture
def clock() -> Clock:
    """The storefront's clock."""
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """The sessions of one test."""
    found = open_database(f"sqlite:///{tmp_path / 'storefront.db'}")
    migrate.upgrade(found, "storefront")
    yield found
    found.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    """The metrics of one test."""
    return CollectorRegistry()


@pytest.fixture
def make_app(database: Database, shop: FakeShop, clock: Clock) -> Callable[..., APIFlask]:
    """Makes storefronts over *database* and *shop*."""

    def make(**options: Any) -> APIFlask:
        given = {
            "database": database,
            "registry": CollectorRegistry(),
            "config": Config(service="storefront"),
            "settings": Settings(session_key=KEY),
            "connect": shop.connect,
            "pause": lambda seconds: None,
            "now": clock,
        }
        return create_app(**(given | options))

    return make


@pytest.fixture
def app(make_app: Callable[..., APIFlask], registry: CollectorRegistry) -> APIFlask:
    """The storefront."""
    return make_app(registry=registry)


@pytest.fixture
def browser(app: APIFlask) -> Browser:
    """A visitor whom the shop does not know yet."""
    return new_browser(app)


def new_browser(app: APIFlask) -> Browser:
    """Another visitor; over https, where secure cookies are sent."""
    client = app.test_client()
    client.environ_base |= {"wsgi.url_scheme": "https"}
    return Browser(client)
