"""The jobs of users, as commands and on both databases."""

import pytest
from sqlalchemy import delete

from services.shared import migrate
from services.shared.database import open_database
from services.users import jobs
from services.users.adapters import housekeeping
from services.users.adapters.sql import SqlStore
from services.users.adapters.sql_families import SqlFamilies
from services.users.adapters.tables import REFRESH_TOKENS
from services.users.domain.sessions import REFRESH_SECONDS
from services.users.domain.throttle import Limits
from tests.services.users.conftest import EMAIL


@pytest.fixture
def run(database_url: str, tmp_path, world, capsys):
    """Runs a command; its exit code, and what it said."""

    def run(*arguments: str) -> tuple[int, str]:
        code = jobs.main(arguments, {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path / "data")})
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_roles_are_given_and_taken(world, ada, run) -> None:
    """The first admin has nobody who could make her one; somebody without a role is a customer."""
    code, said = run("grant", EMAIL.upper(), "admin", "staff")
    assert (code, "admin and customer and staff" in said) == (0, True)
    assert world.log_in().json["user"]["roles"] == ["admin", "customer", "staff"]
    assert run("revoke", EMAIL, "admin", "staff", "customer")[0] == 0
    assert world.log_in().json["user"]["roles"] == ["customer"]


def test_an_account_is_closed_and_opened(world, ada, run) -> None:
    """Its logins end, and it can log in again when it is open."""
    assert run("disable", EMAIL)[0] == 0
    assert (world.log_in().status_code, world.refresh(ada["refresh_token"]).status_code) == (401, 401)
    assert run("enable", EMAIL)[0] == 0
    assert world.log_in().status_code == 200


@pytest.mark.parametrize(
    ("arguments", "code"), [(("grant", "bob@example.com", "staff"), 1), (("disable", "nobody"), 2)]
)
def test_whom_it_does_not_know(run, arguments, code: int) -> None:
    """One line, which does not repeat the address."""
    found, said = run(*arguments)
    assert found == code
    assert said.count("\n") == 1
    assert arguments[1] not in said


def test_what_is_over_is_forgotten(world, ada, run, monkeypatch) -> None:
    """Expired logins and links, old attempts; nothing that is good."""
    monkeypatch.setattr(housekeeping, "BATCH", 1)
    now_ms = int(world.clock.now * 1000)
    world.log_in("bob@example.com")
    world.post("/password-reset", {"email": EMAIL})
    world.send_mail()
    assert housekeeping.purge(world.database, now_ms=now_ms) == 0
    later = now_ms + 91 * 24 * 3600 * 1000
    forgotten = 0
    while batch := housekeeping.purge(world.database, now_ms=later):
        forgotten += batch
    # One login, one link, and the attempts of ada, of bob, of their address, and of nobody else.
    assert forgotten == 5
    code, said = run("purge")
    assert (code, said) == (0, "purge: 0 forgotten\n")


def test_tokens_are_forgotten_when_they_have_expired(world, ada) -> None:
    """Not with their login, which lasts thrice as long; one that could still be used twice is known as used."""
    month = REFRESH_SECONDS * 1000
    second = world.refresh(ada["refresh_token"]).json["refresh_token"]
    world.clock.now += REFRESH_SECONDS / 2
    third = world.refresh(second).json["refresh_token"]
    now_ms = int(world.clock.now * 1000)
    assert housekeeping.purge(world.database, now_ms=now_ms) == 2, "attempts that were long ago"
    # The first and the second were made half a month before the third.
    assert housekeeping.purge(world.database, now_ms=now_ms + month // 2 - 1) == 0
    assert housekeeping.purge(world.database, now_ms=now_ms + month // 2) == 2
    world.clock.now += REFRESH_SECONDS / 2
    fourth = world.refresh(third).json["refresh_token"]
    housekeeping.purge(world.database, now_ms=int(world.clock.now * 1000))
    assert world.refresh(third).status_code == 401
    assert world.count("auth_refreshes_total", outcome="reused") == 1
    assert world.refresh(fourth).status_code == 401


def test_a_token_that_is_forgotten_as_it_is_used(world, ada, monkeypatch) -> None:
    """Unknown, as it is a moment later."""
    family_of = SqlFamilies._family_of

    def then_purge(self: SqlFamilies, token: str) -> str | None:
        found = family_of(self, token)
        self._families_connection.execute(delete(REFRESH_TOKENS))
        return found

    monkeypatch.setattr(SqlFamilies, "_family_of", then_purge)
    assert world.refresh(ada["refresh_token"]).status_code == 401


def test_attempts_that_go_on_are_not_forgotten(postgres_url: str) -> None:
    """A row that somebody is counting on just now, on PostgreSQL, where two write at once, is left to them."""
    database = open_database(postgres_url)
    migrate.upgrade(database, "users")
    store, day = SqlStore(database, Limits()), 24 * 3600 * 1000
    with store.writing() as transaction:
        transaction.attempt(account="a", address="b", now_ms=1)
    with store.writing() as transaction:
        transaction.attempt(account="a", address="b", now_ms=2 * day)
        assert housekeeping.purge(database, now_ms=2 * day) == 0
    assert housekeeping.purge(database, now_ms=2 * day) == 0
    assert housekeeping.purge(database, now_ms=4 * day) == 2
    database.close()


def test_a_copy_is_made(run, tmp_path) -> None:
    """Where it is told to."""
    code, said = run("backup", "--to", str(tmp_path / "copies"))
    assert code == 0, said
    assert len(list((tmp_path / "copies").iterdir())) == 1
