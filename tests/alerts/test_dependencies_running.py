"""alerts.dependencies on a real Prometheus and a real Alertmanager: who is told of an outage, and hears of its end.

The short form runs at fifteen times the speed; the long one as it ships.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator

import pytest

from tests.alerts.outages import World, world
from tests.alerts.shops import ROUTING, shop

ALWAYS = ROUTING.replace(", hours: office", "").replace(", hours: weekend", "")
END = 690


@pytest.fixture(
    scope="module",
    params=[pytest.param(12, id="12 times as fast"), pytest.param(1, id="as it ships", marks=pytest.mark.full)],
)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """What has happened after eleven minutes, in a cluster for each course."""
    faulthandler.cancel_dump_traceback_later()  # eleven minutes are no sign that it hangs
    folder = tmp_path_factory.mktemp("outages")
    with world(shop(folder / "specs", ALWAYS), folder, faster=request.param) as found:
        found.breaks("together", "payments", "orders", "storefront")
        found.breaks("dependant first", "orders")
        found.breaks("outlasts", "payments", "orders")
        found.breaks("both", "payments", "orders", "orders-database")
        found.breaks("restart", "payments", "orders")
        found.breaks("told and restart", "orders")
        found.breaks("alone", "storefront")
        found.at(180)
        found.breaks("dependant first", "payments")
        found.breaks("told and restart", "payments")
        found.at(240)
        found.mends("outlasts", "payments")
        found.at(285)
        found.restart()
        found.at(375)  # well after the restart, which takes seconds at any speed
        found.mends("dependant first", "orders")
        found.mends("told and restart", "orders")
        found.mends("together", "orders")
        found.at(450)
        found.mends("together", "payments", "storefront")
        for cluster in ("dependant first", "told and restart", "both", "restart", "alone"):
            found.mends(cluster, "payments", "orders", "orders-database", "storefront")
        found.at(510)
        found.mends("outlasts", "orders")
        found.at(END)
        yield found


def test_an_outage_is_one_page_and_the_cause_gets_it(seen):
    """Who depends on it is held back, and so is who depends on that one; also if one mends before the cause."""
    assert [*seen.incidents("together")] == ["payments"]
    assert [*seen.incidents("restart")] == ["payments"]


def test_a_second_fault_is_told_beside_the_first(seen):
    """Payments are down, and so is the database of orders: both arrive, though the burn of orders is held back."""
    assert {*seen.incidents("both")} == {"payments", "orders database"}


def test_who_was_told_before_the_cause_hears_of_the_end(seen):
    """Muted at its end, the incident would stay open for ever: the dependant's own page is left alone."""
    for cluster in ("dependant first", "told and restart"):
        found = seen.incidents(cluster)
        assert {*found} == {"orders", "payments"}
        assert found["orders"].resolved_at < found["payments"].resolved_at


def test_what_goes_on_after_the_cause_is_told_then(seen):
    """Two minutes after the end of the cause, and not before it."""
    found = seen.incidents("outlasts")
    assert {*found} == {"payments", "orders"}
    assert found["orders"].created_at > found["payments"].resolved_at


def test_a_dependant_that_breaks_alone_is_told(seen):
    """Nothing that it depends on is down."""
    assert [*seen.incidents("alone")] == ["storefront"]


def test_no_incident_is_left_open(seen):
    """Whatever was muted, restarted or mended in whichever order."""
    assert [one for one in seen.alertmanager.heard.incidents if one.is_open] == []
