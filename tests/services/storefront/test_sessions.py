"""Sessions: their cookie, their life, and what is stored of them."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from services.shared import migrate
from services.shared.database import Database, open_database
from services.storefront.adapters.housekeeping import purge
from services.storefront.adapters.sealing import Box
from services.storefront.adapters.sessions_sql import SqlSessions
from services.storefront.domain.session import EMPTY_IDLE_MS, IDLE_MS, Customer, GuestLine, Session, Tokens
from services.storefront.pages.visit_ids import VisitIds
from services.storefront.pages.visits import CurrentVisit
from services.storefront.settings import Settings
from tests.services.storefront.conftest import KEY, START, Browser, Clock, new_browser

DAY = 86_400
ADA = Customer(user_id="u_1", name="Ada", tokens=Tokens(access="access", refresh="refresh-secret", expires_at_ms=1))


def a_session(key: str = "a" * 64, **more: object) -> Session:
    """A session."""
    return replace(Session(key=key, created_at_ms=1, seen_at_ms=1), **more)  # type: ignore[arg-type]


@pytest.fixture
def stored(database_url: str) -> SqlSessions:
    """The store, on SQLite and on PostgreSQL."""
    database = open_database(database_url)
    migrate.upgrade(database, "storefront")
    return SqlSessions(database, Box(KEY))


def test_the_cookie_is_for_this_host_https_and_http_alone(browser: Browser) -> None:
    """`__Host-`, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain, 30 days; 256 random bits, signed."""
    header = browser.get("/login").headers["Set-Cookie"]
    parts = [part.strip() for part in header.split(";")]
    assert parts[0].startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"} <= set(parts)
    assert "domain" not in header.lower()
    assert [len(part) for part in parts[0].partition("=")[2].split(".")] == [43, 43]


def test_without_https_the_cookie_has_another_name(make_app: Callable[..., APIFlask]) -> None:
    """COOKIE_SECURE=0: `session`, without Secure; the other one is not looked at."""
    browser = new_browser(make_app(settings=Settings(cookie_secure=False)))
    header = browser.get("/login").headers["Set-Cookie"]
    assert header.startswith("session=")
    assert "secure" not in header.lower()
    assert "HttpOnly" in header


def test_looking_around_stores_nothing(browser: Browser, database: Database) -> None:
    """No cookie before there is a form, and no row before one leaves something to keep."""
    for path in ("/", "/c/kitchen", "/search?q=pan", "/cart"):
        assert "Set-Cookie" not in browser.get(path).headers
    for path in ("/p/KIT-0001", "/login", "/register", "/password-reset"):
        browser.page(path)
    browser.send("/login", "/login", email="ada@example.com", password="wrong-password")
    assert rows(database) == 0
    browser.send("/p/KIT-0001", "/cart")
    assert rows(database) == 1


def test_a_guest_has_one_cookie_for_all_windows(browser: Browser, database: Database) -> None:
    """Every form that is open is taken, whichever is sent first; what is put aside is in one session."""
    first, second = (browser.page(path).form("/cart").fields for path in ("/p/KIT-0001", "/p/TOY-0001"))
    cookie = browser.cookie()
    for form in (first, second):
        assert browser.client.post("/cart", data=form).location == "/cart"
    assert "2 pieces" in browser.get("/cart").text.replace('<span class="hidden">', "")
    assert (browser.cookie(), rows(database)) == (cookie, 1)


def test_two_windows_that_store_first_at_once_lose_nothing(stored: SqlSessions) -> None:
    """The session is made once; the second one finds it."""
    first = a_session(lines=(GuestLine(sku="A", quantity=2),))
    stored.create(first)
    stored.create(a_session())
    assert stored.find(first.key) == first


def test_nobody_chooses_an_id(app: APIFlask, make_app: Callable[..., APIFlask], browser: Browser) -> None:
    """One that is not stored is taken with our signature alone: not a made-up one, nor one of another shop's key."""
    other = new_browser(make_app(settings=Settings(session_key="another-session-key-of-tests")))
    form = other.page("/p/KIT-0001").form("/cart").fields
    foreign = str(other.cookie())
    for planted in (foreign, foreign.partition(".")[0], f"{'A' * 43}.{'A' * 43}", foreign + "A"):
        victim = new_browser(app)
        victim.client.set_cookie("__Host-session", planted, secure=True)
        assert victim.client.post("/cart", data=form).status_code == 403
        assert victim.page("/p/KIT-0001").form("/cart").fields["form_token"] != form["form_token"]
        assert victim.cookie() != planted


def test_without_a_key_guests_have_forms_too(make_app: Callable[..., APIFlask], database: Database) -> None:
    """Signed with a key of the process's own."""
    browser = new_browser(make_app(settings=Settings()))
    assert browser.send("/p/KIT-0001", "/cart").location == "/cart"


def test_what_was_put_aside_goes_with_one_sign_in(stored: SqlSessions) -> None:
    """Of two that replace one session, the second is told, and stores nothing."""
    guest = a_session(lines=(GuestLine(sku="A", quantity=2),))
    stored.create(guest)
    assert stored.replace(guest.key, replace(guest, key="b" * 64, customer=ADA))
    assert not stored.replace(guest.key, replace(guest, key="c" * 64, customer=ADA))
    assert stored.find("c" * 64) is None


def rows(database: Database) -> int:
    """How many sessions there are."""
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM sessions")).scalar_one())


def test_two_sign_ins_at_once_take_a_guests_cart_along_once(stored: SqlSessions) -> None:
    """Both have read the guest's session: the second one to end is signed in with nothing aside."""
    ids = VisitIds(KEY)
    guest = CurrentVisit(stored, ids, "", 1)
    guest.change(lambda session: replace(session, lines=(GuestLine(sku="A", quantity=2),)))
    first, second = (CurrentVisit(stored, ids, str(guest.cookie), 1) for _ in range(2))
    for visit in (first, second):
        visit.sign_in(ADA)
    assert [len(visit.session.lines) for visit in (first, second)] == [1, 0]
    assert [CurrentVisit(stored, ids, str(visit.cookie), 1).session.customer for visit in (first, second)] == [ADA, ADA]


def test_a_refused_token_ends_no_sign_in_that_has_newer_ones(stored: SqlSessions) -> None:
    """Another request has got them meanwhile."""
    ids = VisitIds(KEY)
    visit = CurrentVisit(stored, ids, "", 1)
    visit.sign_in(ADA)
    old, new = (CurrentVisit(stored, ids, str(visit.cookie), 1) for _ in range(2))
    renewed = replace(ADA, tokens=replace(ADA.tokens, access="newer"))
    new.change(lambda session: replace(session, customer=renewed))
    old.disown()
    assert CurrentVisit(stored, ids, str(visit.cookie), 1).session.customer == renewed
    new.disown()
    assert CurrentVisit(stored, ids, str(visit.cookie), 1).session.customer is None


def test_the_id_is_stored_as_a_hash(browser: Browser, database: Database) -> None:
    """Whoever reads the table cannot be anybody; nor does a token stand in it."""
    browser.sign_in()
    with database.reading() as connection:
        written = str(connection.execute(text("SELECT * FROM sessions")).all())
    assert browser.cookie() is not None
    assert str(browser.cookie()) not in written
    assert "access-" not in written
    assert "refresh-" not in written
    assert "Ada" not in written


def test_signing_in_changes_the_id(app: APIFlask, browser: Browser, database: Database) -> None:
    """And the old one is nobody's any more: what an attacker has planted is worth nothing."""
    browser.get("/login")
    planted = browser.cookie()
    browser.sign_in()
    assert browser.cookie() != planted
    attacker = new_browser(app)
    attacker.client.set_cookie("__Host-session", str(planted), secure=True)
    assert "Sign out" not in attacker.get("/").text
    assert rows(database) == 1


@pytest.mark.parametrize("sent", ["A" * 43, "short", "A" * 4096, "../../etc/passwd", "ä" * 43])
def test_an_id_that_was_not_given_out_is_not_taken(app: APIFlask, sent: str) -> None:
    """The visitor gets one of their own."""
    browser = new_browser(app)
    response = browser.client.get("/login", headers={"Cookie": f"__Host-session={sent}"})
    assert sent not in response.headers["Set-Cookie"]


def test_a_session_lasts_thirty_days_after_its_last_use(browser: Browser, clock: Clock) -> None:
    """Used every now and then it goes on; not used for longer it is over."""
    browser.sign_in()
    for _ in range(3):
        clock.now += 29 * DAY
        assert "Sign out" in browser.get("/").text
    clock.now += 31 * DAY
    assert "Sign out" not in browser.get("/").text


def test_a_request_is_no_write(browser: Browser, database: Database, clock: Clock) -> None:
    """When it was last used is noted once an hour."""
    browser.sign_in()

    def seen() -> int:
        with database.reading() as connection:
            return int(connection.execute(text("SELECT seen_at_ms FROM sessions")).scalar_one())

    clock.now += 60
    browser.get("/")
    assert seen() == START * 1000
    clock.now += 3600
    assert "Set-Cookie" in browser.get("/").headers
    assert seen() == (START + 3660) * 1000


def test_purging_forgets_what_nobody_comes_back_to(stored: SqlSessions, database_url: str) -> None:
    """Empty ones after a day, all after thirty; who is in use stays."""
    now = 100 * IDLE_MS
    line = (GuestLine(sku="KIT-0001", quantity=1),)
    ages = {
        "kept-1": a_session("1", seen_at_ms=now - EMPTY_IDLE_MS + 1),
        "gone-2": a_session("2", seen_at_ms=now - EMPTY_IDLE_MS - 1),
        "kept-3": a_session("3", seen_at_ms=now - EMPTY_IDLE_MS - 1, lines=line),
        "kept-4": a_session("4", seen_at_ms=now - IDLE_MS + 1, customer=ADA),
        "gone-5": a_session("5", seen_at_ms=now - IDLE_MS - 1, customer=ADA, lines=line),
    }
    for session in ages.values():
        stored.create(session)
    assert purge(open_database(database_url), now_ms=now) == 2
    found = {name for name, session in ages.items() if stored.find(session.key) is not None}
    assert found == {"kept-1", "kept-3", "kept-4"}


def test_what_was_stored_comes_back(stored: SqlSessions) -> None:
    """All of it; and a change of one that is gone says so."""
    session = a_session(
        customer=ADA,
        lines=(GuestLine(sku="A", quantity=2),),
        cart_id="cart_1",
        items=3,
        is_cart_sought=True,
        notice="Hello",
    )
    stored.create(session)
    assert stored.find(session.key) == session
    assert stored.of_user("u_1") == (session,)
    stored.replace(session.key, replace(session, key="b" * 64))
    assert stored.find(session.key) is None
    assert stored.change(session.key, lambda found: found) is None
    assert stored.claim_refresh(session.key, now_ms=1, until_ms=2) is None


def test_tokens_are_sealed_to_their_row(stored: SqlSessions, database_url: str) -> None:
    """Copied to another row, read with another key or with none, they are nobody's."""
    stored.create(a_session("a" * 64, customer=ADA))
    stored.create(a_session("b" * 64, customer=replace(ADA, user_id="u_2")))
    database = open_database(database_url)
    with database.writing() as connection:
        connection.execute(
            text("UPDATE sessions SET customer = (SELECT customer FROM sessions WHERE key = :a) WHERE key = :b"),
            {"a": "a" * 64, "b": "b" * 64},
        )
    moved = stored.find("b" * 64)
    assert moved is not None
    assert moved.customer is None
    for box in (Box("another-session-key-of-tests"), Box(None)):
        found = SqlSessions(database, box).find("a" * 64)
        assert found is not None
        assert found.customer is None


def test_a_text_in_the_clear_is_not_taken_once_there_is_a_key() -> None:
    """Else whoever can write to the table could sign anybody in."""
    plain = Box(None).seal("text", row="1")
    assert Box(None).open(plain, row="1") == "text"
    assert Box(KEY).open(plain, row="1") is None
    assert Box(KEY).open("1:%%%", row="1") is None
    sealed = Box(KEY).seal("text", row="1")
    assert Box(KEY).open(sealed, row="1") == "text"
    assert Box(KEY).seal("text", row="1") != sealed


def test_nothing_of_a_customer_shows_in_a_repr() -> None:
    """Neither tokens nor names reach a log by accident."""
    shown = repr(a_session(customer=ADA)) + repr(Settings(session_key=KEY))
    assert "refresh-secret" not in shown
    assert "Ada" not in shown
    assert KEY not in shown
