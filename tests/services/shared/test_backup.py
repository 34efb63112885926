"""Copies of databases: which are kept, and what is left when one fails; services test what is in theirs."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from services.shared import backup as backup_module
from services.shared.backup import KEEP, BackupFailed, backup


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A small database, in use."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE notes (words TEXT)")
        connection.executemany("INSERT INTO notes VALUES (?)", [("x" * 500,) for _ in range(200)])
        connection.commit()
    return f"sqlite:///{path}"


def test_the_newest_are_kept(url: str, tmp_path: Path) -> None:
    """Seven; another service's copies in the folder are none of ours."""
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "orders-19700101T000000Z.db").touch()
    made = [backup(url, folder, "shop", now=60 * number).name for number in range(KEEP + 2)]
    assert sorted(path.name for path in folder.iterdir()) == ["orders-19700101T000000Z.db", *made[2:]]


def broken_page(path: Path) -> None:
    """One page that cannot be read, in the middle."""
    content = bytearray(path.read_bytes())
    content[4096 * 5 : 4096 * 6] = b"\xff" * 4096
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["missing", "no database", "a broken page"])
def test_a_copy_that_fails_leaves_what_was_there(url: str, tmp_path: Path, kind: str) -> None:
    """The copies before it, no half of one, and no database made by asking for it."""
    folder, source = tmp_path / "copies", tmp_path / "source.db"
    kept = backup(url, folder, "shop", now=0)
    if kind == "no database":
        source.write_bytes(b"no database at all" * 100)
    elif kind == "a broken page":
        source.write_bytes(kept.read_bytes())
        broken_page(source)
    with pytest.raises(BackupFailed):
        backup(f"sqlite:///{source}", folder, "shop", now=60)
    assert list(folder.iterdir()) == [kept]
    assert source.exists() == (kind != "missing")


def test_the_password_is_neither_an_argument_nor_in_the_error(tmp_path: Path, monkeypatch) -> None:
    """Arguments are shown to everybody on the machine."""
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 1, "", "pg_dump: error: no way\n")

    monkeypatch.setattr(backup_module.subprocess, "run", run)
    with pytest.raises(BackupFailed, match="no way") as raised:
        backup("postgresql+psycopg://u:verysecret@h/d", tmp_path, "shop", now=0)
    assert ran
    assert "verysecret" not in str(ran) + str(raised.value)


@pytest.mark.parametrize(
    ("raised", "words"),
    [(FileNotFoundError(), "pg_dump is not installed"), (subprocess.TimeoutExpired("pg_dump", 600), "more than 600")],
)
def test_a_dump_that_cannot_run_says_why(tmp_path: Path, monkeypatch, raised: Exception, words: str) -> None:
    """And leaves nothing."""

    def run(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(backup_module.subprocess, "run", run)
    with pytest.raises(BackupFailed, match=words):
        backup("postgresql://u@h/d", tmp_path, "shop", now=0)
    assert list(tmp_path.iterdir()) == []
