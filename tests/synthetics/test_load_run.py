"""`python -m synthetics load` against real servers: honest, lying, failing, stalled and absent ones; and its end."""

import contextlib
import http.server
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from synthetics.generators import free_port
from tests.services.running import ROOT, Service, serving
from tests.synthetics.runs import load, load_command, report, said

TOKEN = "correct-horse-battery"
AS_USERS = ("--traffic", "user")
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
HOME = b'<html><h1>Shop</h1><a href="/c/coffee">Coffee</a></html>'
BROWSE = """
seconds: 8
visits_per_second: 10
course: [[0, 1], [1, 1]]
journeys: {browse: 1}
"""


@pytest.fixture(scope="module")
def catalog() -> Iterator[Service]:
    """The real catalog, with its faults under lock."""
    with serving(environ={"FAULT_TOKEN": TOKEN}) as service:
        yield service


@contextlib.contextmanager
def home_pages(wait: Callable[[], None]) -> Iterator[str]:
    """A server that has a home page alone, and answers after *wait*."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wait()
            found = self.path == "/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(HOME) if found else 0))
            self.end_headers()
            self.wfile.write(HOME if found else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def well(run: "subprocess.CompletedProcess[str]") -> None:
    """It passed; on a machine that others use, too, the run may say of itself that it was late, and of nothing else."""
    reasons = run.stdout.rstrip().splitlines()
    assert run.returncode in (0, 3), said(run)
    assert run.returncode == 0 or ("invalid" in reasons and reasons[-1].startswith("  generator ")), said(run)
    assert re.search(r" answers \(.*, 0 failed, ", run.stdout), said(run)


def counted(service: Service) -> int:
    """Requests that the service has answered, by its own count."""
    text = service.ask("/metrics").body.decode()
    return int(sum(float(value) for value in re.findall(r"^http_server_requests_total\{.*\} (\S+)$", text, re.M)))


def test_an_honest_shop_passes(catalog: Service) -> None:
    """Exit 0; every kind of step is in the table, and the rate is kept: 30 a second, no more."""
    before = counted(catalog)
    run = load("--host", catalog.url, "--users", "4", "--rate", "30/s", "--for", "3", *AS_USERS)
    well(run)
    for step in ("list products", "open category", "open product"):
        assert re.search(rf"^catalog +{step} +\d+ +0 ", run.stdout, re.M)
    assert re.search(r"^generator 1 of 1: CPU \d+% of a core on average, .*lag p99 \d+ ms", run.stdout, re.M)
    # Three seconds, and the one that visits under way get to end.
    assert 40 <= counted(catalog) - before <= 30 * 4 + 4


def test_a_lying_shop_fails(tmp_path: Path) -> None:
    """Status 200 with the wrong product is a failure: exit 1, and the report says which was asked for."""
    (tmp_path / "lying_app.py").write_text(LYING_APP, encoding="utf-8")
    with serving("lying_app:app", import_from=tmp_path) as service:
        run = load("--host", service.url, "--users", "4", "--rate", "40/s", "--for", "2", *AS_USERS)
    assert run.returncode == 1
    assert re.search(r"catalog: asked for [A-Z]+-\d+, got [A-Z]+-\d+", run.stdout)
    assert re.search(r"^  \d+ steps failed: catalog/open product \(\d+\)", run.stdout, re.M)


def test_a_failing_shop_fails(catalog: Service) -> None:
    """With half of the requests answering 500 the run exits 1 and names status and step."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    order = b'{"fault": "errors", "share": 0.5, "seconds": 60}'
    assert catalog.ask("/internal/faults", "POST", order, headers).status == 201
    try:
        run = load("--host", catalog.url, "--users", "4", "--rate", "40/s", "--for", "2", *AS_USERS)
    finally:
        catalog.ask("/internal/faults", "DELETE", headers=headers)
    assert run.returncode == 1
    assert re.search(r"catalog: status 500 \(\w+\), expected 200", run.stdout)


def test_an_absent_shop_fails() -> None:
    """Nobody listening is a failed step, said without a traceback; foreign settings change nothing."""
    run = load(
        *("--host", "http://127.0.0.1:1", "--users", "2", "--rate", "10/s", "--for", "2", *AS_USERS),
        environ={"LOCUST_HOST": "http://shop.example", "LOCUST_EXIT_CODE_ON_ERROR": "0"},
    )
    assert run.returncode == 1
    assert "catalog: no answer" in run.stdout
    assert "Traceback" not in said(run)


def test_a_run_without_requests_proves_nothing(catalog: Service) -> None:
    """Nothing checked is nothing known: exit 3."""
    run = load("--host", catalog.url, "--users", "1", "--rate", "1/h", "--for", "1", *AS_USERS)
    assert run.returncode == 3
    assert "no request was made" in run.stdout


def test_a_stalled_shop_shows_in_the_percentiles(tmp_path: Path) -> None:
    """It answers nobody for three of eight seconds. Who came meanwhile waited, and is counted with what they waited.

    One user who waits for each answer would have met the stall once in all their requests, and seen a good p95.
    """
    (tmp_path / "browse.yaml").write_text(BROWSE, encoding="utf-8")
    first: list[float] = []

    def stall() -> None:
        first.append(time.monotonic())
        left = first[0] + 5 - time.monotonic()
        if 0 < left < 3:
            time.sleep(left)

    with home_pages(stall) as url:
        load("--host", url, "--shape", str(tmp_path / "browse.yaml"), "--report", str(tmp_path / "open"), *AS_USERS)
    from synthetics.report import step_rows

    (home,) = [row for row in step_rows(report(tmp_path / "open")) if row["step"] == "home page"]
    assert home["count"] >= 40
    assert home["p95"] > 2.0
    assert home["p50"] < 1.0


def test_visits_on_top_are_left_out_counted_and_make_the_run_invalid(tmp_path: Path) -> None:
    """With two at once and a slow shop most do not begin: exit 3, whatever those found that did."""
    (tmp_path / "browse.yaml").write_text(BROWSE, encoding="utf-8")
    options = ("--shape", str(tmp_path / "browse.yaml"), "--at-once", "2", "--for", "3", "--report", str(tmp_path))
    with home_pages(lambda: time.sleep(1)) as url:
        run = load("--host", url, *options, *AS_USERS)
    assert run.returncode == 3
    assert re.search(r"\d+ visits \(\d+\.\d%\) were left out, as too many were under way \(at most 1%\)", run.stdout)


@pytest.fixture
def started(catalog: Service) -> Iterator[tuple["subprocess.Popen[bytes]", psutil.Process]]:
    """A long run, once requests flow, and its Locust process; both gone afterwards, whatever the test found."""
    before = counted(catalog)
    process = subprocess.Popen(
        load_command("--host", catalog.url, "--rate", "20/s", "--for", "600", *AS_USERS),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 40
    while counted(catalog) < before + 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    (child,) = psutil.Process(process.pid).children(recursive=True)
    yield process, child
    for each in (process, child):
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def test_a_signal_stops_it_within_seconds_and_leaves_nothing(catalog, started) -> None:
    """Both processes are gone, and no request comes afterwards."""
    process, child = started
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 143
    assert not child.is_running()
    after = counted(catalog)
    time.sleep(0.5)
    assert counted(catalog) == after


def test_a_killed_command_takes_its_load_along(started) -> None:
    """SIGKILL leaves no time to clean up: Locust notices by itself that its parent is gone."""
    process, child = started
    process.kill()
    process.wait()
    child.wait(timeout=10)


def test_ctrl_c_still_writes_the_report(catalog: Service, tmp_path: Path) -> None:
    """Of what there was until then; exit 130."""
    options = ("--rate", "20/s", "--for", "600", "--report", str(tmp_path / "report"), *AS_USERS)
    process = subprocess.Popen(
        load_command("--host", catalog.url, *options), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    before, deadline = counted(catalog), time.monotonic() + 40
    while counted(catalog) < before + 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"broken off" in out
    assert report(tmp_path / "report")["interrupted"] is True


def test_a_worker_that_dies_makes_the_run_invalid(catalog: Service, tmp_path: Path) -> None:
    """The run goes on to its end, says that one went away, and exits 3."""
    options = ("--workers", "2", "--users", "4", "--rate", "20/s", "--for", "9", "--report", str(tmp_path))
    before, deadline = counted(catalog), time.monotonic() + 40
    process = subprocess.Popen(
        load_command("--host", catalog.url, *options, *AS_USERS),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while counted(catalog) < before + 10 and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = [each for each in psutil.Process(process.pid).children() if "--worker" in each.cmdline()]
    assert len(workers) == 2
    workers[0].kill()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3, out
    assert re.search(r"1 of 2 workers (went away|ended)", out)


@contextlib.contextmanager
def worker_of(port: int) -> Iterator["subprocess.Popen[str]"]:
    """A worker that was started by hand, as on another machine."""
    process = subprocess.Popen(
        load_command("--worker", "--master-host", f"127.0.0.1:{port}", *AS_USERS),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_worker_from_elsewhere_makes_the_load_and_ends_with_its_master(catalog: Service, tmp_path: Path) -> None:
    """It is told everything by the master: users, journey, rate."""
    port = free_port()
    master = ("--expect-workers", "1", "--master-bind", f"127.0.0.1:{port}", "--report", str(tmp_path))
    with worker_of(port) as worker:
        run = load("--host", catalog.url, "--users", "2", "--rate", "20/s", "--for", "4", *master, *AS_USERS)
        well(run)
        assert worker.wait(timeout=30) == 0
    found = report(tmp_path)
    assert [each["name"] for each in found["generators"]] == ["1 of 1"]
    assert sum(row[2] for row in found["book"]["rows"].values()) >= 40


def test_a_worker_believes_its_master_no_other_host() -> None:
    """Whoever came to be its master cannot send it anywhere: it does nothing, and the run proves nothing."""
    port = free_port()
    master = ("--expect-workers", "1", "--master-bind", f"127.0.0.1:{port}", "--allow-host", "shop.invalid")
    with worker_of(port) as worker:
        run = load("--host", "http://shop.invalid", "--for", "3", *master, *AS_USERS)
        assert run.returncode == 3, said(run)
        assert "no request was made" in run.stdout
        out, _ = worker.communicate(timeout=30)
    assert "shop.invalid is not this machine" in out
