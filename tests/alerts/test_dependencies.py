"""alerts.dependencies: which pages can be held back, by which rule, and promtool's word on it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import promql_parser
import pytest
import yaml

from alerts import dependencies, dependency_tests, rule_files
from alerts.dependencies import any_of, groups, muted_pages
from slo.artifact import ALERTS, RULES, TESTS
from slo.catalogue import Catalogue
from slo.load import load
from tests.alerts.shops import ROOT, SPECS, scraped_shop, shop
from tests.slo.answers import BOTH_PROMTOOLS, EVENTS, document, slo
from tools import install

OFF = "      page_alert: {disable: true}\n"


def _held(folder: Path, **specs: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """(service, SLO, causes) of each page that can be held back."""
    found = muted_pages(shop(folder / "specs", **specs))
    return [(page.service, page.name, tuple(cause.service for cause in page.causes)) for page in found]


# --- which pages ------------------------------------------------------------------------------------------------------


def test_pages_of_who_depends_on_something_but_for_invariants(tmp_path):
    """Each with the services whose availability explains it."""
    assert _held(tmp_path) == [
        ("orders", "availability", ("payments",)),
        ("orders", "latency", ("payments",)),
        ("storefront", "availability", ("orders",)),
    ]


@pytest.mark.parametrize(
    "orders",
    [
        SPECS["orders"].replace("depends_on: [payments]\n", ""),
        SPECS["orders"].replace("depends_on: [payments]", "depends_on: [bank]"),
        SPECS["orders"]
        .replace("name: OrdersAvailability\n", f"name: OrdersAvailability\n{OFF}")
        .replace("name: OrdersLatency\n", f"name: OrdersLatency\n{OFF}"),
    ],
    ids=["depends on nothing", "depends on what nobody knows", "pages nobody"],
)
def test_a_service_that_is_never_held_back(orders, tmp_path):
    """Nor does it hold others back for what it does not page about itself."""
    assert not [page for page in _held(tmp_path, orders=orders) if page[0] == "orders"]


@pytest.mark.parametrize(
    "payments",
    [
        SPECS["payments"].replace("- name: availability", "- name: uptime"),
        SPECS["payments"].replace("name: PaymentsAvailability\n", f"name: PaymentsAvailability\n{OFF}"),
    ],
    ids=["no SLO of that name", "no page"],
)
def test_a_service_without_an_availability_page_holds_nobody_back(payments, tmp_path):
    """Its latency says nothing of who depends on it."""
    assert [page[0] for page in _held(tmp_path, payments=payments)] == ["storefront"]


def test_labels_that_only_a_template_or_a_series_knows(tmp_path):
    """No rule could name the page that it holds back, so that the page is told."""
    templated = SPECS["orders"].replace(
        "name: OrdersLatency\n", "name: OrdersLatency\n      labels: {team: '{{ $value }}'}\n"
    )
    grouped = SPECS["orders"].replace(EVENTS, EVENTS.replace("sum(", "sum by (service) ("))
    assert ("orders", "latency", ("payments",)) not in _held(tmp_path, orders=templated)
    assert ("orders", "availability", ("payments",)) not in _held(tmp_path, orders=grouped)


def test_labels_of_the_user_are_the_ones_that_routes_read(tmp_path):
    """The nearest label wins, as in the alert itself."""
    own = SPECS["orders"].replace(
        "name: OrdersLatency\n", "name: OrdersLatency\n      labels: {service: theirs, team: x}\n"
    )
    (page,) = [page for page in muted_pages(shop(tmp_path / "specs", orders=own)) if page.name == "latency"]
    assert (page.service, page.team, page.slo.service) == ("theirs", "x", "orders")


def test_of_our_own_services_the_right_pages_are_held_back():
    """Money without an order is never explained by who is down, and that nobody can buy is told beside it."""
    found = {(page.service, page.name) for page in muted_pages(load([str(ROOT / "slo/specs")]))}
    assert ("orders", "correctness") not in found
    assert {("orders", "availability"), ("orders", "latency"), ("storefront", "availability")} <= found
    assert {service for service, _ in found} == {"journeys", "orders", "storefront"}
    assert ("journeys", "buy") not in found
    assert sum(service == "journeys" for service, _ in found) == 9


# --- the rule ---------------------------------------------------------------------------------------------------------


def test_the_alert_wakes_nobody_and_says_whom_it_holds_back(tmp_path):
    """Every fifteen seconds: the page waits for ninety."""
    catalogue = shop(tmp_path / "specs")
    spec = next(spec for spec in catalogue.specs if spec.service == "storefront")
    (group,) = groups(spec, catalogue)
    (alert,) = group.rules
    assert (group.name, group.interval_seconds) == ("dependencies-storefront-availability", 15)
    assert (alert.name, alert.for_seconds, alert.keep_firing_for_seconds) == ("DependencyDown", 0, 0)
    assert dict(alert.labels) == {
        "service": "storefront",
        "slo": "availability",
        "severity": "info",
        "team": "storefront",
    }
    assert "{{ $labels.cause }}" in dict(alert.annotations)["summary"]
    promql_parser.parse(alert.expr)


def test_times_fit_into_the_wait_of_a_dependant():
    """Held back is who has fired for less than a minute; the rule, its evaluation and the way take the rest of 90 s."""
    assert dependencies.TOLD_SECONDS + dependencies.EVERY_SECONDS + 15 <= 90
    assert dependencies.REMEMBERED_SECONDS >= 4 * 60


@pytest.mark.parametrize("text", ["a.b", "x|y", 'say "so"', "a[^b]", "\\d", "a-b_c", "ä b"])
def test_names_in_expressions_stand_for_themselves(text):
    """Prometheus' and Python's expressions agree on what is written."""
    assert re.fullmatch(any_of([text, "other"]), text)
    assert not re.fullmatch(any_of([text]), text.replace(text[1], "z", 1))


# --- promtool ---------------------------------------------------------------------------------------------------------


def _written(folder: Path, **specs: str) -> list[Path]:
    """The rules and tests of the shop on disk; returns the tests about dependencies."""
    return _laid(shop(folder / "specs", routing=None, **specs), folder)


def _laid(catalogue: Catalogue, folder: Path) -> list[Path]:
    for artifact in rule_files.build(catalogue, frozenset({RULES, ALERTS, TESTS})):
        path = folder / "out" / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    return sorted((folder / "out/prometheus/tests").glob("*.dependencies.yaml"))


def _promtool(tool: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([install.find(tool), "test", "rules", path], capture_output=True, text=True, check=False)


COPIES = "---\n".join(
    SPECS["orders"].replace("team: orders\n", f"team: orders\nlabels: {{cluster: {cluster}, namespace: {space}}}\n")
    for cluster, space in (("one", "a"), ("one", "b"), ("two", "a"))
)
PAID = "---\n".join(
    SPECS["payments"].replace("team: payments\n", f"team: payments\nlabels: {{cluster: {cluster}}}\n")
    for cluster in ("one", "two")
)


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_promtool_agrees(tool, tmp_path):
    """Who is held back, for how long, and who is not."""
    files = _written(tmp_path)
    assert [file.name for file in files] == ["orders.dependencies.yaml", "storefront.dependencies.yaml"]
    for file in files:
        done = _promtool(tool, file)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_tested_is_what_ships(tmp_path):
    """The rules beside the tests are those of the service's file."""
    _written(tmp_path)
    for stem in ("orders", "storefront"):
        shipped, tested = (
            yaml.safe_load((tmp_path / "out/prometheus" / name).read_text(encoding="utf-8"))["groups"]
            for name in (f"rules/{stem}.yaml", f"tests/stand-ins/{stem}.dependencies.yaml")
        )
        assert tested
        assert [group for group in shipped if group["name"].startswith("dependencies-")] == tested


@pytest.mark.parametrize(
    ("old", "new"),
    [(None, None), ("ServiceDown", "ServiceGone"), ('"$1", "service"', '"$1", "team"')],
    ids=["as it is", "nobody looks at ServiceDown", "another label is the cause"],
)
def test_what_is_gone_holds_pages_back(old, new, tmp_path):
    """Where there is ServiceDown: nothing that is left could answer badly, so that no budget burns."""
    files = _laid(scraped_shop(tmp_path / "specs"), tmp_path)
    assert len(files) == 2
    for rules in (tmp_path / "out/prometheus/tests/stand-ins").glob("*.dependencies.yaml") if old else ():
        text = rules.read_text(encoding="utf-8")
        assert old in text
        rules.write_text(text.replace(old, new), encoding="utf-8")
    assert [_promtool("promtool", file).returncode == 0 for file in files] == [old is None] * 2


def test_promtool_agrees_on_copies(tmp_path):
    """Three copies in two clusters and two namespaces: each is held back by what is down in its own cluster."""
    (file,) = _written(tmp_path, orders=COPIES, payments=PAID)  # pages of the storefront tell no cluster
    done = _promtool("promtool", file)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" offset 1m", ""),
        ("[5m] offset 1m", "[1m] offset 1m"),
        ('alertstate="firing", sloth_severity="page", sloth_slo="availability"', 'sloth_slo="availability"'),
        ('alertname=~"PaymentsAvailability", ', ""),
        ("[2m]", "[1m]"),
        ("unless on (cluster, environment, env, region, tenant)\n              group", "or\n              group"),
        ("on (cluster, environment", "on (environment"),
    ],
    ids=[
        "who fires now counts as told",
        "who was told minutes ago is forgotten",
        "a pending page or a ticket holds back",
        "any alert of the SLO holds back",
        "no time to recover",
        "who is held back counts as told",
        "clusters are mixed up",
    ],
)
def test_a_rule_that_is_wrong_does_not_pass(old, new, tmp_path):
    """Each part of the expression is there for a case."""
    file = _written(tmp_path)[0]
    rules = tmp_path / "out/prometheus/tests/stand-ins/orders.dependencies.yaml"
    text = rules.read_text(encoding="utf-8")
    assert old in text
    rules.write_text(text.replace(old, new), encoding="utf-8")
    assert _promtool("promtool", file).returncode == 1


def test_without_dependencies_there_is_nothing_to_test(tmp_path):
    """No file, no group."""
    catalogue = shop(tmp_path / "specs")
    payments = next(file for file in catalogue.files if file.stem == "payments")
    assert list(dependency_tests.build(payments, catalogue)) == []
    assert groups(payments.specs[0], catalogue) == ()


def test_groups_of_copies_have_names_of_their_own(tmp_path):
    """Prometheus refuses a file with two groups of one name."""
    catalogue = shop(tmp_path / "specs", orders=COPIES, payments=PAID)
    found = [group.name for spec in catalogue.specs for group in groups(spec, catalogue)]
    assert len(found) == len({*found})
    rules = yaml.safe_load(next(rule_files.build(catalogue, frozenset({ALERTS}))).text)
    assert len({group["name"] for group in rules["groups"]}) == len(rules["groups"])


def test_any_folder_of_specs_may_depend_on_what_it_holds(tmp_path):
    """Without a routing file there is no team, and the page is held back all the same."""
    text = document(slo("availability"), service="till") + "---\n" + document(slo(), head="depends_on: [till]\n")
    (tmp_path / "specs.yaml").write_text(text)
    catalogue = load([str(tmp_path / "specs.yaml")])
    (page,) = muted_pages(catalogue)
    assert (page.team, page.service, page.causes[0].id) == ("", "shop", "till-availability")


@pytest.mark.parametrize(
    ("orders", "payments", "held_back"),
    [
        ("cluster: one", "cluster: one", True),
        ("cluster: one", "cluster: two", False),
        ("cluster: one", "tier: a", False),
        ("tier: a", "environment: staging", False),
        ("namespace: orders", "namespace: payments", True),
    ],
    ids=["one cluster", "two clusters", "a cluster that the cause does not tell", "staging", "a namespace for each"],
)
def test_a_cause_is_where_its_dependant_is(orders, payments, held_back, tmp_path):
    """Cluster and environment must be the same; services may have namespaces of their own."""
    specs = {
        name: SPECS[name].replace(f"team: {name}\n", f"team: {name}\nlabels: {{{labels}}}\n")
        for name, labels in (("orders", orders), ("payments", payments))
    }
    assert bool([page for page in _held(tmp_path, **specs) if page[0] == "orders"]) is held_back


def test_a_cluster_that_the_query_brings_may_be_the_same(tmp_path):
    """The rule compares it when it runs."""
    orders = SPECS["orders"].replace(EVENTS, EVENTS.replace("sum(", "sum by (cluster) ("))
    payments = SPECS["payments"].replace("team: payments\n", "team: payments\nlabels: {cluster: one}\n")
    assert ("orders", "availability", ("payments",)) in _held(tmp_path, orders=orders, payments=payments)
    for file in _written(tmp_path, orders=orders, payments=payments):
        done = _promtool("promtool", file)
        assert done.returncode == 0, done.stdout + done.stderr
