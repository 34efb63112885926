"""The jobs of users, as commands and on both databases."""

import pytest

from services.users import jobs
from services.users.adapters import housekeeping
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
    # One login, one link, and the attempts of bob, of his address, and of nobody else.
    assert forgotten == 4
    code, said = run("purge")
    assert (code, said) == (0, "purge: 0 forgotten\n")


def test_a_copy_is_made(run, tmp_path) -> None:
    """Where it is told to."""
    code, said = run("backup", "--to", str(tmp_path / "copies"))
    assert code == 0, said
    assert len(list((tmp_path / "copies").iterdir())) == 1
