"""The rules on a real Prometheus: what promtool cannot show, for it knows neither intervals nor restarts."""

import contextlib
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.slo.answers import document, rules_of, slo
from tools import install

REMAINING = "slo:period_error_budget_remaining:ratio"
TOTAL = "slo:sli_events_total:increase30d"
CONFIG = """
global: {{scrape_interval: {scrape}}}
rule_files: [rules/*.yaml]
scrape_configs: [{{job_name: shop, static_configs: [{{targets: ["127.0.0.1:{target}"]}}]}}]
"""


class _Shop(BaseHTTPRequestHandler):
    """Counts a hundred requests a second since it began, one in a thousand of them bad."""

    born = time.monotonic()

    def do_GET(self) -> None:
        count = 1_000_000 + int((time.monotonic() - self.born) * 100)
        lines = [f'requests_total{{code="{code}"}} {n}\n' for code, n in (("200", count), ("500", count // 1000))]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write("".join(lines).encode())

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def shop() -> Iterator[int]:
    """The port of a target."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class _Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def ready(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self._url}/-/ready", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def groups(self) -> dict[str, dict]:
        return {group["name"]: group for group in self._get("rules")["groups"]}

    def value(self, query: str) -> float | None:
        """The value of the only series; None where there is none."""
        found = self._get(f"query?query={urllib.parse.quote(query)}")["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def _get(self, path: str):
        return json.load(urllib.request.urlopen(f"{self._url}/api/v1/{path}", timeout=10))["data"]


@contextlib.contextmanager
def _running(tool: str, folder: Path, lookback: str) -> Iterator[_Prometheus]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [
        install.find(tool),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--query.lookback-delta={lookback}",
    ]
    with (folder / "log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            found = _Prometheus(port)
            _until(found.ready, 30)
            yield found
        finally:
            process.terminate()
            process.wait(30)


def _until(true, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _faster(text: str, speed: int) -> str:
    """The same rules with every interval, and what is reckoned from it, shortened."""
    fast, slow = f"{30_000 // speed}ms", f"{120 // speed}s"
    for old, new in (
        ("interval: 30s", f"interval: {fast}"),
        ("interval: 2m", f"interval: {slow}"),
        ("[2m]", f"[{slow}]"),
        (":2m]", f":{slow}]"),
        (") * 120", f") * {120 // speed}"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def _laid_out(folder: Path, target: int, text: str, speed: int) -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(_faster(text, speed))
    scrape = f"{5000 // speed}ms"
    (folder / "prometheus.yaml").write_text(CONFIG.format(scrape=scrape, target=target))


@pytest.mark.parametrize(
    ("tool", "speed"),
    [
        ("prometheus", 40),
        pytest.param("prometheus3", 40, marks=pytest.mark.full),
        pytest.param("prometheus", 1, marks=pytest.mark.full),
    ],
)
def test_series_never_vanish_between_evaluations_and_outlive_a_restart(tool, speed, shop, tmp_path):
    """Slow groups are evaluated often enough for the lookback, and a restart costs neither budget nor events.

    At 40 times the speed everything that depends on an interval is 40 times shorter, the lookback too.
    """
    _laid_out(tmp_path, shop, rules_of(document(slo()), tmp_path), speed)
    slow, lookback = 120 / speed, f"{300 // speed}s"
    with _running(tool, tmp_path, lookback) as prometheus:
        _until(lambda: prometheus.value(REMAINING) is not None, 5 * slow + 10)
        end, seen = time.monotonic() + 1.5 * slow, []
        while time.monotonic() < end:
            seen.append(prometheus.value(REMAINING))
            time.sleep(slow / 40)
        assert None not in seen
        rules = [rule for group in prometheus.groups().values() for rule in group["rules"]]
        assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}
        before = prometheus.value(TOTAL)
    with _running(tool, tmp_path, lookback) as prometheus:
        _until(lambda: prometheus.value(TOTAL) is not None, slow / 4 + 2)
        assert prometheus.value(TOTAL) >= before > 0
        evaluated = {name: group["interval"] for name, group in prometheus.groups().items()}
    assert evaluated == {
        "sloth-slo-sli-recordings-shop-requests": 30 / speed,
        "sloth-slo-period-recordings-shop-requests": slow,
        "sloth-slo-meta-recordings-shop-requests": slow,
    }
