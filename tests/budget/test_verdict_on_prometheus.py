"""The verdict on a run that a real Prometheus has scraped, of which every event is known."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from budget.__main__ import main
from budget.errors import BudgetError
from budget.prometheus import Prometheus
from slo import conventions
from tests.budget.conftest import free_port, running
from tests.budget.runs import LOAD_EVENTS
from tests.slo.answers import document, slo

SCRAPE_SECONDS = 0.5
SETTLED = 4 * SCRAPE_SECONDS
RECORDED = 10_000
CONFIG = """
global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
rule_files: [rules.yaml]
scrape_configs: [{{job_name: shop, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""
LATENCY = """
      latency: {histogram: seconds, below: 0.25, selector: 'job="shop",traffic="user"'}"""
PAYMENTS = """
      events:
        error_query: sum(rate(payments_total{job="shop",result="lost"}[{{.window}}]))
        total_query: sum(rate(payments_total{job="shop"}[{{.window}}]))"""
REFUNDS = """
      events:
        error_query: sum(rate(refunds_total{job="shop",traffic="user",result="lost"}[{{.window}}]))
        total_query: sum(rate(refunds_total{job="shop",traffic="user"}[{{.window}}]))"""


@dataclass
class _Shop:
    """A process that counts what it is told to, and may be killed and started again."""

    counted: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.time)
    is_up: bool = True

    def serve(self, traffic: str, *, good: int = 0, bad: int = 0, slow: int = 0) -> None:
        """So many requests, *slow* of them above a quarter of a second."""
        both = f'traffic="{traffic}"'
        self.counted[f'requests_total{{code="200",{both}}}'] += good
        if bad:  # born with the first of them, as label sets are that nobody created before
            self.counted[f'requests_total{{code="500",{both}}}'] += bad
        self.counted[f"seconds_count{{{both}}}"] += good + bad
        for bound, events in (("0.25", good + bad - slow), ("+Inf", good + bad)):
            self.counted[f'seconds_bucket{{le="{bound}",{both}}}'] += events

    def restart(self) -> None:
        """Another process, that has counted nothing."""
        self.counted.clear()
        self.started, self.is_up = time.time(), True

    def metrics(self) -> str:
        """What is scraped."""
        lines = [f"{series} {value}" for series, value in self.counted.items()]
        return "\n".join((*lines, f"process_start_time_seconds {self.started}", ""))


def _serving(shop: _Shop) -> ThreadingHTTPServer:
    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if shop.is_up else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(shop.metrics().encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


def _until(holds: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except BudgetError:
            pass
        time.sleep(0.1)
    pytest.fail(f"not so after 30 s:\n{log.read_text()}")


def _rules() -> dict[str, object]:
    record = conventions.total_increase("30d")
    ids = {conventions.ID: "shop-requests", conventions.SERVICE: "shop", conventions.SLO: "requests"}
    return {"groups": [{"name": "g", "rules": [{"record": record, "expr": f"vector({RECORDED})", "labels": ids}]}]}


@dataclass(frozen=True)
class _Run:
    url: str
    start: float
    end: float
    specs: Path

    def verdict(self, traffic: str, *arguments: str) -> tuple[int, Mapping[str, Any]]:
        """The exit code, and the JSON with its SLOs by name."""
        range_ = ["--from", f"{self.start:.3f}", "--to", f"{self.end:.3f}", "--step", "1s"]
        told = ["--prometheus", self.url, "--specs", str(self.specs), "--traffic", traffic, "--json"]
        result = CliRunner().invoke(main, ["verdict", *range_, *told, *arguments])
        assert result.stdout, result.stderr
        found = json.loads(result.stdout)
        return result.exit_code, found | {"slos": {row["slo"]: row for row in found["slos"]}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Run]:
    """Users and a load run, through a kill and a restart whose counters soon stand higher than before."""
    home, shop = tmp_path_factory.mktemp("run"), _Shop()
    shop.serve("user", good=1_000_000, bad=5_000, slow=70)
    shop.counted['payments_total{result="settled"}'] = 40
    server = _serving(shop)
    (home / "prometheus.yml").write_text(CONFIG.format(port=server.server_port))
    (home / "rules.yaml").write_text(json.dumps(_rules()))
    specs = home / "shop.yaml"
    texts = (("requests", LOAD_EVENTS), ("latency", LATENCY), ("payments", PAYMENTS), ("refunds", REFUNDS))
    specs.write_text(document(*(slo(name, sli, objective="99") for name, sli in texts)))
    try:
        with running(home, free_port()) as url:
            client = Prometheus(url)
            _until(lambda: bool(client.instant("requests_total") and client.instant("{sloth_id!=''}")), home / "log")
            time.sleep(SETTLED)
            start = time.time()
            for _ in range(3):
                shop.serve("load", good=100, bad=1, slow=4)
                shop.serve("user", good=50)
                shop.counted['payments_total{result="settled"}'] += 10
                time.sleep(2 * SCRAPE_SECONDS)
            shop.is_up = False
            time.sleep(3 * SETTLED)
            shop.restart()
            shop.serve("load", good=400, bad=2)
            shop.serve("user", good=7)
            time.sleep(SETTLED)
            yield _Run(url, start, time.time(), specs)
    finally:
        server.shutdown()
        server.server_close()


def test_every_event_of_a_load_run_is_counted(run: _Run) -> None:
    """303 before the kill and 402 after it, 5 of them bad: born within the run, once reset, none of users'."""
    code, found = run.verdict("load")
    row = found["slos"]["requests"]
    assert (row["total"], row["bad"], row["good"]) == (705, 5, 700)
    assert (row["verdict"], row["traffic"]) == ("pass", "load")
    assert row["sli"] == pytest.approx(700 / 705)
    assert code == 1, "latency fails"


def test_slow_requests_are_those_beyond_the_bucket(run: _Run) -> None:
    """12 of 705, which is more than one in a hundred."""
    row = run.verdict("load")[1]["slos"]["latency"]
    assert (row["total"], row["bad"], row["verdict"]) == (705, 12, "fail")


def test_users_are_counted_apart(run: _Run) -> None:
    """150 before and 7 after, although a million were counted before the run."""
    row = run.verdict("user")[1]["slos"]["requests"]
    assert (row["total"], row["bad"], row["verdict"]) == (157, 0, "pass")


def test_an_sli_without_a_class_says_that_it_counts_any(run: _Run) -> None:
    """Payments carry no class: measured as they are."""
    row = run.verdict("load")[1]["slos"]["payments"]
    assert (row["traffic"], row["total"], row["marks"]) == ("any traffic", 30, ["low traffic", "gaps"])


def test_what_has_no_series_has_no_data(run: _Run) -> None:
    """It fails nothing, unless it was asked for by name."""
    code, found = run.verdict("load", "--slo", "shop-refunds", "--slo", "shop-requests")
    assert (found["slos"]["refunds"]["verdict"], found["slos"]["requests"]["verdict"]) == ("no data", "pass")
    assert (code, found["verdict"]) == (4, "no data")


def test_the_budget_is_reckoned_from_the_record(run: _Run) -> None:
    """5 failures of the 100 that 10,000 recorded events allow; of an SLO without a record, from the run's rate."""
    rows = run.verdict("load")[1]["slos"]
    assert (rows["requests"]["basis"], rows["requests"]["budget_spent"]) == ("recorded", pytest.approx(0.05))
    assert rows["latency"]["basis"] == "run rate"
    assert rows["latency"]["budget_spent"] == pytest.approx(
        12 / 705 / 0.01 * (run.end - run.start) / 2_592_000, rel=0.01
    )


def test_the_time_in_which_the_shop_was_down_is_marked(run: _Run) -> None:
    """Nobody counted then."""
    row = run.verdict("load")[1]["slos"]["requests"]
    assert row["marks"] == ["gaps"]
    (gap,) = row["gaps"]
    assert gap.startswith("shop: not scraped, or down, for ")
    assert 4 <= int(gap.rsplit(" ", 1)[1].rstrip("s")) <= 8
