"""A real PostgreSQL starts in a folder of its own, answers its owner alone, and leaves no process."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from local import postgres, server
from local.errors import Refused, StartFailed
from local.postgres import for_libpq, running_postgres

ROOT = Path(__file__).resolve().parents[2]
FOREVER = """
import sys, time
from pathlib import Path
from local.postgres import running_postgres
with running_postgres(Path(sys.argv[1]), durable=False) as address:
    print(address, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the user postgres reaches; its cluster is kept from one test to the next."""
    made = Path(tempfile.mkdtemp(prefix="tillwatch-test-"))
    yield made
    for left in processes(made):
        left.kill()
    shutil.rmtree(made)


def processes(folder: Path) -> list[psutil.Process]:
    """The servers of *folder*: sessions and workers show other names, and are their children."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(folder / "data") in (process.info["cmdline"] or ()):
            found += [process, *process.children(recursive=True)]
    return found


def is_roots(process: psutil.Process) -> bool:
    """Whether *process* runs as root; a session's may end while it is looked at."""
    try:
        return process.uids().effective == 0
    except psutil.NoSuchProcess:
        return False


def ask(address: str, query: str) -> str:
    """The one value that *query* gives."""
    with psycopg.connect(for_libpq(address), connect_timeout=5) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return str(row[0])


def test_it_starts_answers_and_stops(folder: Path) -> None:
    """Within the block it answers, as somebody else than root; after it nothing listens and no process is left."""
    with running_postgres(folder) as address:
        assert ask(address, "SELECT 6 * 7") == "42"
        assert ask(address, "SHOW max_connections") == "200"
        assert ask(address, "SHOW fsync") == "on"
        started = processes(folder)
        assert len(started) > 1
        assert not any(map(is_roots, started))
    assert not any(process.is_running() for process in started)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        ask(address, "SELECT 1")


def test_what_it_holds_is_kept_and_so_is_its_password(folder: Path) -> None:
    """The second start in a folder finds the first one's tables."""
    with running_postgres(folder, durable=False) as first:
        with psycopg.connect(for_libpq(first)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 17 AS number")
        assert ask(first, "SHOW fsync") == "off"
    with running_postgres(folder, durable=False) as second:
        assert ask(second, "SELECT number FROM kept") == "17"
    assert first.partition("@")[0] == second.partition("@")[0]


def test_it_listens_on_this_machine_alone_and_wants_the_password(folder: Path) -> None:
    """No other address, no socket file, and nobody without the password, which only its owner can read."""
    with running_postgres(folder, durable=False) as address:
        listening = {each.laddr.ip for process in processes(folder) for each in process.net_connections("all")}
        assert listening == {"127.0.0.1"}
        assert ask(address, "SHOW unix_socket_directories") == ""
        scheme, _, place = address.partition("@")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            ask(f"{scheme}x@{place}", "SELECT 1")
    assert (folder / "password").stat().st_mode & 0o077 == 0


def test_open_sessions_do_not_keep_it(folder: Path) -> None:
    """A client that forgot to close its connection is cut off at the end of the block."""
    with running_postgres(folder, durable=False) as address:
        forgotten = psycopg.connect(for_libpq(address))
    with pytest.raises(psycopg.OperationalError):
        forgotten.execute("SELECT 1")
    assert processes(folder) == []
    assert "received fast shutdown request" in (folder / "postgres.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_leaves_nothing(
    folder: Path, number: signal.Signals, wait_for: Callable[[Callable[[], bool], float], None]
) -> None:
    """The server shuts down in order, sessions and all: the next start has nothing to recover."""
    with subprocess.Popen(
        [sys.executable, "-c", FOREVER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        address = parent.stdout.readline().strip()
        with psycopg.connect(for_libpq(address)):
            parent.send_signal(number)
            wait_for(lambda: processes(folder) == [], 15)
    assert not (folder / "data/postmaster.pid").exists()
    with running_postgres(folder, durable=False):
        assert "was not properly shut down" not in (folder / "postgres.log").read_text()


def test_a_cluster_that_was_left_half_made_is_made_anew(folder: Path) -> None:
    """A start that was killed within initdb leaves data.new; it is in nobody's way."""
    (folder / "data.new").mkdir()
    (folder / "data.new/PG_VERSION").write_text("1")
    shutil.rmtree(folder / "data", ignore_errors=True)
    with running_postgres(folder, durable=False) as address:
        assert ask(address, "SELECT 1") == "1"
    assert not (folder / "data.new").exists()


def test_a_taken_port_is_said_before_anything_is_made(taken_port: int, tmp_path: Path) -> None:
    """The message names the port; the folder is not even made."""
    with (
        pytest.raises(Refused, match=f"port {taken_port} .postgres. is taken: free it"),
        running_postgres(tmp_path / "new", port=taken_port),
    ):
        pass
    assert not (tmp_path / "new").exists()


def test_a_port_of_ones_own_choice_is_used(folder: Path) -> None:
    """The address is known before the start."""
    port = server.port_for("postgres", None)
    with running_postgres(folder, port=port, durable=False) as address:
        assert f"@127.0.0.1:{port}/" in address


def test_a_start_that_fails_shows_the_end_of_the_log(folder: Path) -> None:
    """Two servers in one folder: the second says what PostgreSQL said; the first lives on."""
    with running_postgres(folder, durable=False) as address:
        with (
            pytest.raises(StartFailed, match=r"postgres did not start: exit code 1\n(.*\n)*.*postmaster.pid"),
            running_postgres(folder, durable=False),
        ):
            pass
        assert ask(address, "SELECT 1") == "1"


@pytest.mark.parametrize("name", ["postgres", "initdb"])
def test_a_missing_program_is_named_with_what_to_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent programs are no reason for a riddle."""
    monkeypatch.setattr(server, "find", lambda asked: None if asked == name else Path("/bin/true"))
    monkeypatch.setattr(postgres, "_owner", lambda: None)
    if name == "postgres":
        (tmp_path / "data").mkdir()
    with (
        pytest.raises(Refused, match=f"{name} is not installed: run make setup test-tools"),
        running_postgres(tmp_path),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="for others it runs as themselves")
def test_for_root_a_folder_that_the_user_postgres_cannot_reach_is_refused(tmp_path: Path) -> None:
    """PostgreSQL's own words for it name neither the user nor a way out."""
    tmp_path.chmod(0o700)
    with (
        pytest.raises(Refused, match=r"user postgres, as whom PostgreSQL runs for root, cannot reach .*/inner"),
        running_postgres(tmp_path / "inner"),
    ):
        pass


def test_for_root_without_a_user_postgres_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL that came without Debian's package may lack the user."""
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "USER", "no-such-user")
    with pytest.raises(Refused, match="no user no-such-user: install Debian's package"):
        postgres.command(Path("/nowhere"), 5432)
