"""Accounts: what may be an address, a name and a password; changing and forgetting passwords; roles."""

from itertools import pairwise

import pytest

from services.users.settings import Settings
from tests.services.users.conftest import EMAIL, PASSWORD, link


@pytest.mark.parametrize("email", ["a.b+c@x-y.example", "A@B.CO", "o'neil@example.com"])
def test_addresses(world, email: str) -> None:
    """Whatever mail can be sent to."""
    assert world.register(email).status_code == 202
    assert world.log_in(email.upper()).status_code == 200


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "a b@example.com",
        "ada@example.com\n",
        "a..b@example.com",
        "ada@-x.com",
        "ada@example.com, bob@example.com",
        f"{'a' * 250}@b.co",
        "Ada <ada@example.com>",
        "ädä@example.com",
    ],
)
def test_what_is_no_address(world, email: str) -> None:
    """One error, at its place, without the address."""
    answer = world.register(email)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == ["#/email"]
    assert len(email) < 4 or email.strip() not in answer.text


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven77", "password_too_short"),
        ("x" * 129, "password_too_long"),
        ("PassWord1", "common_password"),
        ("Hu\u0308lsenfru\u0308chte", "common_password"),
        ("ada.lovelace", "common_password"),
        ("ada.lovelace@example.com", "common_password"),
    ],
)
def test_what_may_not_be_a_password(world, password: str, code: str) -> None:
    """Its length is counted, and it is compared, as it is hashed; the answer does not repeat it."""
    answer = world.register("ada.lovelace@example.com", password)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert answer.json["errors"][0]["pointer"] == "#/password"
    assert password not in answer.text


@pytest.mark.parametrize("password", ["x" * 64, " " * 8, "pass word \u00e9 \U0001f511", "aaaaaaab"])
def test_what_may_be_one(world, password: str) -> None:
    """64 characters, spaces, any script; no rule of which kinds there must be."""
    assert world.register(password=password).status_code == 202
    assert world.log_in(password=password).status_code == 200


def test_the_same_password_from_another_keyboard(world) -> None:
    """However its characters are put together."""
    world.register(password="caf\u00e9-lantern")
    assert world.log_in(password="cafe\u0301-lantern").status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "\u00a0", "a\nb", "a\x00b", "x" * 101])
def test_what_is_no_name(world, name: str) -> None:
    """Nothing that would end a line of a mail."""
    assert world.register(name=name).status_code == 422


@pytest.mark.parametrize("extra", [{"roles": ["admin"]}, {"user_id": "u_1"}, {"disabled": False}])
def test_nobody_says_what_they_are(world, extra) -> None:
    """Roles and ids are not taken from a registration."""
    body = {"email": EMAIL, "password": PASSWORD, "name": "Ada"} | extra
    assert world.post("/register", body).status_code == 422
    assert world.log_in().status_code == 401


def test_a_taken_address_is_told_its_owner_alone(world, ada) -> None:
    """The answer is that of a free one; the password stays, and a mail goes out."""
    taken, free = world.register(password="another-lantern-7"), world.register("bob@example.com")
    assert (taken.status_code, taken.data, dict(taken.headers).keys()) == (
        free.status_code,
        free.data,
        dict(free.headers).keys(),
    )
    assert world.log_in(password="another-lantern-7").status_code == 401
    assert world.log_in().status_code == 200
    world.send_mail()
    (letter,) = world.mailbox.letters
    assert (letter["to"], letter["subject"]) == (EMAIL, "You have an account already")


def test_one_address_may_not_register_many(make_world) -> None:
    """So many an hour."""
    world = make_world(Settings(registrations=2))
    statuses = [world.register(f"u{number}@example.com").status_code for number in range(3)]
    assert statuses == [202, 202, 429]


def test_a_name_can_be_changed(world, ada) -> None:
    """It is trimmed, and shown from then on."""
    assert world.ask("PATCH", "/me", ada["access_token"], {"name": " Ada L. "}).json["name"] == "Ada L."
    assert world.ask("GET", "/me", ada["access_token"]).json["name"] == "Ada L."


def test_a_password_can_be_changed(world, ada) -> None:
    """With the one before; every login ends, and its owner gets a mail."""
    change = {"current_password": PASSWORD, "new_password": "another-lantern-7"}
    assert world.ask("PUT", "/me/password", ada["access_token"], change).status_code == 204
    assert world.refresh(ada["refresh_token"]).status_code == 401
    assert world.log_in().status_code == 401
    assert world.log_in(password="another-lantern-7").status_code == 200
    world.send_mail()
    assert [letter["subject"] for letter in world.mailbox.letters] == ["Your password was changed"]


def test_a_change_ends_the_links_that_were_mailed_before(world, ada) -> None:
    """Whoever has one of them, or finds it later, sets no other password."""
    world.post("/password-reset", {"email": EMAIL})
    world.send_mail()
    token = link(world)
    change = {"current_password": PASSWORD, "new_password": "another-lantern-7"}
    assert world.ask("PUT", "/me/password", ada["access_token"], change).status_code == 204
    stolen = world.post("/password-reset/confirm", {"token": token, "new_password": "a-thiefs-lantern-9"})
    assert (stolen.status_code, stolen.json["code"]) == (400, "invalid_reset_token")
    assert world.log_in(password="another-lantern-7").status_code == 200


def test_a_change_to_what_may_not_be_one_costs_no_hash(world, ada, hasher, monkeypatch) -> None:
    """Whoever knows the current password cannot keep this machine busy: such a change is not counted."""

    def verify(*_: object) -> bool:
        pytest.fail("a password was looked at")

    monkeypatch.setattr(hasher, "verify", verify)
    change = {"current_password": PASSWORD, "new_password": "short"}
    answer = world.ask("PUT", "/me/password", ada["access_token"], change)
    assert (answer.status_code, answer.json["code"]) == (422, "password_too_short")
    assert answer.json["errors"][0]["pointer"] == "#/new_password"


def test_a_stolen_token_does_not_change_it(world, ada) -> None:
    """Guesses at the current password are counted like logins."""
    guess = {"current_password": "another-password", "new_password": "another-lantern-7"}
    answers = [world.ask("PUT", "/me/password", ada["access_token"], guess) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert answers[0].json["code"] == "wrong_password"
    assert world.log_in().status_code == 429


def test_a_forgotten_password_is_reset_by_mail(world, ada) -> None:
    """The link is good once; every login ends; whoever was made to wait does not."""
    for _ in range(6):
        world.log_in(password="another-password")
    assert world.post("/password-reset", {"email": EMAIL}).status_code == 202
    world.send_mail()
    given = {"token": link(world), "new_password": "another-lantern-7"}
    assert world.post("/password-reset/confirm", given).status_code == 204
    again = world.post("/password-reset/confirm", given)
    assert (again.status_code, again.json["code"]) == (400, "invalid_reset_token")
    assert world.refresh(ada["refresh_token"]).status_code == 401
    assert world.log_in(password="another-lantern-7").status_code == 200


def test_a_link_lasts_half_an_hour(world, ada) -> None:
    """And a password that may not be one does not use it up; using one takes the others away."""
    links = []
    for _ in range(2):
        world.clock.now += 300
        world.post("/password-reset", {"email": EMAIL})
        world.send_mail()
        links.append(link(world))
    first, second = links
    assert world.post("/password-reset/confirm", {"token": first, "new_password": "short"}).status_code == 422
    good = {"new_password": "another-lantern-7"}
    assert world.post("/password-reset/confirm", {"token": first, **good}).status_code == 204
    assert world.post("/password-reset/confirm", {"token": second, **good}).status_code == 400
    world.clock.now += 300
    world.post("/password-reset", {"email": EMAIL})
    world.send_mail()
    world.clock.now += 1801
    assert world.post("/password-reset/confirm", {"token": link(world), **good}).status_code == 400


def test_a_link_does_not_lead_to_a_password_that_a_registration_refuses(world, ada) -> None:
    """One's own address; the link stays good."""
    world.post("/password-reset", {"email": EMAIL})
    world.send_mail()
    for own in (EMAIL, EMAIL.upper()):
        refused = world.post("/password-reset/confirm", {"token": link(world), "new_password": own})
        assert (refused.status_code, refused.json["code"]) == (422, "common_password")
        assert refused.json["errors"][0]["pointer"] == "#/new_password"
    good = {"token": link(world), "new_password": "another-lantern-7"}
    assert world.post("/password-reset/confirm", good).status_code == 204


def test_a_guess_at_a_link_costs_no_hash(make_world, hasher, monkeypatch) -> None:
    """Whoever has no token cannot keep this machine busy; and has so many tries an hour."""
    world = make_world(Settings(resets=3))

    def hash_password(_: str) -> str:
        pytest.fail("a password was hashed")

    monkeypatch.setattr(hasher, "hash", hash_password)
    guess = {"token": "x" * 43, "new_password": "another-lantern-7"}
    answers = [world.post("/password-reset/confirm", guess) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert answers[0].json["code"] == "invalid_reset_token"


def test_a_password_is_not_changed_all_day(world, ada) -> None:
    """Each change brings its address a letter: so many an hour. What is refused brings none, and does not count."""
    short = {"current_password": PASSWORD, "new_password": "short"}
    assert world.ask("PUT", "/me/password", ada["access_token"], short).status_code == 422
    passwords = [PASSWORD, *(f"a tulip in lantern {number}" for number in range(11))]
    changes = [{"current_password": old, "new_password": new} for old, new in pairwise(passwords)]
    statuses = [world.ask("PUT", "/me/password", ada["access_token"], change).status_code for change in changes]
    assert statuses == [204] * 10 + [429]


def test_a_reset_of_an_unknown_address_reads_the_same(world, ada) -> None:
    """And sends nothing."""
    known, unknown = (world.post("/password-reset", {"email": email}) for email in (EMAIL, "bob@example.com"))
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    world.send_mail()
    assert [letter["to"] for letter in world.mailbox.letters] == [EMAIL]


def test_a_mail_that_fails_is_sent_later_and_not_for_ever(world, ada) -> None:
    """Once when the server is back; given up after some attempts."""
    world.mailbox.down = True
    world.post("/password-reset", {"email": EMAIL})
    assert [world.send_mail(), world.send_mail()] == [1, 0]
    world.mailbox.down = False
    world.clock.now += 3
    assert [world.send_mail(), world.send_mail()] == [1, 0]
    assert len(world.mailbox.letters) == 1
    world.clock.now += 300
    world.mailbox.down = True
    world.post("/password-reset", {"email": EMAIL})
    tried = 0
    for _ in range(20):
        tried += world.send_mail()
        world.clock.now += 3600
    assert tried == 8


def test_admins_alone_give_roles(world, ada) -> None:
    """They count from the next token on, whose audience grows with them."""
    path = f"/{ada['user']['user_id']}/roles"
    assert world.ask("PUT", path, ada["access_token"], {"roles": ["admin"]}).status_code == 403
    admin = world.issuer.token("u_admin", ["admin"], "users")
    assert world.ask("GET", f"/{ada['user']['user_id']}", admin).json["email"] == EMAIL
    given = world.ask("PUT", path, admin, {"roles": ["customer", "staff"]})
    assert (given.status_code, given.json["roles"]) == (200, ["customer", "staff"])
    token = world.refresh(ada["refresh_token"]).json["access_token"]
    assert world.issuer.verifier("catalog").verify(token).roles == {"customer", "staff"}
    for unknown in ("u_" + "0" * 32, "me2", "u_%00"):
        assert world.ask("PUT", f"/{unknown}/roles", admin, {"roles": ["staff"]}).status_code == 404
    for roles in ([], ["root"], ["service"], "staff"):
        assert world.ask("PUT", path, admin, {"roles": roles}).status_code == 422
