"""alerts.routes: the real amtool reads the configuration and says who is woken by what."""

import subprocess

import pytest
import yaml

from alerts import routes
from slo.load import load
from slo.model import Team
from tests.alerts.running import alertmanager, until
from tests.slo.answers import EVENTS, catalogue, document, slo
from tools import install

TEAMS = (Team(name="catalog", description="Products."), Team(name="till", description="Money."))


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    """The configuration of two teams, on disk."""
    path = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(routes.config(TEAMS)))
    return path


def _amtool(*arguments) -> str:
    done = subprocess.run([install.find("amtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _receiver(configuration, **labels: str) -> str:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    return _amtool("config", "routes", "test", f"--config.file={configuration}", *pairs)


def test_alertmanager_accepts_it(configuration):
    """Global settings, routes, inhibitions and a receiver for each team and severity."""
    said = _amtool("check-config", configuration)
    assert "SUCCESS" in said
    assert " - 5 receivers" in said


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"sloth_severity": "page", "severity": "page", "team": "till"}, "till-page"),
        ({"sloth_severity": "ticket", "severity": "ticket", "team": "till"}, "till-ticket"),
        ({"sloth_severity": "page", "severity": "pageteam", "team": "catalog"}, "catalog-page"),
        ({"sloth_severity": "ticket", "severity": "page", "team": "catalog"}, "catalog-ticket"),
        ({"severity": "page", "team": "catalog"}, "catalog-page"),
        ({"severity": "ticket", "team": "catalog"}, "catalog-ticket"),
        ({"sloth_severity": "page", "severity": "page"}, "unrouted"),
        ({"sloth_severity": "page", "severity": "page", "team": "nobody"}, "unrouted"),
        ({"severity": "pageteam", "team": "till"}, "unrouted"),
        ({"team": "till"}, "unrouted"),
        ({"alertname": "Watchdog"}, "unrouted"),
    ],
    ids=[
        "a page",
        "a ticket",
        "a page with a severity of the user's own",
        "a ticket that the user calls a page is still a ticket",
        "a page of something other than an SLO",
        "a ticket of something other than an SLO",
        "a page without a team",
        "a page of a team that nobody knows",
        "a severity that nobody knows",
        "no severity",
        "nothing that we made",
    ],
)
def test_who_is_woken(configuration, labels, receiver):
    """Every alert has exactly one receiver; what nobody owns goes where people look."""
    assert _receiver(configuration, **labels) == receiver


def test_pages_go_at_once_and_again_and_tickets_wait():
    """A ticket is worth a batch, a page is not."""
    found = {
        (route["matchers"][0].split('"')[1], route["group_wait"], route["repeat_interval"])
        for route in routes.config(TEAMS)["route"]["routes"]
    }
    assert found == {("page", "15s", "1h"), ("ticket", "5m", "1d")}


def test_a_page_mutes_the_ticket_of_its_own_group_alone(tmp_path):
    """The groupings of the catalogue's queries are part of the configuration."""
    grouped = slo(sli=EVENTS.replace("sum(", "sum by (route) ("))
    (rule,) = routes.config(TEAMS, catalogue(document(grouped), tmp_path).slos)["inhibit_rules"]
    assert "route" in rule["equal"]


def test_every_receiver_tells_what_where_and_how_bad():
    """PagerDuty gets the annotations, and its own severity; keys stay in files."""
    receivers = {one["name"]: one["pagerduty_configs"][0] for one in routes.config(TEAMS)["receivers"]}
    severities = {name: one["severity"] for name, one in receivers.items() if name != "unrouted"}
    assert severities == {
        "catalog-page": "critical",
        "catalog-ticket": "warning",
        "till-page": "critical",
        "till-ticket": "warning",
    }
    assert receivers["till-page"]["routing_key_file"] == "/etc/alertmanager/secrets/till/routing_key"
    assert receivers["unrouted"]["description"].startswith("[UNROUTED] ")


def test_what_nobody_owns_is_as_bad_as_its_alert_says(tmp_path):
    """A ticket without a team wakes nobody; what is neither page nor ticket might have to."""
    cases = {
        "a page": ({"sloth_severity": "page", "severity": "page"}, "critical"),
        "a ticket": ({"sloth_severity": "ticket", "severity": "ticket"}, "warning"),
        "a ticket of an unknown team": ({"sloth_severity": "ticket", "team": "nobody"}, "warning"),
        "a ticket that the user calls a page": ({"sloth_severity": "ticket", "severity": "page"}, "warning"),
        "a page that the user calls a ticket": ({"sloth_severity": "page", "severity": "ticket"}, "critical"),
        "a ticket of something else": ({"severity": "ticket"}, "warning"),
        "a severity that nobody knows": ({"severity": "pageteam", "team": "till"}, "critical"),
        "nothing that we made": ({}, "critical"),
    }
    with alertmanager(routes.config(TEAMS), tmp_path) as running:
        running.send(
            *({"alertname": "A", "sloth_id": name, "service": name, **labels} for name, (labels, _) in cases.items())
        )
        until(lambda: len(running.events) >= len(cases))
    told = {event["payload"]["component"]: event["payload"]["severity"] for event in running.events}
    assert told == {name: severity for name, (_, severity) in cases.items()}


def test_specs_without_a_routing_file_still_have_a_configuration(tmp_path):
    """Anybody's folder of specs: no team, so everything is unrouted, and Alertmanager accepts it."""
    (tmp_path / "spec.yaml").write_text(document(slo()))
    (made,) = routes.build(load([str(tmp_path / "spec.yaml")]), "routing.yaml")
    (tmp_path / "alertmanager.yaml").write_text(made.text)
    assert made.path == "alertmanager/alertmanager.yaml"
    assert made.text.startswith("# Generated from routing.yaml by ./generate.py, do not edit.\n")
    assert _receiver(tmp_path / "alertmanager.yaml", sloth_severity="page", severity="page") == "unrouted"
