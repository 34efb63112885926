"""slo.alert_load, slo.threshold_check and slo.alert_conflicts: files of alerts, and every fault at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.catalogue import Catalogue
from slo.errors import SpecErrors
from slo.load import load
from slo.threshold_check import expression
from tests.slo.spec_texts import spec

ROUTING = "teams: {platform: {description: Machines.}}\n"
ALERT = """\
  - name: HighLoad
    severity: page
    query: max by (instance) (load)
    above: 0.85
    for: 15m
    unit: ratio
    summary: 'Load of {{ $labels.instance }} is {{ $value }}.'
    description: Above {{.above_percent}} % work waits on {{ $labels.instance }}.
    dashboard: tw-kubernetes
    cases:
      - name: busy
        series: {'load{instance="a"}': '1x30'}
        fires_at: 15m
        alerts: [{labels: {instance: a}, summary: Load of a is 1.}]
      - name: idle
        series: {'load{instance="a"}': '0x30'}
        silent_at: [20m]
"""


def alerts(*texts: str, head: str = "team: platform\nservice: machines\n") -> str:
    """A file of alerts."""
    return f"version: tillwatch/alerts/v1\n{head}alerts:\n{''.join(texts or (ALERT,))}"


def loaded(folder: Path, text: str, *, specs: str = "", routing: str = ROUTING) -> Catalogue:
    """The catalogue of one file of alerts, *specs* and *routing*."""
    for name, content in (("orders.yaml", specs or spec()), ("alerts.yaml", text), ("routing.yaml", routing)):
        (folder / name).write_text(content)
    return load([str(folder / "orders.yaml")], str(folder / "routing.yaml"), str(folder / "alerts.yaml"))


def told(folder: Path, text: str, **more: str) -> list[str]:
    """What is wrong, as people read it, without the path."""
    with pytest.raises(SpecErrors) as caught:
        loaded(folder, text, **more)
    return [str(fault).removeprefix(f"{fault.path}:") for fault in caught.value.faults]


def test_an_alert_is_read_with_its_limits_filled_in(tmp_path: Path) -> None:
    """The file's team and service are those of an alert that names none."""
    (alert,) = loaded(tmp_path, alerts()).alerts
    assert (alert.name, alert.team, alert.service, alert.for_seconds) == ("HighLoad", "platform", "machines", 900)
    assert alert.description == "Above 85 % work waits on {{ $labels.instance }}."
    assert expression(alert) == "(\nmax by (instance) (load)\n) > 0.85"
    busy, idle = alert.cases
    assert (busy.every_seconds, busy.fires_seconds, busy.resolves_seconds) == (60, 900, None)
    assert (idle.fires_seconds, idle.silent_seconds, idle.series) == (None, (1200,), (('load{instance="a"}', "0x30"),))


def test_conditions_stand_behind_the_comparison(tmp_path: Path) -> None:
    """In their order, with their parameters."""
    more = "    only_if: ['and on (instance) up > {{.least}}']\n    parameters: {least: 0.5}\n"
    (alert,) = loaded(tmp_path, alerts(ALERT + more)).alerts
    assert expression(alert).endswith(") > 0.85\nand on (instance) up > 0.5")


def test_one_alert_for_each_service_goes_to_its_team(tmp_path: Path) -> None:
    """Whatever names the service is filled in, in cases as well."""
    text = alerts(
        ALERT.replace("(load)", '(load{job="{{.service}}"})').replace("load{inst", 'load{job="{{.service}}",inst')
        + "    per_service: true\n",
        head="",
    )
    (alert,) = loaded(tmp_path, text, specs=spec(head="team: platform\n")).alerts
    assert (alert.service, alert.team) == ("orders", "platform")
    assert 'job="orders"' in alert.query
    assert alert.cases[0].series[0][0] == 'load{job="orders",instance="a"}'


def test_an_alert_about_requests_is_made_for_those_who_answer_them(tmp_path: Path) -> None:
    """What only asks, as probes do, has no request that could be slow; that it is gone is told all the same."""
    two = spec() + "---\n" + spec(service="probes", head="serves_http: false\n").replace("Burning", "Probing")
    of_each = ALERT.replace("(load)", '(load{job="{{.service}}"})') + "    per_service: true\n"
    of_http = of_each.replace("HighLoad", "HighErrors").replace("(load{", "(errors{") + "    serves_http: true\n"
    found = loaded(tmp_path, alerts(of_each, of_http), specs=two).alerts
    assert [(alert.name, alert.service) for alert in found] == [
        ("HighLoad", "orders"),
        ("HighLoad", "probes"),
        ("HighErrors", "orders"),
    ]


def test_whom_an_alert_is_about_is_said_where_it_is_made_for_several(tmp_path: Path) -> None:
    """Else it would seem to leave something out."""
    (fault,) = told(tmp_path, alerts(ALERT + "    serves_http: true\n"))
    assert "serves_http says for which services one is made, and belongs to per_service: true" in fault


def test_a_team_at_the_head_of_the_file_owns_what_is_made_for_each_service(tmp_path: Path) -> None:
    """Who watches for attacks watches all services."""
    text = ALERT.replace("(load)", '(load{job="{{.service}}"})') + "    per_service: true\n"
    routing = "teams: {platform: {description: Machines.}, shop: {description: The shop.}}\n"
    head = "team: platform\n"
    (alert,) = loaded(tmp_path, alerts(text, head=head), specs=spec(head="team: shop\n"), routing=routing).alerts
    assert (alert.service, alert.team) == ("orders", "platform")


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("above: 0.85", "above: 0.85\n    below: 1", "alerts[0]: expected above or below, got both"),
        ("above: 0.85", "abov: 0.85", "8:5: alerts[0].abov: unknown key; did you mean 'above'?"),
        ("above: 0.85", "above: much", "expected a number, got the text 'much'"),
        ("name: HighLoad", "name: high load", "'high load' is not an alert name; expected CamelCase"),
        ("severity: page", "severity: critical", "'critical' is not 'page', 'ticket' or 'info'"),
        ("dashboard: tw-kubernetes", "dashboard: k8s", "'k8s' is not a dashboard; expected one of tw-oncall"),
        ("max by (instance) (load)", "max by (instance) (load", "7:12: alerts[0].query: is not PromQL"),
        ("max by (instance) (load)", "load", "does not show which labels its alerts have"),
        ("max by (instance) (load)", "max by (service, instance) (load)", "groups by service, a label that the rule"),
        (
            "max by (instance) (load)",
            "max by (instance) (load) > {{.limit}}",
            "'limit' is not a parameter of this alert",
        ),
        ("is {{ $value }}.", "is high.", "does not say the number; expected {{ $value | … }} with its unit"),
        ("is {{ $value }}.", "is {{ $value }", "is not a template that Prometheus can read"),
        ("{{ $labels.instance }} is", "{{ $labels.node }} is", "shows the label node, which the result lacks"),
        ("on {{ $labels.instance }}.", "on {{ $value }}.", "holds a template other than {{ $labels.name }}"),
        ("    unit: ratio\n", "", "alerts[0].unit: is missing; expected what one of the number is"),
        ("    for: 15m\n", "    for: soon\n", "alerts[0].for: 'soon' is not a duration such as 10m or 1h"),
        ("fires_at: 15m", "fires_at: 90s", "cases[0].fires_at: is no evaluation; expected a multiple"),
        ("fires_at: 15m", "fires_at: 0", "there is none before it to be silent at"),
        ("fires_at: 15m", "fires_at: 15m\n        resolves_at: 15m", "resolves_at comes after fires_at"),
        ("        fires_at: 15m\n", "", "fires_at and alerts belong together"),
        ("        silent_at: [20m]\n", "", "a case without a moment proves nothing"),
        ("""load{instance="a"}': '0x""", """load > 1': '0x""", "is not a series: expected a name and labels"),
        ("unit: ratio", "unit: ratio\n    labels: {team: me}", "labels.team: is written by the rule itself"),
        (
            "unit: ratio",
            "unit: ratio\n    labels: {instance: b}",
            "would overwrite a label that tells the alerts apart",
        ),
        ("unit: ratio", "unit: ratio\n    only_if: [up > 0]", "only_if[0]: begins with none of and, or, unless"),
        ("unit: ratio", "unit: ratio\n    team: plattform", "unknown team 'plattform'; did you mean 'platform'?"),
        ("unit: ratio", "unit: ratio\n    parameters: {x: many}", "parameters.x: expected a number or a duration"),
        ("unit: ratio", "unit: ratio\n    evaluate_every: 0", "alerts[0].evaluate_every: 0 is no pace; expected a"),
        ("fires_at: 15m", "every: 0\n        fires_at: 15m", "cases[0].every: 0 is no pace; expected a duration"),
        ("'1x30'", "'0+1y30'", "'0+1y30' is no value for promtool; expected 1, 0+54x30, 1x5, _x10 or stale"),
        ("name: HighLoad", "name: DependencyDown", "DependencyDown is the alert of an SLO or KPI already"),
    ],
)
def test_a_fault_is_told_where_it_stands(tmp_path: Path, before: str, after: str, fault: str) -> None:
    """Each names the key and what was expected."""
    assert before in ALERT
    found = told(tmp_path, alerts(ALERT.replace(before, after)))
    assert [each for each in found if fault in each], found
    assert all(each[0].isdigit() for each in found)


@pytest.mark.parametrize(("kept", "lacks"), [(0, "in which it fires"), (1, "in which it stays silent")])
def test_an_alert_is_seen_to_fire_and_to_stay_silent(tmp_path: Path, kept: int, lacks: str) -> None:
    """Without a case of each it is an error."""
    head, *cases = ALERT.split("      - name: ")
    text = f"{head}      - name: {cases[1 - kept]}"
    assert any(f"no case {lacks}" in fault for fault in told(tmp_path, alerts(text)))


@pytest.mark.parametrize(
    "values", ["1x30", "0+57.6x16 -0.6+0x4", "5 _ _x3 8", "1e3-2x3 stale", "{{schema:0 count:1 sum:2}}", "+Inf NaN"]
)
def test_values_are_what_promtool_reads(tmp_path: Path, values: str) -> None:
    """Numbers, runs, gaps, ends and histograms."""
    (alert,) = loaded(tmp_path, alerts(ALERT.replace("1x30", values))).alerts
    assert alert.cases[0].series == (('load{instance="a"}', values),)


def test_an_unknown_team_is_told_once_where_it_stands(tmp_path: Path) -> None:
    """At the head of the file for all of its alerts; one that a spec has given is the spec's fault alone."""
    two = (ALERT, ALERT.replace("HighLoad", "HighLoadAgain").replace("(load)", "(load5)"))
    assert told(tmp_path, alerts(*two, head="team: plattform\n")) == [
        "2:7: team: unknown team 'plattform'; did you mean 'platform'?"
    ]
    each = [alert + "    per_service: true\n" for alert in two]
    assert told(tmp_path, alerts(*each, head=""), specs=spec(head="team: plattform\n")) == [
        "3:7: team: unknown team 'plattform'; did you mean 'platform'?"
    ]


def test_nobody_is_told(tmp_path: Path) -> None:
    """An alert without a team falls to nobody, unless it is for information alone."""
    assert any("nobody is told: expected a team" in fault for fault in told(tmp_path, alerts(head="service: m\n")))


def test_names_and_conditions_stand_once(tmp_path: Path) -> None:
    """A second alert of one name, and one of another name that says the same."""
    twice = told(tmp_path, alerts(ALERT, ALERT.replace("(load)", "(load5)")))
    assert any("alerts[1].name: HighLoad stands in" in fault for fault in twice)
    same = told(tmp_path, alerts(ALERT, ALERT.replace("HighLoad", "HighLoadAgain")))
    assert any("alerts[1].query: has the expression of HighLoad" in fault for fault in same)


def test_an_alert_of_an_slo_keeps_its_name(tmp_path: Path) -> None:
    """Two conditions under one name would share a runbook and an incident."""
    found = told(tmp_path, alerts(ALERT.replace("HighLoad", "OrdersAbsent")))
    assert any("OrdersAbsent is the alert of an SLO or KPI already" in fault for fault in found)


def test_a_missing_runbook_is_an_error(tmp_path: Path) -> None:
    """Of SLO alerts and threshold alerts; a similar name is shown."""
    (tmp_path / "runbooks").mkdir()
    for name in ("Orders", "OrdersAbsent", "HighLode"):
        (tmp_path / "runbooks" / f"{name}.md").write_text("")
    links = "links: {runbook: 'https://a.example/{alert}', dashboards: 'https://g.example'}\n"
    (fault,) = told(tmp_path, alerts(), routing=ROUTING + links)
    assert "alerts[0].name: " in fault
    assert "runbooks/HighLoad.md is missing; did you mean 'HighLode'?; ./generate.py new-runbook HighLoad" in fault
    (tmp_path / "runbooks" / "HighLoad.md").write_text("")
    assert len(loaded(tmp_path, alerts(), routing=ROUTING + links).alerts) == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty; expected version: tillwatch/alerts/v1"),
        ("version: tillwatch/alerts/v2\n", "'tillwatch/alerts/v2' is not 'tillwatch/alerts/v1'"),
        (alerts() + "---\n" + alerts(), "a second document; expected one"),
        ("version: [", "is not YAML"),
    ],
)
def test_what_is_no_file_of_alerts_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    """One error that says so."""
    assert any(fault in each for each in told(tmp_path, text))


def test_services_that_depend_on_one_another_are_refused(tmp_path: Path) -> None:
    """Each of them would mute the other's page."""
    both = spec(head="depends_on: [users]\n") + "---\n" + spec(service="users", head="depends_on: [orders]\n")
    found = told(tmp_path, alerts(), specs=both)
    assert [each for each in found if "depends_on[0]: closes a circle: orders → users → orders" in each]
