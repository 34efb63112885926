"""Every metric, label, value and bucket that a rule names is one that the running shop shows.

What exporters of others show stands in alerts/metrics.yaml, which is held against the real programs where they run.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.shop import SERVICES, WORKERS
from services.shared import http_exchange, outbound
from tests.contract.selectors import Exposed, Named, faults, listed, listed_faults, named, recorded_faults

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "generated" / "prometheus" / "rules").glob("*.yaml"))
EXPORTERS = listed(yaml.safe_load((ROOT / "alerts" / "metrics.yaml").read_text(encoding="utf-8")))
MOST_SERIES = 5000
# What comes with the event itself: any status of HTTP, as a number or, in a pattern, with its digits left open.
POSSIBLE = {"http_response_status_code": r"[1-5](?:\.\.|\d\d)"}
CALLS = "http_client_request_duration_seconds"
ALERTS = "ALERTS"
# Ids, addresses, raw paths: what would make a series for each customer.
PERSONAL = re.compile(r"^(?:u_|ord_|cart_)[0-9a-f]{8}|@|/ord_|[0-9a-f]{32}")


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each generated rule, with the file that it stands in."""
    for file in RULES:
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield file.name, rule


def test_every_service_has_promises() -> None:
    """A service without a spec is one that nobody watches."""
    assert {file.stem for file in (ROOT / "slo" / "specs").glob("*.yaml")} >= set(SERVICES)


def wrong(selector: Named, exposed: Exposed, records: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """What *selector* names that neither a rule records, nor the shop or an exporter shows."""
    if ":" in selector.metric or selector.metric == ALERTS:
        yield from recorded_faults(selector, records[selector.metric])
    elif selector.metric in EXPORTERS and selector.metric not in exposed.series:
        yield from listed_faults(selector, EXPORTERS[selector.metric])
    else:
        calls = {"outcome": "|".join(outcomes())} if selector.metric.startswith(CALLS) else {}
        yield from faults(selector, exposed, POSSIBLE | calls)


def outcomes() -> set[str]:
    """How a call to another service can end, in the words of the code: each comes with the first call that ends so."""
    words = {f"{first}xx" for first in range(1, 6)}
    for module in (http_exchange, outbound):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="NotConnected" | "Unanswered"), args=[_, ast.Constant(value=str(word))]):
                    words.add(word)
                case ast.Assign(targets=[ast.Name(id="outcome")], value=ast.Constant(value=str(word))):
                    words.add(word)
    return words


def test_what_rules_name_is_shown(exposed: Exposed) -> None:
    """Raw metrics by the running shop or an exporter, recorded ones by another rule with these labels."""
    records: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, rule in rules():
        if "record" in rule:
            records[rule["record"]].append(rule)
        else:  # Prometheus writes a series of each alert, with its labels.
            records[ALERTS].append({"labels": {**rule["labels"], "alertname": rule["alert"]}})
    found, looked_at = [], 0
    for file, rule in rules():
        for selector in named(str(rule["expr"])):
            looked_at += ":" not in selector.metric
            found += [
                f"{file}: {rule.get('record') or rule.get('alert')}: {each}"
                for each in wrong(selector, exposed, records)
            ]
    assert sorted(set(found)) == []
    assert looked_at > 3 * len(RULES)


def test_the_ends_of_calls_are_read_from_the_code() -> None:
    """All that the client counts, so that an alert may name what no test run meets."""
    assert outcomes() >= {"timeout", "refused", "reset", "invalid", "no_time", "breaker_open", "error", "2xx", "5xx"}
    assert "timed_out" not in outcomes()


def test_no_service_shows_too_many_series(exposed: Exposed) -> None:
    """Each bounded; none of them for one customer, order or address."""
    assert {name: exposed.count(name) for name in (*SERVICES, *WORKERS) if exposed.count(name) > MOST_SERIES} == {}
    values = {value for series in exposed.series.values() for each in series for value in each.values()}
    assert [value for value in values if PERSONAL.search(value)] == []


@pytest.mark.parametrize(
    "metric", ["shop_oversold_units_total", "shop_captures_checked_total", "shop_payment_unknown_count"]
)
def test_what_must_never_happen_has_a_number(exposed: Exposed, metric: str) -> None:
    """From the start, so that the first unit, charge or doubt is a change that an alert sees."""
    assert exposed.series[metric]


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ('sum(rate(http_server_requests_total{job="orders",traffic="user"}[5m]))', None),
        ('rate(http_server_requests_total{job="orders",http_response_status_code=~"5..|429"}[5m])', None),
        ('rate(http_server_requestz_total{job="orders"}[5m])', "no service shows this metric"),
        ('rate(http_server_requests_total{trafic="user"}[5m])', "no label trafic"),
        ('rate(http_server_requests_total{traffic="users"}[5m])', "is none of"),
        ('rate(http_server_requests_total{http_response_status_code=~"5..|ok"}[5m])', "is none of"),
        ('rate(http_server_request_duration_seconds_bucket{job="orders",le="0.3"}[5m])', "is none of"),
        ('rate(http_server_requests_total{job="users",http_route="/api/v1/orders"}[5m])', "at once"),
        ("rate(shop_payment_unknown_count[5m])", "a rate of a gauge"),
    ],
)
def test_a_wrong_name_is_told(exposed: Exposed, expression: str, fault: str | None) -> None:
    """Each kind of mistake, with what it is."""
    said = [each for selector in named(expression) for each in faults(selector, exposed, POSSIBLE)]
    if fault is None:
        assert said == []
    else:
        assert any(fault in each for each in said), said


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        (
            'rate(http_client_request_duration_seconds_count{peer_service="payments",outcome=~"reset|invalid"}[5m])',
            None,
        ),
        ('rate(http_client_request_duration_seconds_count{outcome=~"timeout|timed_out"}[5m])', "is none of"),
        ('job_last_success_timestamp_seconds{job="inventory",exported_job="expire"}', None),
        ('job_last_success_timestamp_seconds{job="inventory",exported_job="purge"}', "at once"),
        ('kpi:value{kpi="request-rate",service="orders"}', None),
        ('kpi:value{kpi="request-rat",service="orders"}', "no rule records it"),
        ("kpi:valeu", "no rule records this"),
        ('node_cpu_seconds_total{mode="idle",instance="a"}', None),
        ('node_cpu_seconds_total{moode="idle"}', "no label moode"),
        ("rate(node_memory_MemTotal_bytes[5m])", "a rate of a gauge"),
    ],
)
def test_a_wrong_name_in_an_alert_is_told(exposed: Exposed, expression: str, fault: str | None) -> None:
    """What only threshold alerts read: ends of calls, jobs, records, exporters of others."""
    rule = {"record": "kpi:value", "labels": {"kpi": "request-rate", "service": "orders"}}
    records = defaultdict(list, {"kpi:value": [rule]})
    said = [each for selector in named(expression) for each in wrong(selector, exposed, records)]
    if fault is None:
        assert said == []
    else:
        assert any(fault in each for each in said), said


def test_a_metric_is_the_shops_or_an_exporters(exposed: Exposed) -> None:
    """One that stands in the list and is shown by the shop would be held against whichever is looked at first."""
    shared = {name for name in EXPORTERS if name in exposed.series}
    assert {name for name in shared if not name.startswith(("process_", "python_"))} == set()
