"""`python -m budget status` as people and programs start it."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from budget.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["status", *arguments], env={"PORT_BASE": None, **environment})


def _row(text: str, name: str) -> Sequence[str]:
    (row,) = [line.split() for line in text.splitlines() if f" {name} " in f"{line} "]
    return row


def test_a_pipe_gets_one_plain_line_per_slo(prometheus_url: str) -> None:
    """No colour, no box; figures in per cent."""
    result = _run("--prometheus", prometheus_url)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert result.stdout.isascii()
    assert _row(result.stdout, "up") == [
        "shop",
        "up",
        "99%",
        "30d",
        "99.75%",
        "2.00",
        "-",
        "-",
        "75.0%",
        "1,234",
        "never",
        "page",
    ]


def test_json_has_ratios_and_nulls(prometheus_url: str) -> None:
    """Programs get what is there, and null for what is not."""
    result = _run("--json", TILLWATCH_PROMETHEUS=prometheus_url)
    later, up = json.loads(result.stdout)["slos"]
    assert (later["id"], later["sli"], later["alert"]) == ("shop-later", None, "no data")
    assert up["window"] == "30d"
    assert (up["objective"], up["budget_left"], up["events_left"], up["burn"]["5m"]) == (0.99, 0.75, 1234, 2)


def test_nothing_there_is_one_line_and_exit_1(closed_url: str) -> None:
    """It says what to do, and not the password."""
    result = _run("--prometheus", closed_url)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "make demo" in result.stderr
    assert "hunter2" not in result.output


def test_port_base_moves_the_default_address() -> None:
    """The default is where this machine's platform is."""
    assert "127.0.0.1:2090 " in _run(PORT_BASE="1000").stderr


def test_a_server_without_slo_rules_says_so(answering: Callable[[int, bytes], str]) -> None:
    """An empty table would look like success."""
    body = b'{"status":"success","data":{"resultType":"vector","result":[],"groups":[]}}'
    result = _run("--prometheus", answering(200, body))
    assert "no SLO rules" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--watch", "--json"], id="two ways to show"),
        pytest.param(["--prometheus", "ftp://reader:hunter2@x"], id="no address"),
        pytest.param(["--nothing"], id="an unknown option"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    """Usage errors differ from a server that is away, and tell no password."""
    result = _run(*arguments)
    assert result.exit_code == 2
    assert "hunter2" not in result.output


def test_ctrl_c_ends_a_watch_on_a_terminal_quietly(prometheus_url: str) -> None:
    """The table is drawn; after Ctrl-C there is exit code 0 and no traceback."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "150", "LINES": "40"}
    with subprocess.Popen(
        [sys.executable, "-m", "budget", "status", "--watch", "--prometheus", prometheus_url],
        cwd=ROOT,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        shown = _read_until(controller, b"1,234")
        process.send_signal(signal.SIGINT)
        shown += _read_until(controller, None)
        assert process.wait(timeout=5) == 0
    os.close(controller)
    assert b"\x1b" in shown
    assert b"Traceback" not in shown
    assert b"Aborted" not in shown


def _read_until(file: int, wanted: bytes | None) -> bytes:
    """What the terminal shows until *wanted*, or until its program ends."""
    shown, deadline = b"", time.monotonic() + 10
    while time.monotonic() < deadline and (wanted is None or wanted not in shown):
        try:
            shown += os.read(file, 65536)
        except OSError:  # the other end is closed
            break
    assert wanted is None or wanted in shown
    return shown
