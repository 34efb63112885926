"""alerts.inhibitions: which page mutes which ticket, as a real Alertmanager sees it; test_inhibitions_directions.py
has the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts import inhibitions, routes
from tests.alerts.running import Alertmanager, alertmanager, until
from tests.slo.answers import EVENTS, catalogue, document, slo

SAME = ["sloth_id", "sloth_service", "sloth_slo", "cluster", "environment", "env", "namespace", "region", "tenant"]
BOTH = ("page", "ticket")
OFF = "      ticket_alert: {disable: true}\n"


def _by(*labels: str) -> str:
    return EVENTS.replace("sum(", f"sum by ({', '.join(labels)}) (")


WITHOUT = EVENTS.replace("sum(", "sum without (instance) (")
PAGE_TIER = "      page_alert: {labels: {tier: '1'}}\n      ticket_alert: {labels: {tier: '2'}}\n"
SLOS = (
    slo("plain", alerting=PAGE_TIER),
    slo("routes", _by("route")),
    slo("severities", _by("severity")),
    slo("tiers", _by("tier", "route")),
    slo("unknown", WITHOUT),
    slo("silent", WITHOUT, alerting=OFF),
)


def _rules(folder, *slos: str, **options: str) -> list[dict]:
    """Those by which a page mutes a ticket."""
    return _of_tickets(inhibitions.build(catalogue(document(*slos, **options), folder).slos))


def _of_tickets(rules: list[dict]) -> list[dict]:
    return [rule for rule in rules if 'sloth_severity="ticket"' in rule["target_matchers"]]


def test_one_rule_compares_identity_and_every_grouping(tmp_path):
    """A label that both alerts lack is equal, so that groupings of one SLO are no hindrance to another."""
    (rule,) = _rules(tmp_path, slo("one"), slo("two", _by("route", "cluster")), slo("three", _by("method")))
    assert rule == {
        "source_matchers": ['sloth_severity="page"', 'sloth_id!=""'],
        "target_matchers": ['sloth_severity="ticket"', 'sloth_id!=""'],
        "equal": [*SAME, "method", "route"],
    }


def test_a_label_that_tells_page_from_ticket_is_compared_only_where_it_groups(tmp_path):
    """Elsewhere it always differs; and what groups nobody can tell, mutes nothing."""
    rules = _rules(tmp_path, *SLOS)
    assert [(rule["source_matchers"][2:], rule["equal"][len(SAME) :]) for rule in rules] == [
        (['sloth_id!~"shop-severities|shop-tiers|shop-unknown"'], ["route"]),
        (['sloth_id=~"shop-severities"'], ["severity"]),
        (['sloth_id=~"shop-tiers"'], ["route", "tier"]),
    ]


def test_a_label_from_a_template_may_differ(tmp_path):
    """One text gives two values: that of the page and that of the ticket."""
    alerting = "      labels: {route: '{{ $value }}'}\n"
    rules = _rules(tmp_path, slo("plain", alerting=alerting), slo("routes", _by("route")))
    assert [rule["source_matchers"][2:] for rule in rules] == [
        ['sloth_id!~"shop-routes"'],
        ['sloth_id=~"shop-routes"'],
    ]


def test_copies_of_an_slo_go_by_the_groupings_of_all(tmp_path):
    """One identifier stands for every copy."""
    text = "---\n".join(
        document(slo(sli=sli), head=f"labels: {{namespace: {name}}}\n")
        for name, sli in (("a", _by("severity")), ("b", _by("route")), ("c", EVENTS))
    )
    common, apart = _of_tickets(inhibitions.build(catalogue(text, tmp_path).slos))
    assert common["source_matchers"][2:] == ['sloth_id!~"shop-requests"']
    assert apart["equal"] == [*SAME, "route", "severity"]


# --- on a real one ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """An Alertmanager with the routes of these SLOs."""
    folder = tmp_path_factory.mktemp("alertmanager")
    with alertmanager(routes.config(catalogue(document(*SLOS), folder)), folder) as found:
        yield found


def _alert(severity: str, name: str, labels: dict[str, str]) -> dict[str, str]:
    ids = {"sloth_id": f"shop-{name}", "sloth_service": "shop", "sloth_slo": name}
    return {"alertname": "Burning", **ids, "sloth_severity": severity, "severity": severity, **labels}


@pytest.mark.parametrize(
    ("name", "paged", "ticketed", "mutes"),
    [
        ("plain", {"tier": "1"}, {"tier": "2"}, True),
        ("plain", {"tier": "1", "namespace": "a"}, {"tier": "2", "namespace": "b"}, False),
        ("routes", {"route": "/a"}, {"route": "/a"}, True),
        ("routes", {"route": "/b"}, {"route": "/c"}, False),
        ("severities", {"severity": "high"}, {"severity": "high"}, True),
        ("severities", {"severity": "mid"}, {"severity": "low"}, False),
        ("tiers", {"tier": "1", "route": "/a"}, {"tier": "1", "route": "/a"}, True),
        ("tiers", {"tier": "3", "route": "/a"}, {"tier": "2", "route": "/a"}, False),
        ("unknown", {"pod": "a"}, {"pod": "b"}, False),
    ],
    ids=[
        "one series",
        "another copy",
        "one group",
        "another group",
        "one group by severity",
        "another group by severity",
        "one group by what elsewhere tells page from ticket",
        "another of those",
        "groups that the query does not tell",
    ],
)
def test_a_page_mutes_the_ticket_of_its_own_group_alone(running, request, name, paged, ticketed, mutes):
    """And not that of another group, copy or SLO."""
    page, ticket = (
        {**_alert(severity, name, labels), "cluster": request.node.name}
        for severity, labels in zip(BOTH, (paged, ticketed), strict=True)
    )
    witnesses = [{**_alert(severity, "plain", {}), "cluster": f"{request.node.name}, witness"} for severity in BOTH]
    running.send(page, ticket)
    running.send(*witnesses)
    until(lambda: witnesses[1] in running.muted())  # what was sent before them is judged as well
    assert (ticket in running.muted()) is mutes
