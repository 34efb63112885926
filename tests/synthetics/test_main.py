"""`python -m synthetics load` against real servers: honest, lying, broken and absent ones."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest
from click.testing import CliRunner

from synthetics.__main__ import main
from tests.services.running import ROOT, Service, serving

TOKEN = "correct-horse-battery"
# Answers every request for a product with the one that is next to it.
LYING_APP = """
from prometheus_client import CollectorRegistry
from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_seed
from services.catalog.app import create_app
from services.shared.config import Config

class Liar(InMemoryProducts):
    def get(self, sku):
        return self.page(category=super().get(sku).category, after=None, limit=100)[-1]

app = create_app(repository=Liar(load_seed()), registry=CollectorRegistry(), config=Config(service="catalog"))
"""


def load_command(*options: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "synthetics", "load", *options]


def load(*options: str, environ: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        load_command(*options),
        cwd=ROOT,
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


@pytest.fixture(scope="module")
def catalog() -> Iterator[Service]:
    """The real catalog, with its faults under lock."""
    with serving(environ={"FAULT_TOKEN": TOKEN}) as service:
        yield service


def counted(service: Service) -> int:
    """Requests that the service has answered, by its own count."""
    text = service.ask("/metrics").body.decode()
    return int(sum(float(value) for value in re.findall(r"^http_server_requests_total\{.*\} (\S+)$", text, re.M)))


def test_an_honest_shop_passes(catalog: Service) -> None:
    """Exit 0; every kind of step is in the table, and the rate is kept: 30 a second, no more."""
    before = counted(catalog)
    run = load("--host", catalog.url, "--users", "4", "--rate", "30/s", "--for", "2")
    assert (run.returncode, "(exit code 0)" in run.stdout + run.stderr) == (0, True)
    for step in ("list products", "open category", "open product"):
        assert re.search(rf"GET +{step} +\d+ +0\(0\.00%\)", run.stdout + run.stderr)
    # Two seconds, and the one that visits under way get to end.
    assert 30 <= counted(catalog) - before <= 30 * 3 + 4


def test_a_lying_shop_fails(tmp_path: Path) -> None:
    """Status 200 with the wrong product is a failure: exit 1, and the report says which was asked for."""
    (tmp_path / "lying_app.py").write_text(LYING_APP, encoding="utf-8")
    with serving("lying_app:app", import_from=tmp_path) as service:
        run = load("--host", service.url, "--users", "4", "--rate", "40/s", "--for", "1")
        assert run.returncode == 1
        assert re.search(r"open product: catalog: asked for [A-Z]+-\d+, got [A-Z]+-\d+", run.stdout + run.stderr)


def test_a_failing_shop_fails(catalog: Service) -> None:
    """With half of the requests answering 500 the run exits 1 and names status and step."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    order = b'{"fault": "errors", "share": 0.5, "seconds": 60}'
    assert catalog.ask("/internal/faults", "POST", order, headers).status == 201
    try:
        run = load("--host", catalog.url, "--users", "4", "--rate", "40/s", "--for", "1")
    finally:
        catalog.ask("/internal/faults", "DELETE", headers=headers)
    assert run.returncode == 1
    assert re.search(r"catalog: status 500 \(\w+\), expected 200", run.stdout + run.stderr)


def test_an_absent_shop_fails() -> None:
    """Nobody listening is a failed step, said without a traceback; foreign settings change nothing."""
    run = load(
        *("--host", "http://127.0.0.1:1", "--users", "2", "--rate", "10/s", "--for", "1"),
        environ={"LOCUST_HOST": "http://shop.example", "LOCUST_EXIT_CODE_ON_ERROR": "0"},
    )
    assert run.returncode == 1
    assert "catalog: no answer" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_a_run_without_requests_fails(catalog: Service) -> None:
    """Nothing checked is nothing known."""
    run = load("--host", catalog.url, "--users", "1", "--rate", "1/h", "--for", "1")
    assert run.returncode == 1
    assert "no request was made" in run.stdout + run.stderr


@pytest.fixture
def started(catalog: Service) -> Iterator[tuple["subprocess.Popen[bytes]", psutil.Process]]:
    """A long run, once requests flow, and its Locust process; both gone afterwards, whatever the test found."""
    before = counted(catalog)
    process = subprocess.Popen(
        load_command("--host", catalog.url, "--rate", "20/s", "--for", "600"),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while counted(catalog) < before + 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    (child,) = psutil.Process(process.pid).children(recursive=True)
    yield process, child
    for each in (process, child):
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_stops_within_seconds_and_leaves_nothing(catalog, started, number: int, code: int) -> None:
    """Both processes are gone, and no request comes afterwards."""
    process, child = started
    process.send_signal(number)
    assert process.wait(timeout=5) == code
    assert not child.is_running()
    after = counted(catalog)
    time.sleep(0.5)
    assert counted(catalog) == after


def test_a_killed_command_takes_its_load_along(started) -> None:
    """SIGKILL leaves no time to clean up: Locust notices by itself that its parent is gone."""
    process, child = started
    process.kill()
    process.wait()
    child.wait(timeout=6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--host", "http://192.0.2.1"), "192.0.2.1 is not this machine"),
        (("--rate", "fast"), "'fast' is not a rate"),
        (("--rate", "1001/s"), "at most 1000/s"),
        (("--users", "0"), "0 is not in the range"),
        (("--users", "501"), "501 is not in the range"),
        (("--for", "0"), "0 is not in the range"),
        (("--for", "86401"), "86401 is not in the range"),
        (("--for", "nan"), "'nan' is not a valid integer"),
        (("--shape", "weekend"), "weekend: no such shape: expected day, or a path to a YAML file"),
        (("--shape", "day", "--users", "3"), "--users is for users, not for a --shape"),
        (("--shape", "day", "--rate", "3/s"), "--rate is for users, not for a --shape"),
        (("--scale", "2"), "--scale needs --shape"),
        (("--at-once", "2"), "--at-once needs --shape"),
        (("--shape", "day", "--scale", "0"), "0.0 is not in the range"),
        (("--shape", "day", "--scale", "nan"), "at most 100"),
        (("--shape", "day", "--scale", "300"), "150 visits/s at the busiest moment, at most 100"),
        (("--shape", "day", "--at-once", "501"), "501 is not in the range"),
        (("--journey", "steal"), "'steal' is not one of"),
    ],
)
def test_wrong_usage_is_exit_2_and_loads_nothing(options: tuple[str, ...], message: str) -> None:
    """The message says what is wrong before anything starts."""
    with patch("synthetics.load.run") as run:
        result = CliRunner().invoke(main, ["load", *options])
    assert result.exit_code == 2
    assert message in result.stderr
    run.assert_not_called()


def test_a_faulty_shape_is_exit_2_with_all_its_faults(tmp_path: Path) -> None:
    """Each with the file and the place in it, before anything starts."""
    path = tmp_path / "odd.yaml"
    path.write_text(
        "visits_per_second: {peak: -1}\nhours: [1]\nweekdays: [1, 1, 1, 1, 1, 1, 1]\njourneys: {steal: 1}\n"
    )
    with patch("synthetics.load.run") as run:
        result = CliRunner().invoke(main, ["load", "--shape", str(path)])
    assert result.exit_code == 2
    for place in ("visits_per_second.peak: -1", "hours: 1 of them", "journeys.steal: unknown"):
        assert f"{path}: {place}" in result.stderr
    run.assert_not_called()


def test_a_shape_goes_on_until_it_is_stopped_and_users_for_a_minute() -> None:
    """Without --for."""
    with patch("synthetics.load.run", return_value=0) as run:
        CliRunner().invoke(main, ["load", "--shape", "day", "--scale", "2.5"], catch_exceptions=False)
        CliRunner().invoke(main, ["load"], catch_exceptions=False)
    crowd, regulars = (call.args[0] for call in run.call_args_list)
    assert (crowd.seconds, crowd.scale, crowd.shape.name) == (None, 2.5, "day.yaml")
    assert (regulars.seconds, regulars.users, regulars.shape, regulars.journey) == (60, 3, None, "catalog")


def test_help_lists_what_there_is() -> None:
    """One verb, with its options."""
    run = subprocess.run(
        [sys.executable, "-m", "synthetics", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.findall(r"^  (\w+)  ", run.stdout.split("Commands:")[1], re.M) == ["load"]
    assert "--allow-host" in load("--help").stdout


def test_only_the_locustfile_imports_locust() -> None:
    """Locust patches the sockets of whoever imports it."""
    code = "import sys, synthetics.__main__; print('locust' in sys.modules, 'gevent' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
