"""Who may read and who may act: the token, the page's own forms, this machine's names, and nobody else."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from budget.drill_spec import load
from budget.ops.door import Door
from budget.ops.guard import POLICY
from budget.ops.sessions import MOST_SESSIONS, Sessions
from budget.ops.throttle import Throttle
from tests.budget.ops.fakes import (
    ROOT,
    TOKEN,
    FakeAlertmanagers,
    FakeFaults,
    FakeIncidents,
    alert,
    client,
    desk,
    drills,
    incident,
    press,
    signed_in,
)

ACTIONS = {
    "/ops/incidents/3/acknowledge": {},
    "/ops/alerts/f1/silence": {"minutes": "15", "comment": "planned"},
    "/ops/silences/s1/expire": {},
    "/ops/drills/catalog-errors/break": {},
    "/ops/faults/catalog/mend": {},
    "/ops/alarm/sound": {},
    "/ops/alarm/end": {},
    "/ops/sign-out": {},
}


class Everything:
    """A desk on which everything can be done, and what was."""

    def __init__(self) -> None:
        self.alertmanagers = FakeAlertmanagers(alert())
        self.incidents = FakeIncidents(incident())
        self.faults = FakeFaults()
        self.desk = desk(
            alertmanagers=self.alertmanagers,
            incidents=self.incidents,
            faults=self.faults,
            drills=drills(*load(ROOT / "local/breaks")),
        )

    @property
    def done(self) -> list[Any]:
        """Whatever was done to anybody."""
        alarm = ["alarm"] if self.desk.alarm.seconds_left else []
        return [*self.alertmanagers.done, *self.incidents.done, *self.faults.done, *alarm]


@pytest.fixture
def everything() -> Everything:
    """With nothing done yet."""
    return Everything()


@pytest.fixture
def browser(everything: Everything) -> FlaskClient:
    """That has never been here."""
    return client(everything.desk)


def test_reading_needs_no_token_on_this_machine(browser: FlaskClient) -> None:
    """Pages, data, figures."""
    for path in ("/ops", "/ops/parts", "/ops.json", "/ops/promises/shop-up", "/ops/runbooks/Oversold", "/metrics"):
        assert browser.get(path).status_code == 200, path
    assert browser.get("/").headers["Location"] == "/ops"


def test_every_route_that_changes_something_is_in_this_list(browser: FlaskClient) -> None:
    """So that a new one cannot be forgotten below."""
    every = list(browser.application.url_map.iter_rules())
    rules = [rule for rule in every if "POST" in (rule.methods or ())]
    shapes = [re.sub(r"<[^>]+>", "[^/]+", rule.rule) for rule in rules]
    covered = {shape for shape in shapes for path in ACTIONS if re.fullmatch(shape, path)}
    assert covered == set(shapes) - {"/ops/sign-in"}
    assert {method for rule in every for method in rule.methods or ()} == {"POST", "GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ACTIONS)
def test_nobody_acts_without_the_token(browser: FlaskClient, everything: Everything, path: str) -> None:
    """Not even with a key that it holds."""
    with browser.session_transaction() as session:
        session["key"] = "k"
    assert press(browser, path, **ACTIONS[path]).status_code == 401
    assert everything.done == []


@pytest.mark.parametrize("path", ACTIONS)
def test_whoever_is_signed_in_acts_by_the_pages_own_forms_alone(
    browser: FlaskClient, everything: Everything, path: str
) -> None:
    """A form without its key, or with another's, does nothing."""
    signed_in(browser)
    assert browser.post(path, data=ACTIONS[path]).status_code == 403
    assert browser.post(path, data={**ACTIONS[path], "key": "x" * 32}).status_code == 403
    assert everything.done == []
    assert press(browser, path, **ACTIONS[path]).status_code == 303
    assert bool(everything.done) == (path not in ("/ops/alarm/end", "/ops/sign-out"))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "http://evil.example"}, id="another site"),
        pytest.param({"Origin": "null"}, id="a sandboxed frame"),
        pytest.param({"Origin": "http://localhost:9999"}, id="another port of this machine"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="as browsers say it"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="the same site, elsewhere"),
        pytest.param({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, id="both, and they differ"),
    ],
)
def test_another_sites_page_can_do_nothing(
    browser: FlaskClient, everything: Everything, headers: dict[str, str]
) -> None:
    """Whatever it knows: the token, the form, the session."""
    signed_in(browser)
    with browser.session_transaction() as session:
        key = session["key"]
    for path, fields in ACTIONS.items():
        assert browser.post(path, data={**fields, "key": key}, headers=headers).status_code == 403, path
    assert browser.post("/ops/sign-in", data={"token": TOKEN}, headers=headers).status_code == 403
    assert everything.done == []


@pytest.mark.parametrize("origin", ["http://localhost", "https://localhost"])
def test_ones_own_page_is_no_other_site(browser: FlaskClient, everything: Everything, origin: str) -> None:
    """Behind a proxy that speaks TLS as well."""
    signed_in(browser)
    with browser.session_transaction() as session:
        key = session["key"]
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    assert browser.post("/ops/alarm/sound", data={"key": key}, headers=headers).status_code == 303
    assert everything.done == ["alarm"]


@pytest.mark.parametrize("path", ["/ops", "/ops.json", "/livez", "/metrics", "/ops/static/ops.js", "/nowhere"])
def test_a_foreign_name_leads_nowhere(browser: FlaskClient, path: str) -> None:
    """As when somebody has made a name of theirs lead to this machine."""
    assert browser.get(path, headers={"Host": "evil.example:8080"}).status_code == 403
    assert browser.get(path, headers={"Host": "127.0.0.1.evil.example"}).status_code == 403
    for own in ("127.0.0.1:8080", "localhost:8080", "[::1]:8080"):
        assert browser.get(path, headers={"Host": own}).status_code in (200, 404)


def test_a_name_that_was_allowed_leads_here() -> None:
    """And no other; names of hosts have no case, and browsers send small letters."""
    browser = client(desk(), Door(TOKEN, hosts=("Ops.Example",)))
    assert browser.get("/ops", headers={"Host": "ops.example"}).status_code == 200
    assert browser.get("/ops", headers={"Host": "localhost"}).status_code == 403


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ä"])
def test_a_wrong_token_lets_nobody_in(browser: FlaskClient, token: str) -> None:
    """And is said nowhere in the answer."""
    answer = browser.post("/ops/sign-in", data={"token": token})
    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert not token or f'value="{token}"' not in answer.text
    assert "Sign in to act" in browser.get("/ops").text


def test_without_a_token_nobody_can_sign_in() -> None:
    """An empty one does not open it either; the page says that it can be read alone."""
    browser = client(desk(), Door(""))
    assert "Read only" in browser.get("/ops").text
    with browser.session_transaction() as session:
        session["key"] = "k"
    assert browser.post("/ops/sign-in", data={"token": ""}).status_code == 403
    assert browser.post("/ops/alarm/sound", data={"key": "k"}).status_code == 401


def test_wrong_tries_are_slowed_down() -> None:
    """After three at once the next ones wait, ever longer; not even the right one is looked at meanwhile."""
    now = [0.0]
    browser = client(desk(), Door(TOKEN, throttle=Throttle(lambda: now[0])))

    def attempt(token: str) -> Any:
        return browser.post("/ops/sign-in", data={"token": token})

    assert [attempt("wrong").status_code for _ in range(4)] == [403] * 4
    refused = attempt(TOKEN)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    now[0] = 2.5
    assert attempt("wrong").status_code == 403
    assert attempt(TOKEN).headers["Retry-After"] == "4"
    now[0] = 10.0
    assert attempt(TOKEN).status_code == 303
    assert "tillwatch_ops_refused_sign_ins_total 5" in browser.get("/metrics").text


def test_wrong_tries_never_wait_longer_than_a_minute() -> None:
    """Somebody else's attempts must not lock its owner out for good."""
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(50):
        throttle.failed()
    assert throttle.seconds_left == 60
    throttle.succeeded()
    assert throttle.seconds_left == 0


def test_the_session_is_kept_from_scripts_and_other_sites(browser: FlaskClient) -> None:
    """HttpOnly and SameSite=Strict; over TLS it is Secure; it holds nothing of the token."""
    signed_in(browser)
    cookie = browser.get_cookie("tillwatch_ops_8080")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.secure) == (True, "Strict", False)
    assert TOKEN not in cookie.value
    over_tls = client(desk(), behind_tls=True)
    set_cookie = over_tls.post("/ops/sign-in", data={"token": TOKEN}).headers["Set-Cookie"]
    assert "Secure" in set_cookie


def test_a_session_ends_with_the_page(everything: Everything, browser: FlaskClient) -> None:
    """One that is started anew knows nobody any more, with the same token as well."""
    cookie = _cookie(signed_in(browser))
    for token in (TOKEN, "another-token-of-16"):
        other = client(everything.desk, Door(token))
        other.set_cookie("tillwatch_ops_8080", cookie)
        assert "Sign in to act" in other.get("/ops").text


def _cookie(browser: FlaskClient) -> str:
    cookie = browser.get_cookie("tillwatch_ops_8080")
    assert cookie is not None
    return str(cookie.value)


def test_a_session_lasts_twelve_hours_whatever_is_done_in_it() -> None:
    """A shift: each action signs the cookie anew, and makes it no younger."""
    now = [1_000.0]
    browser = signed_in(client(desk(), Door(TOKEN, sessions=Sessions(lambda: now[0]))))
    now[0] += 12 * 3600 - 1
    assert press(browser, "/ops/alarm/sound").status_code == 303
    assert "Sign out" in browser.get("/ops").text
    now[0] += 1
    assert "Sign in to act" in browser.get("/ops").text
    assert press(browser, "/ops/alarm/sound").status_code == 401


def test_signing_out_ends_it_for_every_copy(browser: FlaskClient, everything: Everything) -> None:
    """The page is read again, and nobody acts: not with the cookie and the key of before, either."""
    copied = _cookie(signed_in(browser))
    with browser.session_transaction() as session:
        key = session["key"]
    assert press(browser, "/ops/sign-out").status_code == 303
    assert press(browser, "/ops/alarm/sound").status_code == 401
    other = browser.application.test_client()
    other.set_cookie("tillwatch_ops_8080", copied)
    assert other.post("/ops/alarm/sound", data={"key": key}).status_code == 401
    assert everything.done == []


def test_another_browser_stays_signed_in(browser: FlaskClient) -> None:
    """Whoever signs out, or in once more, ends a session of their own alone."""
    other = signed_in(browser.application.test_client())
    before = _cookie(signed_in(browser))
    signed_in(browser)
    assert press(browser, "/ops/sign-out").status_code == 303
    assert "Sign out" in other.get("/ops").text
    other.set_cookie("tillwatch_ops_8080", before)
    assert "Sign in to act" in other.get("/ops").text


def test_so_many_sessions_are_remembered() -> None:
    """The newest."""
    sessions = Sessions()
    first, *others = (sessions.begin() for _ in range(MOST_SESSIONS + 1))
    assert not sessions.goes_on(first)
    assert all(map(sessions.goes_on, others))


def test_signing_in_makes_the_forms_anew(browser: FlaskClient) -> None:
    """Whoever had given this browser a session does not know its key afterwards."""
    with browser.session_transaction() as session:
        session["key"] = "known"
    signed_in(browser)
    with browser.session_transaction() as session:
        assert session["key"] != "known"


def test_a_link_from_another_site_signs_nobody_out() -> None:
    """It comes without the cookie, which is Strict, and is led to the form: that must not bring one in its place."""
    browser = client(desk(), Door(TOKEN, reads_freely=False))
    answers = [browser.get(path) for path in ("/ops", "/ops/sign-in")]
    assert [each.headers.get("Set-Cookie") for each in answers] == [None, None]


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/ops/drills/catalog-errors", "/ops/drills/catalog-errors"),
        ("//evil.example/ops", "/ops"),
        ("/ops//evil.example", "/ops"),
        ("https://evil.example", "/ops"),
        ("/ops\\evil", "/ops"),
        ("/ops/\r\nSet-Cookie: x=1", "/ops"),
        ("/opsy", "/ops"),
        ("", "/ops"),
    ],
)
def test_after_signing_in_one_is_on_a_page_of_ours(browser: FlaskClient, wanted: str, place: str) -> None:
    """Whatever a link to the form says."""
    answer = browser.post("/ops/sign-in", data={"token": TOKEN, "next": wanted})
    assert (answer.status_code, answer.headers["Location"]) == (303, place)


def test_from_other_machines_nothing_is_read_without_the_token() -> None:
    """Neither pages nor data; whether it lives and its own figures are open, and say nothing of the shop."""
    browser = client(desk(), Door(TOKEN, reads_freely=False))
    assert browser.get("/ops").headers["Location"] == "/ops/sign-in?next=/ops"
    assert browser.get("/ops/promises/shop-up").status_code == 303
    assert browser.get("/ops.json").status_code == 401
    assert browser.get("/ops/parts").status_code == 401
    assert browser.get("/ops/static/ops.css").status_code == 200
    assert {browser.get(path).status_code for path in ("/livez", "/metrics")} == {200}
    assert "shop" not in browser.get("/metrics").text
    assert browser.get("/ops.json", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert browser.get("/ops.json", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert signed_in(browser).get("/ops").status_code == 200


def test_a_bearer_reads_and_does_not_act(browser: FlaskClient, everything: Everything) -> None:
    """Actions are for people, by forms."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert browser.post("/ops/alarm/sound", headers=headers).status_code == 401
    assert everything.done == []


def test_every_answer_tells_browsers_to_load_and_run_nothing_else(browser: FlaskClient) -> None:
    """Pages, problems, data and files."""
    for path in ("/ops", "/ops.json", "/nowhere", "/ops/sign-in", "/ops/static/ops.js", "/metrics"):
        headers = browser.get(path).headers
        assert headers["Content-Security-Policy"] == POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert POLICY.startswith("default-src 'none'")
    assert "unsafe" not in POLICY


def test_the_token_is_in_no_page_and_no_log(
    browser: FlaskClient, caplog: pytest.LogCaptureFixture, everything: Everything
) -> None:
    """Whatever is done with it."""
    caplog.set_level("DEBUG")
    browser.post("/ops/sign-in", data={"token": "wrong-" + TOKEN})
    signed_in(browser)
    for path, fields in ACTIONS.items():
        press(browser, path, **fields)
    pages = [browser.get(path).text for path in ("/ops", "/ops.json", "/metrics", "/ops/sign-in")]
    assert TOKEN not in "".join((*pages, caplog.text))
    assert "done: Incident 3 is acknowledged" in caplog.text
