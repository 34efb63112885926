"""Recorded series stand in for raw ones where they say the same, and nowhere else."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from alerts import rule_files
from dashboards import index
from dashboards.model import Dashboard
from dashboards.queries import queries
from dashboards.recorded import read, with_exemplars
from slo import artifact, request_records
from slo.catalogue import Catalogue
from slo.conventions import (
    ANSWERS,
    ANSWERS_IN_TIME,
    ANSWERS_IN_TIME_BY_ROUTE,
    CALLS_BY_OUTCOME,
    REQUESTS_BY_CODE,
    STATEMENTS_IN_TIME,
)
from slo.request_records import RECORDS
from tools.install import find

SERVED = "http_server_request_duration_seconds"
PAGES = ("tw-application", "tw-user-experience", "tw-service-orders", "tw-service-storefront")
"""Whoever opens these in an outage opens them all at once."""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            'sum by (job) (rate(http_server_requests_total{job="a",traffic="user"}[5m]))',
            f'sum by (job) ({REQUESTS_BY_CODE}{{job="a",traffic="user"}})',
        ),
        ('sum(rate(http_server_requests_total{traffic="user"}[5m]))', f'sum({REQUESTS_BY_CODE}{{traffic="user"}})'),
        (
            f'1 - sum(rate({SERVED}_bucket{{traffic="user",le="0.5"}}[5m]))\n'
            f'  / sum(rate({SERVED}_count{{traffic="user"}}[5m]))',
            f'1 - sum({ANSWERS_IN_TIME}{{traffic="user",le="0.5"}})\n  / sum({ANSWERS}{{traffic="user"}})',
        ),
        (
            f'sum by (http_route, le) (rate({SERVED}_bucket{{traffic="user"}}[5m]))',
            f'sum by (http_route, le) ({ANSWERS_IN_TIME_BY_ROUTE}{{traffic="user"}})',
        ),
        (
            'sum by (operation, le) (rate(db_client_operation_duration_seconds_bucket{job=~"(a)(-worker)?"}[5m]))',
            f'sum by (operation, le) ({STATEMENTS_IN_TIME}{{job=~"(a)(-worker)?"}})',
        ),
        (
            'sum by (job) (rate(http_client_request_duration_seconds_count{outcome=~"5xx|}"}[5m]))',
            f'sum by (job) ({CALLS_BY_OUTCOME}{{outcome=~"5xx|}}"}})',
        ),
    ],
    ids=["a rate by service", "of all", "a share of a bucket", "by route", "statements", "a brace in a value"],
)
def test_what_is_recorded_is_read(raw: str, expected: str) -> None:
    """Selectors and grouping stay as they are."""
    assert read(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        'sum(rate(http_server_requests_total{job="a"}[5m]))',
        'sum(rate(http_server_requests_total{traffic="probe"}[5m]))',
        'sum(rate(http_server_requests_total{traffic=~"user"}[5m]))',
        'sum(rate(http_server_requests_total{traffic="user"}[2m]))',
        'sum by (http_route) (rate(http_server_requests_total{traffic="user"}[5m]))',
        'sum(rate(http_server_requests_total{traffic="user",instance="a"}[5m]))',
        'sum(rate(http_server_requests_total{traffic="user"}[5m])) by (http_route)',
        'max(rate(http_server_requests_total{traffic="user"}[5m]))',
        'sum(rate(http_server_requests_total{traffic="user"}[5m] offset 1h))',
        'sum(increase(http_server_requests_total{traffic="user"}[5m]))',
        'sum without (instance) (rate(http_server_requests_total{traffic="user"}[5m]))',
        'sum(rate(shop_orders_total{traffic="user"}[5m]))',
    ],
)
def test_what_is_another_number_stays_raw(raw: str) -> None:
    """Of everybody, over another window, by what is not kept, by another function, of another metric."""
    assert read(raw) == raw


def test_pages_about_requests_read_no_raw_histogram(dashboards: dict[str, Dashboard]) -> None:
    """Not for a line, which would read it anew at each of its points; but for what browsers report, which is little."""
    raw = [
        (each.dashboard, each.panel)
        for each in queries([dashboards[uid] for uid in PAGES])
        if re.search(r"\w+_bucket\{[^}]*\}\[(?!1ms)", each.expression)
        and not each.instant
        and "rum_" not in each.expression
    ]
    assert raw == []


def test_naming_raw_series_for_their_exemplars_changes_no_answer(tmp_path: Path) -> None:
    """Neither where there are samples, nor where there are none."""
    raw = 'raw_bucket{le="1"}'
    checks = [
        {
            "expr": with_exemplars("sum(recorded)", raw),
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": 3}],
        },
        {"expr": with_exemplars("sum(nothing)", raw), "eval_time": "10m", "exp_samples": []},
    ]
    series = [{"series": "recorded", "values": "3x10"}, {"series": raw, "values": "0+1x10"}]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": checks}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))
    done = subprocess.run(
        [str(find("promtool")), "test", "rules", str(tmp_path / "test.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


RULES_AND_TESTS = frozenset({artifact.RULES, artifact.ALERTS, artifact.TESTS})


def paths(catalogue: Catalogue, kinds: frozenset[str] = RULES_AND_TESTS) -> list[str]:
    """Of the files that are built."""
    return [made.path for made in rule_files.build(catalogue, kinds, None)]


def test_rules_of_requests_come_with_the_pages_that_read_them(catalogue: Catalogue) -> None:
    """Whoever gives specs alone gets neither."""
    both = ["prometheus/rules/request-records.yaml", "prometheus/tests/request-records.yaml"]
    assert paths(catalogue)[-2:] == both
    assert not set(both) & set(paths(replace(catalogue, alert_files=())))
    assert both[0] not in paths(catalogue, frozenset({artifact.ALERTS}))
    strangers = {each.uid for each in index.dashboards(replace(catalogue, alert_files=()))}
    assert strangers == {"tw-slo-overview", "tw-slo-detail", "tw-business"}


def test_a_record_that_forgets_a_label_fails_its_own_test(tmp_path: Path) -> None:
    """The generated test is one that can fail: by each label, and by whose requests are counted."""
    folder = Path(__file__).parents[2] / "generated/prometheus"
    rules = (folder / "rules/request-records.yaml").read_text(encoding="utf-8")
    for name in ("rules", "tests"):
        (tmp_path / name).mkdir()
    (tmp_path / "tests/request-records.yaml").write_text((folder / "tests/request-records.yaml").read_text())
    command = [str(find("promtool")), "test", "rules", "request-records.yaml"]

    def passes(text: str) -> bool:
        (tmp_path / "rules/request-records.yaml").write_text(text)
        return subprocess.run(command, cwd=tmp_path / "tests", capture_output=True, check=False).returncode == 0

    assert passes(rules)
    assert not passes(rules.replace("cluster, ", ""))
    for record in RECORDS:
        assert not passes(rules.replace(f"{', '.join(record.kept)})", f"{', '.join(record.kept[:-1])})", 1)), (
            record.name
        )
    assert not passes(rules.replace('requests_total{traffic="user"}', "requests_total"))


def test_few_rules_of_one_minute() -> None:
    """Within a ruler's limit, and no staler than a page's own step."""
    group = request_records.group()
    assert len(group.rules) <= 20
    assert group.interval_seconds == 60
