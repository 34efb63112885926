"""alerts/metrics.yaml: what exporters of others show, held against the real Prometheus and Alertmanager."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from local.server import free_ports
from tools.install import find

FILE = Path(__file__).parents[2] / "alerts" / "metrics.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
EXPORTERS: dict[str, dict[str, Any]] = DOCUMENT["exporters"]
OF_EACH_TARGET = ("up", "scrape_samples_scraped")
"""Prometheus makes these itself when it scrapes; `ALERTS`, when an alert is pending or fires. No page has them."""
OF_ALERTS = "ALERTS"
SECONDS = 30
Shown = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of a Prometheus that scrapes itself and has an alert, and of an Alertmanager."""
    home, ports = tmp_path_factory.mktemp("watchers"), free_ports("prometheus", "alertmanager", "cluster")
    rule = {"alert": "Always", "expr": "vector(1)", "labels": {"severity": "page", "service": "a", "team": "b"}}
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(home / "rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ports['alertmanager']}"]}]}]},
        "scrape_configs": [
            {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{ports['prometheus']}"]}]}
        ],
    }
    (home / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))
    (home / "prometheus.yml").write_text(yaml.safe_dump(config))
    (home / "alertmanager.yml").write_text(yaml.safe_dump({"route": {"receiver": "a"}, "receivers": [{"name": "a"}]}))
    found = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    cluster = f"--cluster.listen-address=127.0.0.1:{ports['cluster']}"
    with (
        _running("prometheus", home / "prometheus.yml", ports, f"--storage.tsdb.path={home / 'data'}"),
        _running("alertmanager", home / "alertmanager.yml", ports, cluster, f"--storage.path={home / 'state'}"),
    ):
        own = (*OF_EACH_TARGET, OF_ALERTS)
        _await(lambda: all(_query(found["prometheus"], metric) for metric in own), "no series")
        _await(lambda: bool(_page(found["alertmanager"])), "no Alertmanager")
        yield found


@pytest.mark.parametrize("exporter", ["prometheus", "alertmanager"])
def test_what_watchers_are_said_to_show_they_show(urls: dict[str, str], exporter: str) -> None:
    """Each metric by its name and type; each label that this release writes is one of those listed."""
    page, types = _page(urls[exporter]), dict[str, str]()
    shown: Shown = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            shown.setdefault(sample.name, []).append(dict(sample.labels))
            types[sample.name] = family.type
    wrong = []
    for metric, said in EXPORTERS[exporter]["metrics"].items():
        if metric in (*OF_EACH_TARGET, OF_ALERTS):
            continue
        labels = {label for series in shown.get(metric, ()) for label in series}
        if types.get(metric) != said["type"] or not labels <= set(said["labels"]):
            wrong.append((metric, types.get(metric), labels))
    assert wrong == []


def test_what_prometheus_makes_itself_is_there(urls: dict[str, str]) -> None:
    """Series that no page shows, with the labels that are listed or that any series may get."""
    for metric in (*OF_EACH_TARGET, OF_ALERTS):
        series = _query(urls["prometheus"], metric)
        said = EXPORTERS["prometheus"]["metrics"][metric]
        assert series, metric
        assert {label for each in series for label in each} <= {*said["labels"], *DOCUMENT["added"], "__name__"}


def test_a_metric_is_listed_once() -> None:
    """Two exporters of one name would make the type of a series a matter of luck."""
    names = [metric for exporter in EXPORTERS.values() for metric in exporter["metrics"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_each_entry_says_all_that_the_contract_needs(exporter: str) -> None:
    """What it was verified against, and for each metric a type and labels."""
    entry = EXPORTERS[exporter]
    assert set(entry) == {"verified", "metrics"}
    assert entry["verified"]
    for metric, said in entry["metrics"].items():
        assert set(said) == {"type", "labels"}, metric
        assert said["type"] in ("counter", "gauge", "histogram", "untyped"), metric
        assert len(said["labels"]) == len(set(said["labels"])), metric


# --- real programs ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _running(name: str, config: Path, ports: dict[str, int], *options: str) -> Iterator[None]:
    binary = find(name)
    assert binary is not None, f"{name} is not installed: run make setup"
    command = [str(binary), f"--config.file={config}", f"--web.listen-address=127.0.0.1:{ports[name]}", *options]
    with config.with_suffix(".log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.kill()


def _await(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if holds():
                return
        time.sleep(0.1)
    pytest.fail(f"{otherwise} within {SECONDS} s")


def _page(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def _query(url: str, expression: str) -> list[dict[str, str]]:
    asked = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=5) as answer:
        return [each["metric"] for each in json.load(answer)["data"]["result"]]
