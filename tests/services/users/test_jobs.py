"""The jobs of users, as commands and on both databases."""

import pytest
from sqlalchemy import delete, func, select, update

from services.shared import migrate
from services.shared.database import open_database
from services.users import jobs
from services.users.adapters import housekeeping
from services.users.adapters.sql import SqlStore
from services.users.adapters.sql_families import SqlFamilies
from services.users.adapters.tables import REFRESH_TOKENS, USERS
from services.users.domain.sessions import REFRESH_SECONDS
from services.users.domain.throttle import Limits
from tests.services.users.conftest import EMAIL


@pytest.fixture
def run(database_url: str, tmp_path, world, capsys):
    """Runs a command; its exit code, and what it said."""

    def run(*arguments: str, **environ: str) -> tuple[int, str]:
        code = jobs.main(arguments, {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path / "data"), **environ})
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


STAFF = "probe-staff@probe.tillwatch.invalid"


@pytest.fixture
def password_file(tmp_path):
    """Holds a password, with the line's end that editors leave."""
    path = tmp_path / "password"
    path.write_text("lantern-tulip-17\n", encoding="utf-8")
    return path


def test_an_account_is_made_for_the_platform(world, run, password_file) -> None:
    """With the roles that were said and no other; said again, it is as it was, and stays logged in."""
    code, said = run("add", STAFF.upper(), "staff", PASSWORD_FILE=str(password_file))
    assert (code, "is staff, new" in said) == (0, True)
    tokens = world.log_in(STAFF, "lantern-tulip-17").json
    assert tokens["user"]["roles"] == ["staff"]
    code, said = run("add", STAFF, "staff", PASSWORD_FILE=str(password_file))
    assert (code, "as it was" in said) == (0, True)
    assert world.refresh(tokens["refresh_token"]).status_code == 200
    assert "lantern" not in said
    assert "@" not in said


def test_an_account_gets_the_password_that_was_said_last(world, ada, run, password_file) -> None:
    """And whoever was logged in with the one before is so no more."""
    code, said = run("add", EMAIL, "staff", "customer", PASSWORD_FILE=str(password_file))
    assert (code, "customer and staff, with this password" in said) == (0, True)
    assert (world.log_in().status_code, world.refresh(ada["refresh_token"]).status_code) == (401, 401)
    assert world.log_in(password="lantern-tulip-17").json["user"]["roles"] == ["customer", "staff"]


@pytest.mark.parametrize(
    ("environ", "code", "message"),
    [
        ({}, 1, "add: PASSWORD_FILE is not set"),
        ({"PASSWORD_FILE": "/nowhere/password"}, 1, "No such file"),
        ({"PASSWORD_FILE": "short"}, 2, "add: PASSWORD_FILE: A password has 8 characters or more."),
    ],
)
def test_no_account_without_a_password(run, tmp_path, monkeypatch, environ, code: int, message: str) -> None:
    """One line that says what to do."""
    (tmp_path / "short").write_text("tulip", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found, said = run("add", STAFF, "staff", **environ)
    assert (found, message in said, said.count("\n")) == (code, True, 1)


def accounts(world) -> set[str]:
    """The names before the @ of all there are."""
    with world.database.reading() as connection:
        return {each.partition("@")[0] for each in connection.execute(select(USERS.c.email)).scalars()}


def test_accounts_that_probes_made_and_nobody_uses_are_forgotten(world, ada, run, password_file, monkeypatch) -> None:
    """With their logins, links and letters; those that are used day after day stay, and people's and staff's do."""
    monkeypatch.setattr(housekeeping, "BATCH", 1)
    run("add", STAFF, "staff", PASSWORD_FILE=str(password_file))
    for name in ("account-1", "account-2", "probe-buy"):
        world.register(f"{name}@probe.tillwatch.invalid")
        world.log_in(f"{name}@probe.tillwatch.invalid")
    world.register("probe-eve@probe.tillwatch.invalid.example")
    world.register("eve@notprobe.tillwatch.invalid")
    world.register("account-1@probe.tillwatch.invalid")
    world.post("/password-reset", {"email": "account-2@probe.tillwatch.invalid"})
    world.send_mail()
    with world.database.writing() as connection:
        connection.execute(update(USERS).where(USERS.c.email == STAFF).values(created_at_ms=0))
    day = housekeeping.KEEP_PROBES_MS
    registered_ms = int(world.clock.now * 1000)
    world.clock.now += day / 2000
    world.log_in("probe-buy@probe.tillwatch.invalid")
    assert housekeeping.purge_probes(world.database, now_ms=registered_ms + day) == 0
    assert [housekeeping.purge_probes(world.database, now_ms=registered_ms + day + 1) for _ in range(3)] == [1, 1, 0]
    left = {"ada", "eve", "probe-eve", "probe-buy", "probe-staff"}
    assert accounts(world) == left
    with world.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(REFRESH_TOKENS)).scalar() == 3
    assert housekeeping.purge_probes(world.database, now_ms=registered_ms + 2 * day) == 1
    assert accounts(world) == left - {"probe-buy"}


def test_the_job_forgets_accounts_of_probes(world, run) -> None:
    """By the clock of the wall, by which the service's own in this test is long past."""
    world.register("account-1@probe.tillwatch.invalid")
    assert run("purge") == (0, "purge: 1 forgotten\n")
    assert accounts(world) == set()


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
