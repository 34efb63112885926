"""alerts.orphans: which open incidents a change of routes would leave behind."""

from __future__ import annotations

import pytest

from alerts import routes
from alerts.orphans import find, ways
from tests.alerts.running import alertmanager, until
from tests.alerts.shops import ROUTING, SPECS, burning, shop


def _lost(folder, routing: str = ROUTING, **specs: str) -> list[str]:
    """What is told of a change from the shop to this one."""
    changes = find(shop(folder / "old"), shop(folder / "new", routing, **specs))
    assert {change.what for change in changes} <= {"rerouted"}
    return [change.slo for change in changes]


def test_what_changes_no_key_is_not_told(tmp_path):
    """A new team, another wait, another text, a spec less, another channel, another name: all incidents still end."""
    routing = ROUTING.replace("teams:\n", "teams:\n  new-one: {description: New.}\n").replace(
        "after: 30m", "after: 10m"
    )
    routing = routing.replace("'#orders'", "'#orders-team'").replace("09:00-12:00", "08:00-12:00")
    renamed = SPECS["payments"].replace("name: PaymentsLatency", "name: PaymentsSlow")
    assert _lost(tmp_path, routing) == []
    assert _lost(tmp_path, payments=renamed) == []


def test_a_new_dependant_loses_its_own_pages_alone(tmp_path):
    """They go another way from then on; those of other services do not."""
    storefront = SPECS["storefront"].replace("depends_on: [orders]\n", "")
    old, new = shop(tmp_path / "old", storefront=storefront), shop(tmp_path / "new")
    (change,) = find(old, new)
    assert change.slo == "StorefrontAvailability storefront page"
    assert change.effects == (
        "incidents of it that are open at storefront when this is deployed stay open: PagerDuty would know it by"
        " another key; resolve them by hand",
    )


def test_a_team_that_goes_loses_all_of_its_own(tmp_path):
    """What it was told is told to the fallback from then on."""
    routing = ROUTING.replace("  payments: {description: Money.}\n", "")
    payments, orders = (SPECS[name].replace("team: payments", "team: platform") for name in ("payments", "orders"))
    assert _lost(tmp_path, routing, payments=payments, orders=orders) == [
        "PaymentsAvailability payments page",
        "PaymentsAvailability payments ticket",
        "PaymentsLatency payments page",
        "PaymentsLatency payments ticket",
    ]


def test_alerts_of_kpis_are_told_by_the_names_that_they_have(tmp_path):
    """Its deviation and its limits, each with an incident of its own."""
    alert = "{name: Basket, deviation: 0.5, above: 9, description: Why., severity: page}"
    kpi = "{name: basket, title: Basket, query: 'sum(rate(x[{{.window}}]))', unit: EUR, better: higher"
    payments = SPECS["payments"] + f"kpis:\n  - {kpi}, alert: {alert}}}\n"
    old, new = ("secrets: /etc/x\n" + ROUTING, "secrets: /etc/y\n" + ROUTING)
    changes = find(shop(tmp_path / "old", old, payments=payments), shop(tmp_path / "new", new, payments=payments))
    told = [change.slo for change in changes if "Basket" in change.slo]
    assert told == ["BasketDeviation payments page", "BasketLimit payments page"]


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ("team: platform, after", "team: payments, after", 6),
        ("escalation: {team: platform, after: 30m}\n", "", 6),
        ("/etc/x", "/etc/y", 8),
        ("payments: {description: Money.}", "payments: {description: Money., slack: '#money'}", 2),
    ],
    ids=["another team is told as well", "nobody is told as well", "keys lie elsewhere", "tickets go to Slack"],
)
def test_what_else_loses_incidents(old, new, lost, tmp_path):
    """Whoever gets them with another key, or not at all."""
    before = "secrets: /etc/x\n" + ROUTING
    changes = find(shop(tmp_path / "old", before), shop(tmp_path / "new", before.replace(old, new)))
    assert len(changes) == lost, [change.slo for change in changes]


def test_what_is_deployed_may_be_made_by_other_code(tmp_path):
    """Then it is that configuration which open incidents have their keys from."""
    catalogue = shop(tmp_path / "old")
    deployed = routes.config(catalogue)
    assert find(catalogue, catalogue, deployed) == ()
    deployed["route"]["group_by"] = ["cluster", "alertname"]
    told = {change.slo for change in find(catalogue, catalogue, deployed)}
    assert {"PaymentsAvailability payments page", "PaymentsAvailability payments ticket"} <= told
    assert "OrdersAvailability orders ticket" not in told  # a message in Slack is no incident


def test_a_real_alertmanager_leaves_what_is_told_and_nothing_else(tmp_path):
    """The forecast, tried: an incident is opened, the configuration changed, the alert ended."""
    storefront = SPECS["storefront"].replace("depends_on: [orders]\n", "")
    old, new = shop(tmp_path / "old", storefront=storefront), shop(tmp_path / "new")
    (tmp_path / "run").mkdir()
    alerts = burning("storefront"), burning("payments")
    with alertmanager(routes.config(old), tmp_path / "run") as running:
        running.send(*alerts)
        until(lambda: running.open() == {"storefront": 1, "payments": 1})
    with alertmanager(routes.config(new), tmp_path / "run") as running:
        running.send(*alerts)
        until(lambda: running.open() == {"storefront": 2, "payments": 1})
        running.end(*alerts)
        until(lambda: running.open() == {"storefront": 1})
        found = {one.dedup_key for one in running.heard.incidents if one.team == "storefront"}
    (*_, before), (*_, after) = (ways(routes.config(each), burning("storefront")) for each in (old, new))
    assert found == {before.dedup_key, after.dedup_key}
