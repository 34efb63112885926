"""A visitor of the shop as a browser is one: keeps cookies, sends forms as they stand on the page, follows nothing."""

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.shop_run import Answer
from tests.services.storefront.html_page import HtmlPage

SECONDS = 15
PASSWORD = "tulip-lantern-42"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN = "form_token"


def fresh_address() -> str:
    """An e-mail address that nobody has."""
    return f"{uuid.uuid4().hex}@example.com"


@dataclass(slots=True)
class Visitor:
    """Somebody at the front door *url*."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request over a connection of its own."""
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=SECONDS)
        kept = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        try:
            connection.request(method, path, body=body, headers={**kept, **(headers or {})})
            response = connection.getresponse()
            for each in response.headers.get_all("Set-Cookie") or ():
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(each).items()}
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form of exactly these *fields*."""
        return self.ask(path, "POST", urlencode(fields).encode(), {**FORM, **(headers or {})})

    def call(
        self, path: str, body: Any = None, method: str = "POST", *, token: str | None = None, **headers: str
    ) -> Answer:
        """Call the API as a program does: JSON, no cookie, *token* as bearer; a new Idempotency-Key."""
        sent = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = None if body is None else json.dumps(body).encode()
        return Visitor(self.url).ask(path, method, data, {**sent, **bearer, **headers})

    def page(self, path: str) -> HtmlPage:
        """The page at *path*, parsed."""
        answer = self.ask(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return HtmlPage(answer.body.decode())

    def token(self, path: str = "/login") -> str:
        """The token of this visitor's forms."""
        return next(form.fields[TOKEN] for form in self.page(path).forms if TOKEN in form.fields)

    def send(self, path: str, action: str, **fields: str) -> Answer:
        """Fill in the form of the page at *path* that goes to *action*, and send it."""
        return self.post(action, {**self.page(path).form(action).fields, **fields})

    def sign_in(self, email: str, password: str = PASSWORD) -> Answer:
        """Try to sign in on the page for it."""
        return self.send("/login", "/login", email=email, password=password)


def account(url: str, name: str = "Ada") -> str:
    """The address of a new account."""
    email = fresh_address()
    made = Visitor(url).call("/api/v1/auth/register", {"email": email, "password": PASSWORD, "name": name})
    assert made.status == 202, made.body
    return email


def signed_in(url: str, name: str = "Ada") -> Visitor:
    """A visitor with an account of their own, signed in."""
    visitor = Visitor(url)
    answer = visitor.sign_in(account(url, name))
    assert answer.status in (302, 303), answer.status
    return visitor
