"""`python -m budget serve` as people start it: help, refusals, a page, and its end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from click.testing import CliRunner

from budget.__main__ import main
from budget.serve_command import serve
from tests.budget.ops.fakes import ROOT, TOKEN
from tests.ports import free_port

START_SECONDS = 20.0


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The command, and its address; it is ended with the block."""
    port = free_port()
    command = [sys.executable, "-m", "budget", "serve", "--port", str(port), "--prometheus", "http://127.0.0.1:1"]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            _await(f"http://127.0.0.1:{port}/livez", process)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _await(url: str, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", url, retries=False, timeout=2).status == 200:
                return
        time.sleep(0.05)
    pytest.fail(f"{url} does not answer")


def test_its_help_is_complete() -> None:
    """Every option says what it is for, and it is in the list of commands."""
    assert "\n  serve " in CliRunner().invoke(main, ["--help"]).stdout
    told = CliRunner().invoke(main, ["serve", "-h"])
    assert told.exit_code == 0
    for option in serve.params:
        assert option.opts[-1] in told.stdout
        assert option.opts[0] == "--help" or getattr(option, "help", "")


def test_it_moves_with_the_platform() -> None:
    """By PORT_BASE, and refuses one that is no number."""
    result = CliRunner().invoke(main, ["serve", "--host", "0.0.0.0"], env={"PORT_BASE": "x"})
    assert (result.exit_code, "PORT_BASE" in result.stderr) == (2, True)


def test_what_is_unsafe_is_refused_in_one_line() -> None:
    """Exit code 1, before anybody listens."""
    result = CliRunner().invoke(main, ["serve", "--host", "0.0.0.0"])
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "give --allow-remote if that is meant" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_serves_until_it_is_stopped(number: signal.Signals) -> None:
    """With a server that is away as well; it ends at once, with 0 and without a traceback."""
    with serving() as (process, url):
        answer = urllib3.request("GET", f"{url}/ops", retries=False, timeout=10)
        assert answer.status == 200
        assert "Prometheus cannot be asked" in answer.data.decode()
        process.send_signal(number)
        began = time.monotonic()
        out, err = process.communicate(timeout=10)
        assert time.monotonic() - began < 5
    assert process.returncode == 0
    assert out == f"{url}/ops shows http://127.0.0.1:1; Ctrl-C ends it\n"
    assert "Traceback" not in err


def test_a_taken_port_is_one_line() -> None:
    """Which says what to do."""
    with serving() as (_, url):
        port = url.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "budget", "serve", "--port", port],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert re.search(rf"127\.0\.0\.1:{port} cannot be listened on \(.*\): name another with --port\n$", done.stderr)


def test_the_token_is_in_nothing_that_it_says(tmp_path: Path) -> None:
    """Neither at its start, nor when somebody signs in."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    with serving("--token-file", str(file)) as (process, url):
        pool = urllib3.PoolManager()
        for token, status in (("wrong", 403), (TOKEN, 303)):
            answer = pool.request(
                "POST",
                f"{url}/ops/sign-in",
                fields={"token": token},
                encode_multipart=False,
                redirect=False,
            )
            assert answer.status == status
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert TOKEN not in out + err
    assert "somebody has signed in" in err
    assert "a wrong token was shown" in err
