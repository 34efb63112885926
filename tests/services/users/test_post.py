"""The post: each letter is written once, however many write, and strangers cannot fill anybody's mailbox."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from services.users.adapters.sql import SqlStore
from services.users.domain.post import PAUSE_MS, Post
from services.users.domain.throttle import Limits
from services.users.settings import Settings
from tests.services.users.conftest import EMAIL, PASSWORD

RESET, TAKEN, CHANGED = "A new password for your account", "You have an account already", "Your password was changed"


@dataclass
class Interrupted:
    """A mailer that has `then` happen while it sends its first letter."""

    then: Callable[[], object]
    to: list[str] = field(default_factory=list)

    def send(self, *, to: str, **_: str) -> None:
        self.to.append(to)
        if len(self.to) == 1:
            self.then()


@pytest.fixture
def asked(world, ada) -> list[str]:
    """Two who have asked for a link."""
    world.register("bob@example.com")
    for email in (EMAIL, "bob@example.com"):
        world.post("/password-reset", {"email": email})
    return [EMAIL, "bob@example.com"]


def post(world, mailer) -> Post:
    """Another replica's."""
    return Post(SqlStore(world.database, Limits()), mailer, public_url="https://shop.example", now=world.clock)


def test_what_another_has_sent_is_not_sent_again(world, asked) -> None:
    """Two letters wait; while one replica writes the first of them, another writes the second."""
    mailer = Interrupted(then=lambda: post(world, mailer).send_waiting())
    assert post(world, mailer).send_waiting() == 1
    assert mailer.to == asked


def test_of_two_that_have_read_a_letter_one_writes_it(world, asked) -> None:
    """Whoever claims it first; nobody who has read it before that."""
    store, now_ms = SqlStore(world.database, Limits()), int(world.clock.now * 1000)
    with store.reading() as transaction:
        letter, _ = transaction.letters(now_ms=now_ms, most=2)
    claims = []
    for until_ms in (now_ms + 1, now_ms + 2):
        with store.writing() as transaction:
            claims.append(transaction.claim(letter, until_ms=until_ms))
    assert claims == [True, False]


def test_a_slow_server_gets_a_letter_once(world, asked) -> None:
    """It takes a minute over the first one: nobody else begins with that meanwhile."""

    def a_minute() -> None:
        world.clock.now += 60
        post(world, mailer).send_waiting()

    mailer = Interrupted(then=a_minute)
    post(world, mailer).send_waiting()
    assert mailer.to == asked


def test_a_letter_whose_writer_died_is_written_later(world, asked) -> None:
    """After some minutes, by whoever looks then: the pause between two letters does not count for it."""
    dying = Interrupted(then=lambda: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError, match="killed"):
        post(world, dying).send_waiting()
    assert world.send_mail() == 1
    world.clock.now += 121
    assert world.send_mail() == 1
    assert [letter["to"] for letter in world.mailbox.letters] == ["bob@example.com", EMAIL]


def test_strangers_bring_one_letter_of_a_kind(make_world) -> None:
    """Ten of each are answered alike, and the next letter comes five minutes later."""
    world = make_world(Settings(resets=1000))
    world.register()

    def ask_for_many() -> list[str]:
        world.mailbox.letters.clear()
        answers = {(answer.status_code, answer.data) for answer in (world.register() for _ in range(10))}
        answers |= {
            (answer.status_code, answer.data)
            for answer in (world.post("/password-reset", {"email": EMAIL}) for _ in range(10))
        }
        assert len(answers) == 1
        while world.send_mail():
            pass
        return sorted(letter["subject"] for letter in world.mailbox.letters)

    assert ask_for_many() == [RESET, TAKEN]
    world.clock.now += PAUSE_MS / 1000 - 1
    assert ask_for_many() == []
    world.register("bob@example.com")
    world.post("/password-reset", {"email": "bob@example.com"})
    world.send_mail()
    assert [letter["to"] for letter in world.mailbox.letters] == ["bob@example.com"]
    world.clock.now += 1
    assert ask_for_many() == [RESET, TAKEN]


def test_whose_password_was_changed_is_always_told(world, ada) -> None:
    """A second change may be a thief's."""
    token = ada["access_token"]
    for current, new in ((PASSWORD, "another-lantern-7"), ("another-lantern-7", PASSWORD)):
        change = {"current_password": current, "new_password": new}
        assert world.ask("PUT", "/me/password", token, change).status_code == 204
    world.send_mail()
    assert [letter["subject"] for letter in world.mailbox.letters] == [CHANGED] * 2


def test_no_letter_says_what_a_stranger_has_chosen(world) -> None:
    """Whoever registers somebody else's address gives the account a name: no letter to its owner holds it."""
    advert = "You have won, see https://evil.example"
    world.register(name=advert)
    token = world.log_in().json["access_token"]
    world.register()
    world.post("/password-reset", {"email": EMAIL})
    change = {"current_password": PASSWORD, "new_password": "another-lantern-7"}
    assert world.ask("PUT", "/me/password", token, change).status_code == 204
    world.send_mail()
    assert {letter["subject"] for letter in world.mailbox.letters} == {RESET, TAKEN, CHANGED}
    assert not [letter for letter in world.mailbox.letters if "evil" in str(letter)]
