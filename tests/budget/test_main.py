"""`python -m budget status` as people and programs start it."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from budget.__main__ import main
from budget.errors import BudgetError
from budget.prometheus import Prometheus
from tests.budget.conftest import free_port, running

ROOT = Path(__file__).resolve().parents[2]
HURRIED = "from budget import __main__ as budget; budget.WATCH_SECONDS = 0.3; budget.main()"


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["status", *arguments], env={"PORT_BASE": None, **environment})


def test_a_pipe_gets_one_plain_line_per_slo(prometheus_url: str) -> None:
    """No colour, no box; figures in per cent."""
    result = _run("--prometheus", prometheus_url)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert result.stdout.isascii()
    names, *rows = result.stdout.split("\n\n")[0].splitlines()
    assert names.split("  ")[0].strip() == "service"
    assert names.split()[-1] == "state"
    assert rows[-1].split() == (
        ["shop", "up", "99%", "30d", "99.75%", "75.0%", "1,234", "2.00", "-", "-", "-", "-", "-", "-", "page"]
    )


def test_what_fires_stands_beneath(prometheus_url: str) -> None:
    """By name and severity, since when; and how many promises there are."""
    *_, fires, footer = _run("--prometheus", prometheus_url).stdout.splitlines()
    assert fires.startswith("page ShopUp fires for ")
    assert fires.endswith(": shop up")
    assert footer == "2 SLOs: 0 healthy, 0 exhausted, 1 without data"


def test_json_has_ratios_and_nulls(prometheus_url: str) -> None:
    """Programs get what is there, and null for what is not."""
    result = _run("--json", TILLWATCH_PROMETHEUS=prometheus_url)
    later, up = json.loads(result.stdout)["slos"]
    assert (later["id"], later["sli"], later["alert"]) == ("shop-later", None, "no data")
    assert up["window"] == "30d"
    assert [(alert["name"], alert["severity"], alert["state"]) for alert in up["alerts"]] == [
        ("ShopUp", "page", "firing")
    ]
    assert up["alerts"][0]["since"].endswith("Z")
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


def test_one_service_alone(prometheus_url: str) -> None:
    """Its SLOs, in either form; one that has none is a usage error that names those which have."""
    assert " up " in _run("--prometheus", prometheus_url, "--service", "shop").stdout
    chosen = _run("--prometheus", prometheus_url, "--json", "--service", "shop").stdout
    assert [slo["id"] for slo in json.loads(chosen)["slos"]] == ["shop-up"]
    wrong = _run("--prometheus", prometheus_url, "--service", "shopp")
    assert (wrong.exit_code, "no SLO of service shopp: there are" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html><title>It works!</title></html>", id="a web server"),
        pytest.param(b'{"status":"error","error":"\\u001b[2Jgone"}', id="an error that clears the screen"),
    ],
)
def test_an_address_of_something_else_is_one_harmless_line(answering: Callable[[int, bytes], str], body: bytes) -> None:
    """No traceback, no password, nothing that a terminal obeys."""
    result = _run("--prometheus", answering(200, body))
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert not [word for word in ("hunter2", "Traceback", "\x1b") if word in result.output]


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


@contextlib.contextmanager
def _watching(url: str, *, lines: int = 40) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """`--watch` on a terminal: what it shows, and its process."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "150", "LINES": str(lines)}
    with subprocess.Popen(
        [sys.executable, "-c", HURRIED, "status", "--watch", "--prometheus", url],
        cwd=ROOT,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        try:
            yield controller, process
        finally:
            process.kill()
            os.close(controller)


def test_ctrl_c_ends_a_watch_on_a_terminal_quietly(prometheus_url: str) -> None:
    """The table is drawn; after Ctrl-C there is exit code 0 and no traceback."""
    with _watching(prometheus_url) as (screen, process):
        shown = _read_until(screen, b"without data")
        process.send_signal(signal.SIGINT)
        shown += _read_until(screen, None)
        assert process.wait(timeout=5) == 0
    assert b"1,234" in shown
    assert b"\x1b" in shown
    assert b"Traceback" not in shown
    assert b"Aborted" not in shown


def test_a_low_terminal_shows_what_needs_somebody(prometheus_url: str) -> None:
    """One of two rows has room: the one that pages."""
    with _watching(prometheus_url, lines=7) as (screen, _):
        shown = _read_until(screen, b"without data")
    assert b"1,234" in shown
    assert b"1 more that can wait" in shown


def test_a_watch_outlives_a_restart_of_prometheus(tmp_path: Path) -> None:
    """It keeps what it knew and says that it asks again; then it shows what is so."""
    (tmp_path / "prometheus.yml").write_text("rule_files: [rules.yaml]\n")
    rules = {"record": "slo:objective:ratio", "expr": "vector(0.9)", "labels": {"sloth_id": "x", "sloth_slo": "xyz"}}
    groups = [{"name": "x", "interval": "1s", "rules": [rules]}]
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": groups}))
    port = free_port()
    with contextlib.ExitStack() as stack:
        with running(tmp_path, port) as url:
            _wait_ready(url)
            screen, process = stack.enter_context(_watching(url))
            _read_until(screen, b"xyz")
        _read_until(screen, b"asking again. The figures are those of")
        with running(tmp_path, port):
            deadline = time.monotonic() + 30
            while b"asking again" in (view := _view(screen)) or b"xyz" not in view:
                assert time.monotonic() < deadline, view
        assert process.poll() is None


def _wait_ready(url: str) -> None:
    client, deadline = Prometheus(url), time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(BudgetError):
            if client.instant("slo:objective:ratio"):
                return
        time.sleep(0.1)
    pytest.fail("no record after 20 s")


def _view(file: int) -> bytes:
    """What is drawn at once."""
    view = os.read(file, 65536)
    while select.select([file], [], [], 0.1)[0]:
        view += os.read(file, 65536)
    return view


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
