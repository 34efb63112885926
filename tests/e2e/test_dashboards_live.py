"""Every question of every dashboard is answered by the platform's own Prometheus, under the shoppers' traffic.

What this machine has not (a cluster, a mesh, PostgreSQL's exporter) is served to it as its exporters would.
"""

import json
import math
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from budget.prometheus import Prometheus
from dashboards import index
from dashboards.model import Dashboard
from dashboards.queries import Asked, moments
from local.settings import from_environment
from local.shop import SERVICES
from slo.load import load
from tests.e2e.panel_answers import CHOSEN, asked, unanswered

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests/dashboards/examples.yaml"
ANSWERED_SECONDS = 150.0
P99 = ("Time to answer", "C")
EMPTY = {
    ("tw-slo-overview", "Alerts of SLOs", "A"): "nothing of the shop's promises fires on a healthy platform",
    ("tw-slo-detail", "Alerts", "A"): "nothing of this promise fires on a healthy platform",
    ("tw-business", "Payment gateway unreachable", "A"): "every call of the gateway has come through",
    ("tw-oncall", "Deploys, the newest first", "B"): "ages are read every five minutes, and the platform is younger",
}
"""What may be empty on a healthy platform, and why; a minute in which it happens is no fault either."""
VALUES = re.compile(r"(?P<first>[0-9.e]+)(?:(?P<each>[+-][0-9.e]+))?x[0-9]+")


class Exporter(BaseHTTPRequestHandler):
    """Shows the examples as exporters do: a minute of the clock is one of the examples' steps."""

    started = time.monotonic()
    series: dict[str, str] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))["series"]

    def do_GET(self) -> None:
        """`/metrics`."""
        steps = 100 + (time.monotonic() - self.started) / 60
        body = "".join(f"{name} {value(each, steps)!r}\n" for name, each in self.series.items()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """A scrape is no news."""


def value(written: str, steps: float) -> float:
    """Of promtool's notation *written*, so many *steps* after its beginning."""
    match = VALUES.fullmatch(str(written))
    assert match, written
    return float(match["first"]) + float(match["each"] or 0) * steps


@pytest.fixture(scope="module")
def dashboards() -> tuple[Dashboard, ...]:
    """The shop's."""
    specs, routing, alerts = [str(ROOT / "slo/specs")], str(ROOT / "alerts/routing.yaml"), str(ROOT / "alerts/specs")
    return tuple(index.dashboards(load(specs, routing, alerts, plugins=False)))


@pytest.fixture(scope="module")
def prometheus(platform: Any, read_until: Callable[..., str], wait_for: Callable[..., Any]) -> Iterator[Prometheus]:
    """That of the platform with its seeded past, which scrapes the examples as well."""
    kept = from_environment(os.environ).history
    kept.mkdir(parents=True, exist_ok=True)
    (platform.state / "history").symlink_to(kept)
    subprocess.run(
        [*platform.python, "-m", "local.past", "place", str(platform.state / "unused")],
        env=platform.environment,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=600,
    )
    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=exporter.serve_forever, daemon=True).start()
    with platform.start("--files") as process:
        try:
            read_until(process.stdout, ": logs in")
            also_scrape(platform, exporter.server_port)
            wait_for(lambda: browser_reports(platform), 20)
            strangers_go_astray(platform)
            yield Prometheus(platform.url("prometheus"), timeout_seconds=20)
        finally:
            process.terminate()
            exporter.shutdown()
            exporter.server_close()


def also_scrape(platform: Any, port: int) -> None:
    """Tell the running Prometheus of one more target, whose labels stay as it gives them."""
    file = platform.state / "run/prometheus.yml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    config["scrape_configs"].append(
        {
            "job_name": "examples",
            "honor_labels": True,
            "scrape_interval": "2s",
            "scrape_timeout": "2s",
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
        }
    )
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    (leader,) = platform.leaders("prometheus")
    leader.send_signal(signal.SIGHUP)


def browser_reports(platform: Any) -> bool:
    """Whether the shop takes what a browser measured: the shoppers here have none."""
    vitals = [{"name": name, "value": 120.0} for name in ("LCP", "INP", "FCP", "TTFB")] + [
        {"name": "CLS", "value": 0.05}
    ]
    report = json.dumps({"page": "/", "vitals": vitals, "errors": 1}).encode()
    headers = {"Content-Type": "application/json"}
    answer = urllib3.request("POST", platform.url("front-door") + "/rum", body=report, headers=headers, retries=False)
    return answer.status == 204


def strangers_go_astray(platform: Any) -> None:
    """At each service: the shoppers here ask for nothing that is not there."""
    for service in SERVICES:
        assert platform.ask(service, "/api/v1/nowhere").status == 404


def test_every_question_is_answered(
    prometheus: Prometheus, platform: Any, dashboards: tuple[Dashboard, ...], wait_for: Callable[..., Any]
) -> None:
    """But those about what has not happened, of which there are few; nothing is asked wrongly."""
    questions = asked(dashboards)
    assert len(questions) > 400
    listed = [each for each in questions if (each.dashboard, each.panel, each.ref_id) in EMPTY]
    assert len(listed) == len(EMPTY), "a reason for a panel that is not there"
    unanswered(prometheus, listed)  # they must parse
    left = [each for each in questions if each not in listed]

    def none_left() -> bool:
        # Rates need two reports, and what the alerts say needs a turn of their rules.
        browser_reports(platform)
        left[:] = unanswered(prometheus, left)
        return not left

    try:
        wait_for(none_left, ANSWERED_SECONDS)
    except AssertionError:
        pytest.fail("\n".join(f"{each.dashboard}: {each.panel} {each.ref_id}: {each.expression}" for each in left))


def test_latencies_lead_to_traces(
    prometheus: Prometheus, dashboards: tuple[Dashboard, ...], wait_for: Callable[..., Any]
) -> None:
    """Asked as Grafana does, by the text of the query, Prometheus has exemplars: single requests with their trace."""
    (time_to_answer,) = [
        each for each in asked(dashboards) if (each.dashboard, each.panel, each.ref_id) == ("tw-application", *P99)
    ]

    def exemplars() -> list[dict[str, Any]]:
        fields = {"query": time_to_answer.expression, "start": time.time() - 300, "end": time.time()}
        answer = urllib3.request("GET", f"{prometheus.url}/api/v1/query_exemplars", fields=fields, retries=False)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    found = wait_for(exemplars, ANSWERED_SECONDS)
    assert {each["seriesLabels"]["__name__"] for each in found} == {"http_server_request_duration_seconds_bucket"}
    assert all(exemplar["labels"]["trace_id"] for each in found for exemplar in each["exemplars"])


def test_annotations_are_questions_that_it_understands(
    prometheus: Prometheus, dashboards: tuple[Dashboard, ...]
) -> None:
    """Deploys and alerts may be none; an error would be drawn nowhere."""
    found = [
        each
        for board in dashboards
        for each in moments([board], CHOSEN if board.uid == "tw-slo-detail" else {}, month=1)
    ]
    unanswered(prometheus, found)
    assert len(found) > 20


def test_the_preview_shows_what_is_there(
    prometheus: Prometheus, dashboards: tuple[Dashboard, ...], tmp_path: Path
) -> None:
    """By the command that people type: one page, its pictures drawn from what this Prometheus answers."""
    out, uid = tmp_path / "page.html", "tw-service-orders"
    command = ["./generate.py", "preview", "--prometheus", prometheus.url, "--out", str(out), "--dashboard", uid]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (board,) = [each for each in dashboards if each.uid == uid]
    assert done.stdout == f"1 dashboard, {len(board.panels)} panels → {out}\n"
    page = out.read_text(encoding="utf-8")
    assert page.count('<article class="panel') == len(board.panels)
    assert page.count("data:image/svg+xml") >= sum(panel.kind == "timeseries" for panel in board.panels)
    assert "No data" not in page
    assert "event-delivery" in page


@pytest.mark.parametrize(
    "record",
    [
        *(f"slo:sli_error:ratio_rate{window}" for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")),
        "slo:objective:ratio",
        "slo:error_budget:ratio",
        "slo:time_period:days",
        "slo:current_burn_rate:ratio",
        "slo:period_burn_rate:ratio",
        "slo:period_error_budget_remaining:ratio",
        "sloth_slo_info",
    ],
)
def test_what_sloth_records_is_there(prometheus: Prometheus, record: str) -> None:
    """The records and labels that sloth 0.16 writes, and its dashboards 14348 and 14643 read; not their own queries."""
    labels = ['sloth_id="orders-availability"', 'sloth_service="orders"', 'sloth_slo="availability"']
    if record.startswith("slo:sli_error:"):
        labels.append(f'sloth_window="{record.removeprefix("slo:sli_error:ratio_rate")}"')
    if record == "sloth_slo_info":
        labels += ['sloth_version!=""', 'sloth_mode!=""', 'sloth_spec="prometheus/v1"', 'sloth_objective="99.9"']
    found = prometheus.instant(f"{record}{{{','.join(labels)}}}")
    assert [math.isfinite(sample.value) for sample in found] == [True]


def test_what_fires_says_how_grave_it_is_in_sloths_words(prometheus: Prometheus) -> None:
    """`ALERTS{sloth_severity=…}`: its labels are those of the rules, page and ticket, however healthy the shop is."""
    answer = urllib3.request("GET", f"{prometheus.url}/api/v1/rules", fields={"type": "alert"}, retries=False)
    rules = [rule for group in answer.json()["data"]["groups"] for rule in group["rules"]]
    mine = [rule["labels"] for rule in rules if 'sloth_id="orders-availability"' in rule["query"]]
    assert {labels.get("sloth_severity") for labels in mine} >= {"page", "ticket"}
    prometheus.instant('count by (sloth_service, sloth_slo) (ALERTS{sloth_severity="page",alertstate="firing"})')


@pytest.mark.parametrize("metric", ["shop_funnel_total", "http_server_requests_total", "pg_stat_database_blks_hit"])
def test_a_metric_that_is_renamed_is_missed(
    prometheus: Prometheus, dashboards: tuple[Dashboard, ...], metric: str
) -> None:
    """By each panel that reads it alone: were it shown by another name, this is what Prometheus would answer."""
    readers = [each for each in asked(dashboards) if re.search(rf"\b{metric}\b", each.expression)]
    assert readers
    renamed = [
        replace(each, expression=re.sub(rf"\b{metric}\b", f"{metric}_renamed", each.expression)) for each in readers
    ]
    missed = {(each.dashboard, each.panel) for each in unanswered(prometheus, renamed)}
    # A share that is nought when nothing is bad still needs its total; only what falls back on another metric stays.
    assert missed >= {(each.dashboard, each.panel) for each in readers if metric_alone(each, metric)}
    assert missed


def metric_alone(question: Asked, metric: str) -> bool:
    """Whether *question* reads no other metric, and has nothing to fall back on."""
    others = set(re.findall(r"[a-zA-Z_:][\w:]*(?=\{)", question.expression)) - {metric}
    return not others and "vector(" not in question.expression
