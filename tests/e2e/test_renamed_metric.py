"""A metric that a service renames in its source is missed: by the running service's page, and by the contract."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from budget.errors import BudgetError
from budget.prometheus import Prometheus
from dashboards import index
from dashboards.queries import Asked
from local.prometheus_config import hurried
from local.server import free_ports, program
from slo import request_records
from slo.load import load
from tests.contract.selectors import Exposed, named
from tests.contract.test_dashboards import wrong
from tests.e2e.panel_answers import asked, unanswered
from tests.services.running import Service, serving

ROOT = Path(__file__).parents[2]
RULES = [ROOT / f"generated/prometheus/rules/{stem}.yaml" for stem in ("catalog", request_records.STEM)]
METRIC, RENAMED = "http_server_request_duration_seconds", "http_server_answer_duration_seconds"
SECONDS = 40.0
"""Until two scrapes are seen, and rules have had turns that build on one another."""
OTHERS = ("up", "http_client_", "journey_")
"""Prometheus' own, of services that ask others, and of the probes."""


@dataclass(frozen=True)
class Watched:
    """A running catalog and the Prometheus that scrapes it."""

    service: Service
    prometheus: Prometheus

    def visit(self) -> None:
        """What a page counts comes with requests, and rates with the second of each kind."""
        for path in ("/api/v1/products", "/api/v1/categories", "/api/v1/nowhere"):
            self.service.ask(path)

    def missing(self, questions: list[Asked]) -> set[tuple[str, str]]:
        """The live check: panels and queries without data."""
        self.visit()
        return {(each.panel, each.ref_id) for each in unanswered(self.prometheus, questions)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the services' source."""
    copy = tmp_path / "source"
    shutil.copytree(ROOT / "services", copy / "services", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def rename(source: Path) -> None:
    """METRIC, in the one place where it is named."""
    texts = {file: file.read_text(encoding="utf-8") for file in source.rglob("*.py")}
    (file,) = [file for file, text in texts.items() if f'"{METRIC}"' in text]
    file.write_text(texts[file].replace(f'"{METRIC}"', f'"{RENAMED}"'), encoding="utf-8")


@contextlib.contextmanager
def watched(source: Path) -> Iterator[Watched]:
    """The catalog of *source* as gunicorn serves it, under a Prometheus with the project's rules, often evaluated."""
    folder = source.parent
    (folder / "rules").mkdir()
    for file in RULES:
        text = hurried(file.read_text(encoding="utf-8"))
        (folder / "rules" / file.name).write_text(re.sub(r"interval: \d+s", "interval: 1s", text), encoding="utf-8")
    with serving(source=source) as service:
        port = free_ports("prometheus")["prometheus"]
        target = {"targets": [f"127.0.0.1:{service.port}"], "labels": {"instance": "catalog"}}
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "rule_files": [str(folder / "rules/*.yaml")],
            "scrape_configs": [{"job_name": "catalog", "static_configs": [target]}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        command = [
            str(program("prometheus")),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                yield Watched(service, Prometheus(f"http://127.0.0.1:{port}", timeout_seconds=10))
            finally:
                process.kill()


@pytest.fixture(scope="module")
def page() -> list[Asked]:
    """What the catalog's own page asks; but for promises, whose budgets count in steps of two minutes."""
    specs, routing, alerts = [str(ROOT / "slo/specs")], str(ROOT / "alerts/routing.yaml"), str(ROOT / "alerts/specs")
    boards = index.dashboards(load(specs, routing, alerts, plugins=False))
    found = asked(board for board in boards if board.uid == "tw-service-catalog")
    return [each for each in found if "slo:" not in each.expression]


def readers(page: list[Asked]) -> set[tuple[str, str]]:
    """The queries that read METRIC, raw or recorded."""
    return {(each.panel, each.ref_id) for each in page if re.search(rf"\b(job\w*:)?{METRIC}(_|:)", each.expression)}


def is_ready(prometheus: Prometheus) -> bool:
    """Whether it answers."""
    try:
        return bool(prometheus.version())
    except BudgetError:
        return False


@pytest.mark.parametrize("renamed", [False, True], ids=["as it is", "renamed"])
def test_both_checks_find_what_reads_a_renamed_metric(
    source: Path, page: list[Asked], wait_for: Callable[..., Any], renamed: bool
) -> None:
    """The live one exactly its panels, and none before; the contract the metric itself."""
    assert len(readers(page)) >= 5
    if renamed:
        rename(source)
    expected = readers(page) if renamed else set()
    with watched(source) as shop:
        wait_for(lambda: is_ready(shop.prometheus), 20)
        found: set[tuple[str, str]] = set()

        def settled() -> bool:
            found.clear()
            found.update(shop.missing(page))
            return found <= expected

        with contextlib.suppress(AssertionError):
            wait_for(settled, SECONDS)
        assert found == expected
        wrongly_named = {fault.partition(":")[0] for fault in unseen(shop.service, page)}
        assert wrongly_named == ({f"{METRIC}_bucket", f"{METRIC}_count"} if renamed else set())


def unseen(service: Service, page: list[Asked]) -> Iterator[str]:
    """The contract: what the page, and the rules of what it reads, name of the catalog that it does not show."""
    shown = Exposed()
    shown.read(service.ask("/metrics").body.decode(), "catalog")
    rules = [rule.expr for rule in request_records.group().rules]
    for expression in (*(each.expression for each in page), *rules):
        for selector in named(expression):
            if ":" not in selector.metric and not selector.metric.startswith(OTHERS):
                yield from wrong(selector, shown, {}, {})
