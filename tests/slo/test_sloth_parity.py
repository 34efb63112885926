"""Our rules beside the real sloth's: the same names, labels, alerts and, under steady traffic, the same values."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from alerts import rule_files
from slo.catalogue import Catalogue
from slo.load import load
from slo.rule import Alert, Group, Record, to_yaml
from tests.slo.answers import BOTH_PROMTOOLS, Vector, ask, check, sloth

SHARED = Path(__file__).resolve().parents[3] / "shared" / "specs" / "sloth"

WEB = """
version: prometheus/v1
service: web
labels: {owner: till, tier: "2"}
slos:
  - name: availability
    objective: 99.9
    description: Answers that are no failure of ours.
    labels: {tier: "1"}
    sli:
      events:
        error_query: sum(rate(web_requests_total{job="web",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(web_requests_total{job="web"}[{{.window}}]))
    alerting:
      name: WebAvailability
      labels: {category: availability, severity: high}
      annotations: {summary: "High error rate of '{{ $labels.sloth_slo }}'", runbook: "https://example.org/a?b=c#d"}
      page_alert:
        labels: {routing_key: till, severity: pageteam}
        annotations: {title: "ours: {{ $value | humanizePercentage }}"}
      ticket_alert:
        labels: {slack_channel: "#till"}
  - name: latency
    objective: 95
    sli:
      events:
        error_query: |
          (
            sum(rate(web_seconds_count[{{ .window }}])) # all
            -
            sum(rate(web_seconds_bucket{le="0.5"}[{{- .window -}}]))
          )
        total_query: sum(rate(web_seconds_count[{{.window}}]))
    alerting: {name: WebLatency, ticket_alert: {disable: true}}
"""
BY_CODE = """
version: "prometheus/v1"
service: web
slos:
  - name: per-route
    objective: 99
    sli:
      events:
        error_query: sum by (route) (rate(web_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum by (route) (rate(web_requests_total[{{.window}}]))
    alerting: {name: RouteErrors, page_alert: {disable: true}}
---
version: 'prometheus/v1'
service: web-raw
slos:
  - name: ratio
    objective: 99.5
    sli:
      raw:
        error_ratio_query: |
          sum(rate(web_requests_total{code=~"5.."}[{{.window}}])) / sum(rate(web_requests_total[{{.window}}]))
    alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
  - name: increases
    objective: 99
    sli:
      events:
        error_query: sum(increase(web_requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(increase(web_requests_total[{{.window}}]))
    alerting: {name: Increases}
"""
PERIODS = "version: prometheus/v1\nservice: periods\nslos:\n" + "".join(
    f"""
  - name: over-{days}d
    objective: 99
    window: {days}d
    sli:
      events:
        error_query: sum(rate(web_requests_total{{code=~"5.."}}[{{{{.window}}}}]))
        total_query: sum(rate(web_requests_total[{{{{.window}}}}]))
    alerting: {{name: Over{days}d}}
"""
    for days in (1, 2, 3, 5, 7, 10, 28, 30, 90)
)
CRD = """
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: web, namespace: monitoring}
spec:
  service: web
  labels: {cluster: valhalla}
  slos:
    - name: availability
      objective: 99.99
      sli:
        events:
          errorQuery: sum(rate(web_requests_total{job="web",code=~"(5..|429)"}[{{.window}}]))
          totalQuery: sum(rate(web_requests_total{job="web"}[{{.window}}]))
      alerting:
        name: WebAvailability
        pageAlert: {labels: {severity: critical}}
        ticketAlert: {labels: {severity: warning}}
"""
OWN = {"web": WEB, "groups-and-raw": BY_CODE, "periods": PERIODS, "crd": CRD}
FILES = [*OWN, *(path.name for path in sorted(SHARED.glob("*.y*ml")))]

# Ten requests a second, one in five of them bad or slow, in every metric that the specs ask for.
STEADY = {
    'web_requests_total{job="web",route="/",code="200"}': "0+480x30",
    'web_requests_total{job="web",route="/",code="500"}': "0+120x30",
    'web_seconds_count{job="web"}': "0+600x30",
    'web_seconds_bucket{job="web",le="0.5"}': "0+480x30",
    **{
        f'http_request_duration_seconds_count{{job="{job}",code="{code}"}}': f"0+{growth}x30"
        for job in ("myservice", "myapp")
        for code, growth in (("200", 480), ("500", 120))
    },
    'apiserver_request_total{code="200"}': "0+480x30",
    'apiserver_request_total{code="503"}': "0+120x30",
    'apiserver_request_duration_seconds_count{verb="GET"}': "0+600x30",
    'apiserver_request_duration_seconds_bucket{verb="GET",le="0.4"}': "0+480x30",
    **{f'unifipoller_client_satisfaction_ratio{{client="{n}"}}': f"{0.3 + n / 10}x30" for n in range(6)},
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One file of specs, and its rules by either engine."""

    catalogue: Catalogue
    ours: tuple[Group, ...]
    theirs: tuple[Group, ...]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Both engines' rules of one file, made once."""

    @cache
    def made(name: str) -> Pair:
        path = SHARED / name
        if name in OWN:
            path = tmp_path_factory.mktemp("specs") / "spec.yaml"
            path.write_text(OWN[name])
        found = load([str(path)])
        (file,) = found.files
        theirs = rule_files.sloth_groups_of(file, sloth().rules(found))
        return Pair(found, tuple(rule_files.groups_of(file)), tuple(theirs))

    return made


def _rules(groups, kind):
    return [rule for group in groups for rule in group.rules if isinstance(rule, kind)]


@pytest.mark.parametrize("name", FILES)
def test_every_slo_of_every_document_comes_out(pair, name):
    """Each SLO has its info series under both engines: no document of a file is lost."""
    expected = {(slo.service, slo.name) for slo in pair(name).catalogue.slos}
    for groups in (pair(name).ours, pair(name).theirs):
        info = [dict(record.labels) for record in _rules(groups, Record) if record.name == "sloth_slo_info"]
        assert {(labels["sloth_service"], labels["sloth_slo"]) for labels in info} == expected


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_promtool_accepts_everything(pair, tool, tmp_path):
    """Both engines' files of every spec pass the strictest lint."""
    for name in FILES:
        for engine, groups in (("ours", pair(name).ours), ("theirs", pair(name).theirs)):
            (tmp_path / f"{name}.{engine}").write_text(to_yaml(groups))
    done = check(tool, *tmp_path.iterdir())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FILES)
def test_our_records_are_a_superset_of_sloths(pair, name):
    """Every record of sloth's has one of ours with its name and its labels, to the letter."""
    theirs, ours = (
        {(record.name, record.labels) for record in _rules(groups, Record)}
        for groups in (pair(name).theirs, pair(name).ours)
    )
    assert theirs - ours == set()


@pytest.mark.parametrize("name", FILES)
def test_both_engines_have_the_same_alerts(pair, name):
    """The same names, labels, annotations and delays; only expressions differ."""
    theirs, ours = (
        sorted((alert.name, alert.labels, alert.annotations, alert.for_seconds) for alert in _rules(groups, Alert))
        for groups in (pair(name).theirs, pair(name).ours)
    )
    assert theirs == ours


@pytest.mark.parametrize("name", FILES)
def test_steady_traffic_gives_the_same_values_to_twelve_digits(pair, name):
    """Whatever sloth records after half an hour of steady traffic, we record; and the same alerts fire."""
    asked = [("30m", '{__name__=~"slo:.+|sloth_.+"}'), ("30m", "ALERTS")]
    (theirs, their_alerts), (ours, our_alerts) = (
        ask(to_yaml(groups), STEADY, asked, sample="1m", step="2m") for groups in (pair(name).theirs, pair(name).ours)
    )
    # sloth reckons the budget of 99.99 % as 1 - 0.9998999999999999, which is off by 1e-12 itself.
    assert {key: ours.get(key) for key in theirs} == pytest.approx(theirs, rel=1.1e-12, abs=1e-12)
    assert set(_firing(their_alerts)) == set(_firing(our_alerts))
    if name in OWN:
        assert _measured(theirs) == {(slo.service, slo.name) for slo in pair(name).catalogue.slos}


def _firing(alerts: Vector) -> list[frozenset[tuple[str, str]]]:
    return [labels for labels in alerts if ("alertstate", "firing") in labels]


def _measured(records: Vector) -> set[tuple[str, str]]:
    found = [dict(labels) for labels, number in records.items() if number > 0]
    return {(f["sloth_service"], f["sloth_slo"]) for f in found if f["__name__"] == "slo:period_burn_rate:ratio"}
