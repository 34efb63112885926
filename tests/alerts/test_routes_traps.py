"""The eight traps of Alertmanager and PagerDuty, one by one, against the configuration that is generated.

1 (hours are not inherited) is in test_routes_hours.py, 5's limits in test_pagerduty.py, 4's for nodes in
test_inhibitions_directions.py.
"""

import subprocess

import pytest
import yaml

from alerts import inhibitions, orphans, routes
from local.pagerduty_event import MAX_DEDUP_KEY, SEVERITIES
from slo.key_files import missing_keys
from tests.alerts.running import alertmanager, until
from tests.alerts.shops import ROOT, burning, held, shop
from tests.slo.answers import catalogue, document, slo
from tools import install


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The configuration of the shop."""
    return routes.config(shop(tmp_path_factory.mktemp("specs") / "specs"))


@pytest.fixture(scope="module")
def running(made, tmp_path_factory):
    """An Alertmanager with it."""
    with alertmanager(made, tmp_path_factory.mktemp("alertmanager")) as found:
        yield found


def _incident(running, cluster: str):
    found = [
        one for one in running.heard.incidents if one.payload["source"].startswith(cluster) and one.team != "platform"
    ]
    return found[0] if found else None


def test_2_the_key_of_an_incident_is_that_of_its_route(running, made):
    """What alerts.orphans forecasts is what PagerDuty gets: for a cause, a dependant, a ticket and a stranger."""
    alerts = (
        burning("payments", cluster="keys"),
        burning("orders", cluster="keys", **{"sloth_id": 'with "quotes"'}),
        {"alertname": 'Say "so"\\', "severity": "ticket", "team": "payments", "cluster": "keys"},
        {"alertname": "Stranger", "cluster": "keys"},
    )
    running.send(*alerts)
    expected = {(way.dedup_key, way.key_file.split("/")[-2]) for labels in alerts for way in orphans.ways(made, labels)}
    at_once = {key for key in expected if key[1] != "platform"}
    until(lambda: {(e["dedup_key"], e["team"]) for e in running.events if _of(e, "keys")} == at_once)
    assert len(at_once) == 4
    assert all(len(key) <= MAX_DEDUP_KEY for key, _ in expected)


def _of(event, cluster: str) -> bool:
    return event["payload"].get("source", "").startswith(cluster)


def test_3_an_alert_that_joins_wakes_nobody_anew(running):
    """It is one more trigger of the same incident, whose text counts it: one problem is one page."""
    running.send(burning("payments", cluster="joins", instance="a"))
    until(lambda: _incident(running, "joins"))
    running.send(burning("payments", cluster="joins", instance="b"))
    until(lambda: _incident(running, "joins").triggers == 2)
    assert [one.team for one in running.heard.incidents if one.payload["source"].startswith("joins")] == ["payments"]
    last = [event for event in running.events if _of(event, "joins")][-1]
    assert int(last["payload"]["custom_details"]["num_firing"]) == 2


def test_3_what_is_silenced_and_then_mended_stays_open(running):
    """Nothing that we can configure changes it: whoever silences resolves the incident by hand, as runbooks say."""
    alert = {"alertname": "Silenced", "severity": "page", "team": "payments", "cluster": "silenced"}
    running.send(alert)
    until(lambda: _incident(running, "silenced"))
    running.silence("Silenced")
    running.end(alert)
    until(lambda: not [one for one in running.alerts() if one["labels"]["alertname"] == "Silenced"])
    running.send({**alert, "alertname": "Witness", "cluster": "silence witness"})
    until(lambda: _incident(running, "silence witness"))
    assert _incident(running, "silenced").is_open


def test_4_labels_that_both_alerts_lack_mute_nothing(running):
    """A page without an SLO and a ticket without one have nothing in common; nor have two without a service."""
    page, ticket = ({"alertname": "Odd", "sloth_severity": severity} for severity in ("page", "ticket"))
    lost = {**burning("orders"), "service": "", "slo": ""}
    nobodys = {**held("orders"), "service": "", "slo": ""}
    witness = (burning("payments", cluster="equal"), burning("payments", severity="ticket", cluster="equal"))
    running.send(page, ticket, nobodys, lost, *witness)
    until(lambda: witness[1] in running.muted())
    assert [one["alertname"] for one in running.muted() if "cluster" not in one] == []


def test_4_what_inhibitions_are_about_must_be_there(made):
    """Of each label that a rule compares, one at least must not be empty, on both sides."""
    for rule in made["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            there = {matcher.removesuffix('!=""') for matcher in rule[side] if matcher.endswith('!=""')}
            assert there & {*rule["equal"]}, rule


def test_5_every_severity_is_one_of_pagerdutys(made):
    """amtool takes any word; PagerDuty refuses the event."""
    configs = [one for receiver in made["receivers"] for one in receiver.get("pagerduty_configs", ())]
    words = {one["severity"] for one in configs if "{{" not in one["severity"]}
    assert words == {"critical", "warning"}
    assert words < {*SEVERITIES}


def test_6_it_is_a_whole_configuration_and_no_object_of_the_operator(made):
    """An AlertmanagerConfig would get a matcher on its namespace: what is tested here is what ships."""
    assert {*made} == {"global", "route", "time_intervals", "inhibit_rules", "receivers"}
    assert "namespace=" not in str(made["route"])


def test_7_names_in_inhibitions_are_those_of_real_alerts():
    """amtool does not notice a rule that can never match."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "alerts/specs").glob("*.yaml"))
    for name in (inhibitions.CLUSTER_DOWN, inhibitions.WATCHDOG, *inhibitions.NODE_DOWN, *inhibitions.SYMPTOMS):
        assert f"name: {name}\n" in text, name


def test_7_a_missing_key_file_passes_amtool_and_not_us(made, tmp_path):
    """Alertmanager would find out when it has to wake somebody."""
    (tmp_path / "alertmanager.yaml").write_text(yaml.safe_dump(made))
    command = [install.find("amtool"), "check-config", tmp_path / "alertmanager.yaml"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    faults = missing_keys(shop(tmp_path / "specs").routing, str(tmp_path))
    assert f"{tmp_path}/orders/routing_key: is missing; expected a PagerDuty integration key" in map(str, faults)


def test_7_each_repeat_is_a_multiple_of_its_groups_interval(made):
    """Or it comes late by up to one interval."""
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}

    def timers(route, interval, repeat):
        interval, repeat = route.get("group_interval", interval), route.get("repeat_interval", repeat)
        yield interval, repeat
        for child in route.get("routes", ()):
            yield from timers(child, interval, repeat)

    found = {*timers(made["route"], "", "")}
    assert found == {("1m", "1h"), ("5m", "1d"), ("1m", "4m")}
    for interval, repeat in found:
        assert (int(repeat[:-1]) * seconds[repeat[-1]]) % (int(interval[:-1]) * seconds[interval[-1]]) == 0


def test_8_no_receiver_is_named_that_is_not_there_and_none_is_left_out(made):
    """amtool finds the first, nobody the second."""

    def named(route):
        return {route.get("receiver")}.union(*map(named, route.get("routes", ()))) - {None}

    assert named(made["route"]) == {receiver["name"] for receiver in made["receivers"]}


def test_names_that_alertmanager_cannot_read_are_left_out(tmp_path):
    """A grouping in quotes, a dot in an id, an odd name of an alert: the configuration still loads."""
    odd = slo("a.b").replace("Burning", """'say "x" (a|b)[^c]\\d'""")
    found = catalogue(
        document(odd, service="shop", head="depends_on: [till]\n")
        + "---\n"
        + document(slo("availability"), service="till"),
        tmp_path,
    )
    path = tmp_path / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(routes.config(found)))
    done = subprocess.run([install.find("amtool"), "check-config", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = burning("shop", "a.b", alertname='say "x" (a|b)[^c]\\d')
    with alertmanager(routes.config(found), tmp_path) as running:
        running.send(held("shop", "a.b", cause="till"), page)
        until(lambda: page in running.muted())


def test_routing_of_nothing_is_still_loud(running):
    """An alert without a single label of ours reaches people, under a name that says what is wrong."""
    running.send({"alertname": "Anything", "cluster": "loud"})
    until(lambda: _incident(running, "loud"))
    assert _incident(running, "loud").payload["summary"].startswith("[UNROUTED] ")
