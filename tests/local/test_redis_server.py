"""A real Redis starts, answers whoever has its password, and leaves no process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis

from local import server
from local.errors import Refused, StartFailed
from local.redis_server import running_redis

ROOT = Path(__file__).resolve().parents[2]
FOREVER = """
import sys, time
from pathlib import Path
from local.redis_server import running_redis
with running_redis(Path(sys.argv[1])) as address:
    print(address, flush=True)
    time.sleep(600)
"""


def server_at(address: str) -> psutil.Process:
    """The process that answers there."""
    with redis.Redis.from_url(address) as client:
        return psutil.Process(client.info()["process_id"])


def test_it_starts_answers_and_stops(tmp_path: Path) -> None:
    """Within the block it keeps what it is told; after it no process is left, and nothing on the disk."""
    with running_redis(tmp_path) as address:
        process = server_at(address)
        with redis.Redis.from_url(address) as client:
            client.set("basket", "full")
            assert client.get("basket") == b"full"
    assert not process.is_running()
    with pytest.raises(redis.ConnectionError):
        server_at(address)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["password", "redis.conf", "redis.log"]
    with running_redis(tmp_path) as again, redis.Redis.from_url(again) as client:
        assert client.get("basket") is None


def test_it_listens_on_this_machine_alone_and_wants_the_password(tmp_path: Path) -> None:
    """No other address and nobody without the password, which neither other users' eyes nor `ps` can see."""
    with running_redis(tmp_path) as address:
        process = server_at(address)
        assert {each.laddr.ip for each in process.net_connections()} == {"127.0.0.1"}
        password = (tmp_path / "password").read_text()
        assert password not in " ".join(process.cmdline())
        with pytest.raises(redis.AuthenticationError):
            server_at(address.replace(f":{password}@", ""))
    assert [(tmp_path / name).stat().st_mode & 0o077 for name in ("password", "redis.conf")] == [0, 0]


def test_a_folder_with_blanks_and_quotes_is_a_folder(tmp_path: Path) -> None:
    """Its configuration has a syntax of its own."""
    with running_redis(tmp_path / 'a "b" c') as address, redis.Redis.from_url(address) as client:
        assert client.config_get("dir") == {"dir": str(tmp_path / 'a "b" c')}


def test_a_parent_that_is_killed_leaves_nothing(
    tmp_path: Path, wait_for: Callable[[Callable[[], bool], float], None]
) -> None:
    """After SIGKILL of whoever started it the server ends too."""
    with subprocess.Popen(
        [sys.executable, "-c", FOREVER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        process = server_at(parent.stdout.readline().strip())
        parent.kill()
    wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 10)


def test_a_taken_port_is_said_before_anything_is_made(taken_port: int, tmp_path: Path) -> None:
    """The message names the port; the folder is not even made."""
    with (
        pytest.raises(Refused, match=f"port {taken_port} .redis. is taken: free it"),
        running_redis(tmp_path / "new", port=taken_port),
    ):
        pass
    assert not (tmp_path / "new").exists()


def test_a_start_that_fails_shows_the_end_of_the_log(
    taken_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that was taken after it was looked at."""
    monkeypatch.setattr(server, "is_free", lambda port: True)
    with (
        pytest.raises(StartFailed, match=r"redis did not start: exit code 1\n(.*\n)*.*Address already in use"),
        running_redis(tmp_path, port=taken_port),
    ):
        pass


def test_a_missing_program_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent programs are no reason for a riddle."""
    monkeypatch.setattr(server, "find", lambda asked: None)
    with (
        pytest.raises(Refused, match="redis-server is not installed: run make setup test-tools"),
        running_redis(tmp_path),
    ):
        pass
