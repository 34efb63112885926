"""What happens between the looks at an account: other logins, another password, a closed account."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from services.shared.errors import DatabaseUnavailable
from services.users import jobs
from services.users.adapters.hashing import Argon2Hasher
from services.users.adapters.sql import SqlStore, SqlTransaction
from services.users.domain.throttle import Limits
from services.users.settings import Settings
from tests.services.users.conftest import EMAIL, PASSWORD, Clock, link

NEW = "another-lantern-7"
THREADS, LOGINS = 6, 20


class Interrupted(Argon2Hasher):
    """Has `then` happen once, after a password was found right and before anything comes of it."""

    def __init__(self, memory_kib: int = 8) -> None:
        super().__init__(memory_kib=memory_kib, passes=1)
        self.then: Callable[[], Any] | None = None

    def verify(self, password_hash: str | None, password: str) -> bool:
        found = super().verify(password_hash, password)
        then, self.then = self.then, None
        if then is not None:
            then()
        return found


@pytest.fixture
def hasher() -> Interrupted:
    """One for each test."""
    return Interrupted()


def change(world, token: str, new: str = NEW) -> int:
    """Change the password from the one that all have."""
    body = {"current_password": PASSWORD, "new_password": new}
    status: int = world.ask("PUT", "/me/password", token, body).status_code
    return status


def test_logins_to_one_account_at_once(make_world, monkeypatch) -> None:
    """Six threads with the right password, each time by its own clock: none fails, and none is told to wait."""
    monkeypatch.setattr(Clock, "__call__", lambda _: time.time())
    # How many are let through before the first has succeeded is another question.
    world = make_world(Settings(limits=Limits(account_free=1000, address_attempts=1000)))
    world.register()

    def log_in(number: int) -> list[int]:
        client, body = world.client.application.test_client(), {"email": EMAIL, "password": PASSWORD}
        options = {"environ_base": {"REMOTE_ADDR": f"192.0.2.{number}"}}
        return [client.post("/api/v1/auth/login", json=body, **options).status_code for _ in range(LOGINS)]

    with ThreadPoolExecutor(THREADS) as threads:
        statuses = [status for found in threads.map(log_in, range(THREADS)) for status in found]
    assert statuses == [200] * THREADS * LOGINS


def test_a_login_does_not_outlive_a_change_of_password(world, ada, hasher) -> None:
    """The password was right when it was looked at, and is another one by now."""
    hasher.then = lambda: change(world, ada["access_token"])
    assert world.log_in().status_code == 401
    assert world.log_in(password=NEW).status_code == 200
    assert world.count("auth_logins_total", outcome="invalid", traffic="user") == 1


def test_nor_one_that_is_not_written_yet(world, ada, hasher) -> None:
    """Whoever changes an account holds it: a login waits for what becomes of it."""
    held = threading.Event()

    def change_slowly() -> None:
        with SqlStore(world.database, Limits()).writing() as transaction:
            found = transaction.locked_account(ada["user"]["user_id"])
            assert found is not None
            transaction.set_password(found.user_id, Argon2Hasher(memory_kib=8, passes=1).hash(NEW))
            held.set()
            time.sleep(0.3)

    with ThreadPoolExecutor(1) as threads:

        def begin() -> None:
            changing.append(threads.submit(change_slowly))
            assert held.wait(5)

        changing: list[Future[None]] = []
        hasher.then = begin
        assert world.log_in().status_code == 401
        changing[0].result()
    assert world.log_in(password=NEW).status_code == 200


def test_nor_the_closing_of_its_account(world, ada, hasher, database_url, tmp_path) -> None:
    """No tokens for an account that was closed meanwhile; nor another password."""
    environ = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path / "data")}
    hasher.then = lambda: jobs.main(["disable", EMAIL], environ)
    assert world.log_in().status_code == 401
    assert jobs.main(["enable", EMAIL], environ) == 0
    hasher.then = lambda: jobs.main(["disable", EMAIL], environ)
    assert change(world, ada["access_token"]) == 403


def test_a_renewed_hash_does_not_bring_an_old_password_back(make_world) -> None:
    """A login with parameters of before, beside a change of password: the change stands."""
    make_world(hasher=Argon2Hasher(memory_kib=8, passes=1)).register()
    hasher = Interrupted(memory_kib=16)
    world = make_world(hasher=hasher)
    token = make_world(hasher=Argon2Hasher(memory_kib=8, passes=1)).log_in().json["access_token"]
    hasher.then = lambda: change(world, token)
    assert world.log_in().status_code == 401
    assert (world.log_in().status_code, world.log_in(password=NEW).status_code) == (401, 200)


def test_two_renew_a_hash(make_world) -> None:
    """The second finds another hash, of the same password, and is let in."""
    make_world(hasher=Argon2Hasher(memory_kib=8, passes=1)).register()
    hasher = Interrupted(memory_kib=16)
    world, first = make_world(hasher=hasher), []
    hasher.then = lambda: first.append(world.log_in().status_code)
    assert (world.log_in().status_code, first) == (200, [200])


def test_of_two_changes_of_a_password_one_counts(world, ada, hasher) -> None:
    """The other one's current password is not the current one."""
    first = []
    hasher.then = lambda: first.append(change(world, ada["access_token"]))
    assert (change(world, ada["access_token"], "a-third-lantern-9"), first) == (403, [204])
    assert world.log_in(password=NEW).status_code == 200


def test_a_link_is_used_up_by_what_it_was_for(world, ada, monkeypatch) -> None:
    """A password that could not be written leaves the link good."""
    world.post("/password-reset", {"email": EMAIL})
    world.send_mail()
    given = {"token": link(world), "new_password": NEW}

    def fail(*_: Any) -> None:
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(SqlTransaction, "set_password", fail)
        assert world.post("/password-reset/confirm", given).status_code == 503
    assert world.post("/password-reset/confirm", given).status_code == 204
    assert world.log_in(password=NEW).status_code == 200


def test_links_to_one_account_at_once(world, ada) -> None:
    """Two links, used again and again by eight: one of all of these changes the password."""
    links = []
    for _ in range(2):
        world.post("/password-reset", {"email": EMAIL})
        world.send_mail()
        links.append(link(world))
        world.clock.now += 301

    def use(number: int) -> int:
        body = {"token": links[number % 2], "new_password": f"{NEW}-{number}"}
        client = world.client.application.test_client()
        status: int = client.post("/api/v1/auth/password-reset/confirm", json=body).status_code
        return status

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(use, range(16))) == [204] + [400] * 15
