"""alerts.routes: the real amtool reads the configuration and says who is told of what."""

import subprocess

import pytest
import yaml

from alerts import routes
from alerts.orphans import matches
from slo.load import load
from tests.alerts.shops import ROUTING, burning, ours, shop
from tests.slo.answers import document, slo
from tools import install

TEAMS = ("payments", "orders", "storefront", "platform")
EXACTLY = "escalation,"  # what amtool prints before the team that is told at once


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The configuration of a shop, as data."""
    return routes.config(shop(tmp_path_factory.mktemp("specs") / "specs"))


@pytest.fixture(scope="module")
def configuration(made, tmp_path_factory):
    """The same on disk."""
    path = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(made))
    return path


def _amtool(*arguments) -> str:
    done = subprocess.run([install.find("amtool"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _receiver(configuration, **labels: str) -> str:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    return _amtool("config", "routes", "test", f"--config.file={configuration}", *pairs)


def test_alertmanager_accepts_it(configuration):
    """Global settings, routes, hours, inhibitions and a receiver for each team and severity."""
    said = _amtool("check-config", configuration)
    assert "SUCCESS" in said
    assert " - 12 receivers" in said


@pytest.mark.parametrize("team", TEAMS)
@pytest.mark.parametrize("severity", ["page", "ticket"])
@pytest.mark.parametrize("of_slo", [True, False], ids=["an SLO's", "another"])
def test_each_team_gets_its_own(configuration, team, severity, of_slo):
    """An SLO's alert by its sloth_severity, whatever severity the user gave it; any other one by its severity."""
    labels = {"sloth_severity": severity, "severity": "theirs"} if of_slo else {"severity": severity}
    escalates = EXACTLY if severity == "page" and team != "platform" else ""
    assert _receiver(configuration, team=team, **labels) == f"{escalates}{team}-{severity}"


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"sloth_severity": "page", "severity": "page"}, "unrouted"),
        ({"sloth_severity": "page", "severity": "page", "team": "nobody"}, f"{EXACTLY}unrouted"),
        ({"sloth_severity": "ticket", "severity": "ticket", "team": "nobody"}, "unrouted"),
        ({"severity": "page", "team": "nobody"}, f"{EXACTLY}unrouted"),
        ({"severity": "pageteam", "team": "orders"}, "unrouted"),
        ({"team": "orders"}, "unrouted"),
        ({"alertname": "Unheard"}, "unrouted"),
        ({"severity": "info", "team": "orders"}, "nobody"),
        ({"severity": "info"}, "nobody"),
        ({"sloth_severity": "page", "severity": "info", "team": "orders"}, f"{EXACTLY}orders-page"),
        ({"alertname": "Watchdog", "severity": "info"}, "dead-mans-switch"),
        ({"alertname": "Watchdog", "severity": "page", "team": "orders"}, "dead-mans-switch"),
    ],
    ids=[
        "a page without a team",
        "a page of a team that nobody knows",
        "a ticket of a team that nobody knows",
        "a page of something else of such a team",
        "a severity that nobody knows",
        "no severity",
        "nothing that we made",
        "an info",
        "an info of nobody",
        "a page that the user calls an info is still a page",
        "the sign of life",
        "the sign of life, whatever it says",
    ],
)
def test_who_is_told(configuration, labels, receiver):
    """What nobody owns goes where people look; an info goes to no one."""
    assert _receiver(configuration, **labels) == receiver


def test_our_own_teams_are_all_reached(tmp_path):
    """Every team of alerts/routing.yaml, in both severities, by amtool."""
    catalogue = ours(tmp_path)
    path = tmp_path / "alertmanager.yaml"
    path.write_text(next(routes.build(catalogue, "routing.yaml")).text)
    assert "SUCCESS" in _amtool("check-config", path)
    names = [team.name for team in catalogue.teams]
    assert names == sorted("catalog inventory orders payments users storefront platform security".split())
    for severity in ("page", "ticket"):
        for name in names:
            escalates = EXACTLY if severity == "page" and name != "platform" else ""
            assert _receiver(path, severity=severity, team=name) == f"{escalates}{name}-{severity}"


# --- waits ------------------------------------------------------------------------------------------------------------


def _leaves(route: dict, above: dict) -> list[dict]:
    """Each route without routes below it, with what it inherits."""
    here = {**above, **route, "matchers": [*above.get("matchers", ()), *route.get("matchers", ())]}
    below = [leaf for child in route.get("routes", ()) for leaf in _leaves(child, here)]
    return below or [here]


def _wait(made: dict, **labels: str) -> list[str]:
    """The group_wait of each route that takes these labels, in order."""

    def taking(route: dict, wait: str) -> list[str]:
        wait = route.get("group_wait", wait)
        found: list[str] = []
        for child in route.get("routes", ()):
            if all(matches(matcher, labels) for matcher in child.get("matchers", ())):
                found += taking(child, wait)
                if not child.get("continue"):
                    return found
        return [*found, wait]

    return taking(made["route"], "")


def test_causes_wait_15_seconds_and_dependants_90(made):
    """Only those pages wait that a dependency can hold back."""
    found = {
        name: _wait(made, **burning(*name.split()))[-1]
        for name in (
            "payments availability",
            "payments latency",
            "orders availability",
            "orders latency",
            "orders correctness",
            "storefront availability",
        )
    }
    assert found == {
        "payments availability": "15s",
        "payments latency": "15s",
        "orders availability": "90s",
        "orders latency": "90s",
        "orders correctness": "15s",
        "storefront availability": "90s",
    }
    assert _wait(made, severity="page", service="orders", team="orders", alertname="OrdersStopped")[-1] == "15s"


def test_a_page_of_an_unknown_team_waits_for_its_dependencies_too(tmp_path):
    """Who is told has nothing to do with what is held back."""
    found = routes.config(shop(tmp_path / "specs", routing=None))
    assert _wait(found, **burning("orders", "latency"))[-1] == "90s"
    assert _wait(found, **burning("payments"))[-1] == "15s"


def test_pages_and_tickets_have_their_own_timers(made):
    """A page comes again every hour, a ticket every day; and each repeat is a multiple of its group's interval."""
    timers = {}
    for route in made["route"]["routes"][1:]:
        leaf = _leaves(route, made["route"])[-1]
        timers[route["matchers"][0]] = (leaf["group_wait"], leaf["group_interval"], leaf["repeat_interval"])
    assert timers == {
        'sloth_severity="page"': ("15s", "1m", "1h"),
        'severity="page"': ("15s", "1m", "1h"),
        'sloth_severity="ticket"': ("5m", "5m", "1d"),
        'severity="ticket"': ("5m", "5m", "1d"),
        'severity="info"': ("15s", "1m", "1h"),
    }


def test_the_sign_of_life_is_never_later_than_promised(made):
    """Alertmanager repeats at the first flush after the repeat interval: it is one flush shorter."""
    watchdog = made["route"]["routes"][0]
    assert (watchdog["group_wait"], watchdog["group_interval"], watchdog["repeat_interval"]) == ("0s", "1m", "4m")


def test_routes_read_only_labels_that_every_alert_has(made):
    """service, slo, severity, team, cluster; and of an SLO's alerts sloth_severity."""

    def names(route: dict) -> set[str]:
        own = {matcher.split("=")[0].rstrip("!") for matcher in route.get("matchers", ())}
        return own.union(*map(names, route.get("routes", ())))

    assert names(made["route"]) == {"alertname", "team", "severity", "sloth_severity", "service", "slo"}
    assert {tuple(leaf["group_by"]) for leaf in _leaves(made["route"], {})} == {
        ("cluster", "service", "slo", "alertname")
    }


# --- only specs -------------------------------------------------------------------------------------------------------


def test_specs_without_a_routing_file_still_have_a_configuration(tmp_path):
    """Anybody's folder of specs: no team, so everything is unrouted, and Alertmanager accepts it."""
    (tmp_path / "spec.yaml").write_text(document(slo()))
    (made,) = routes.build(load([str(tmp_path / "spec.yaml")]), "routing.yaml")
    (tmp_path / "alertmanager.yaml").write_text(made.text)
    assert made.path == "alertmanager/alertmanager.yaml"
    assert made.text.startswith("# Generated from routing.yaml by ./generate.py, do not edit.\n")
    found = yaml.safe_load(made.text)
    assert [receiver["name"] for receiver in found["receivers"]] == ["unrouted", "nobody"]
    assert "SUCCESS" in _amtool("check-config", tmp_path / "alertmanager.yaml")
    for labels, receiver in (
        ({"sloth_severity": "page", "severity": "page", "team": "a"}, "unrouted"),
        ({"severity": "info"}, "nobody"),
        ({"alertname": "Watchdog"}, "nobody"),
    ):
        assert _receiver(tmp_path / "alertmanager.yaml", **labels) == receiver


def test_what_is_left_out_is_not_there(tmp_path):
    """No switch, no escalation, no mail: no receiver of theirs, and the sign of life goes to no one."""
    routing = ROUTING[: ROUTING.index("email:")]
    found = routes.config(shop(tmp_path / "specs", routing=routing))
    names = {receiver["name"] for receiver in found["receivers"]}
    assert names == {"unrouted", "nobody", *(f"{team}-{kind}" for team in TEAMS for kind in ("page", "ticket"))}
    path = tmp_path / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(found))
    assert "SUCCESS" in _amtool("check-config", path)
    assert _receiver(path, severity="page", team="orders") == "orders-page"
    assert _receiver(path, alertname="Watchdog", severity="info") == "nobody"
