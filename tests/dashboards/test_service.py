"""Each service's page: an address that stays, its own numbers, and the limits that it promised."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import red, service, shop_series
from dashboards.model import Dashboard
from slo.catalogue import Catalogue

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,60}[a-z0-9]", fullmatch=True)


@given(st.sets(NAMES, min_size=2, max_size=8))
def test_every_service_has_an_address_of_its_own(names: set[str]) -> None:
    """That Grafana takes: up to 40 signs, however long the name is."""
    addresses = {service.uid(name) for name in names}
    assert len(addresses) == len(names)
    assert max(len(each) for each in addresses) <= 40


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("orders", "tw-service-orders"),
        ("orders.v2", "tw-service-orders-v2-ace4ce8e"),
        ("a" * 50, f"tw-service-{'a' * 20}-160b4e43"),
    ],
)
def test_an_address_never_changes(name: str, uid: str) -> None:
    """People keep it, and alerts link to it."""
    assert service.uid(name) == uid


def test_answers_are_held_against_what_was_promised(dashboards: dict[str, Dashboard]) -> None:
    """The time within which the service's latency SLO counts an answer as good."""
    for name, seconds in (("catalog", "0.25"), ("inventory", "0.1"), ("orders", "1")):
        (panel,) = [each for each in dashboards[f"tw-service-{name}"].panels if each.title == "Time to answer"]
        assert [limit.value for limit in panel.limits] == [Decimal(seconds)]


def test_a_changed_promise_moves_the_line(catalogue: Catalogue) -> None:
    """One field of the spec."""
    (spec,) = [each for each in catalogue.specs if each.service == "catalog"]
    slos = tuple(
        replace(slo, latency=replace(slo.latency, below="0.5")) if slo.latency and slo.name == "latency" else slo
        for slo in spec.slos
    )
    board = service.build(catalogue, replace(spec, slos=slos))
    (panel,) = [each for each in board.panels if each.title == "Time to answer"]
    assert [limit.value for limit in panel.limits] == [Decimal("0.5")]


def test_only_alerts_of_the_service_are_shown(dashboards: dict[str, Dashboard]) -> None:
    """Those that there is one of each service, each with this one's job."""
    row = next(row for row in dashboards["tw-service-users"].rows if row.title == "Alerts")
    titles = {panel.title for panel in row.panels}
    assert {"High error rate", "High latency P95", "Traffic gone"} <= titles
    for panel in row.panels:
        for query in panel.queries:
            assert "users" in query.expression
            assert "orders" not in query.expression


def test_a_service_without_a_kpi_of_its_requests_shows_them_as_they_are(catalogue: Catalogue) -> None:
    """Its first panel would read a KPI that nobody records."""
    spec = next(each for each in catalogue.specs if each.service == "catalog")
    without = replace(spec, kpis=())
    files = tuple(
        replace(file, specs=tuple(without if each is spec else each for each in file.specs)) for file in catalogue.files
    )
    with_it, new = (service.build(known, spec).panels[0] for known in (catalogue, replace(catalogue, files=files)))
    assert "kpi:baseline" in with_it.queries[1].expression
    assert new == red.requests(shop_series.of_service("catalog"))


def test_a_name_with_a_point_matches_nobody_else(catalogue: Catalogue) -> None:
    """Neither in PromQL nor in LogQL: a point would stand for any sign."""
    (spec,) = [each for each in catalogue.specs if each.service == "users"]
    board = service.build(catalogue, replace(spec, service="users.v2"))
    patterns = {
        found
        for panel in board.panels
        for query in panel.queries
        for found in re.findall(r'(?:job|service)=~"(users[^"]*)"', query.expression)
    }
    assert patterns == {"users[.]v2(-worker)?"}
    (logs,) = [link.url for link in board.links if link.title == "Logs"]
    assert "users[.]v2(-worker)?" in unquote(logs)
    assert re.fullmatch(shop_series.with_worker("users.v2"), "users.v2-worker")
    assert not re.fullmatch(shop_series.with_worker("users.v2"), "users-v2")


def test_it_leads_to_what_it_depends_on(dashboards: dict[str, Dashboard]) -> None:
    """Orders to catalog, inventory and payments: where the cause often is."""
    addresses = {link.url for link in dashboards["tw-service-orders"].links}
    assert {f"/d/tw-service-{name}" for name in ("catalog", "inventory", "payments")} <= addresses
