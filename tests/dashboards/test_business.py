"""Business Metrics: each KPI of each spec, with what is usual and the limits that somebody is told at."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from dashboards import alert_panels, business
from dashboards.model import Panel
from slo.catalogue import Catalogue
from slo.model import Kpi


def panel(catalogue: Catalogue, title: str) -> Panel:
    """The panel of that title."""
    return next(each for each in business.build(catalogue).panels if each.title == title)


def kpi(catalogue: Catalogue, name: str) -> Kpi:
    """The KPI of that name."""
    return next(each for spec in catalogue.specs for each in spec.kpis if each.name == name)


def with_kpi(catalogue: Catalogue, changed: Kpi) -> Catalogue:
    """*catalogue* with that KPI in place of the one of its service and name."""
    files = []
    for file in catalogue.files:
        specs = []
        for spec in file.specs:
            others = [each for each in spec.kpis if each.name != changed.name]
            specs.append(replace(spec, kpis=(*others, changed)) if spec.service == changed.service else spec)
        files.append(replace(file, specs=tuple(specs)))
    return replace(catalogue, files=tuple(files))


def test_every_kpi_is_shown_once(catalogue: Catalogue) -> None:
    """But the rate of requests, which each service's own page shows."""
    titles = [each.title for each in business.build(catalogue).panels]
    for spec in catalogue.specs:
        for each in spec.kpis:
            assert titles.count(each.title) == (each.name != "request-rate"), each.title


def test_a_kpi_is_held_against_what_is_usual(catalogue: Catalogue) -> None:
    """Its value, its baseline, and the baseline less the deviation that somebody is told of."""
    orders = panel(catalogue, "Orders a minute")
    chosen = '{cluster=~"$cluster", kpi="orders-per-minute", service="orders"}'
    assert [query.expression for query in orders.queries] == [
        f"kpi:value{chosen}",
        f"kpi:baseline{chosen}",
        f"0.5 * kpi:baseline{chosen}",
    ]
    assert orders.unit == "suffix: orders/min"


def test_more_is_worse_where_the_spec_says_so(catalogue: Catalogue) -> None:
    """Refunds: told above three times what is usual, and above 120 an hour."""
    refunds = panel(catalogue, "Refunds an hour")
    assert refunds.queries[2].expression.startswith("3 * kpi:baseline")
    assert [(limit.value, limit.colour) for limit in refunds.limits] == [
        (Decimal(120), alert_panels.COLOURS[_severity(catalogue, "refunds")])
    ]


def _severity(catalogue: Catalogue, name: str) -> str:
    alert = kpi(catalogue, name).alert
    assert alert is not None
    return alert.severity


def test_a_changed_limit_changes_the_panel(catalogue: Catalogue) -> None:
    """The same field of the spec that the alert reads."""
    refunds = kpi(catalogue, "refunds")
    assert refunds.alert is not None
    other = replace(refunds, alert=replace(refunds.alert, above=Decimal(77), deviation=Decimal("0.25")))
    changed = panel(with_kpi(catalogue, other), "Refunds an hour")
    assert [limit.value for limit in changed.limits] == [Decimal(77)]
    assert changed.queries[2].expression.startswith("1.25 * ")


def test_a_new_kpi_appears_by_itself(catalogue: Catalogue) -> None:
    """With its title and unit, among those that nobody is told of."""
    new = replace(kpi(catalogue, "revenue"), name="gift-cards", title="Gift cards", unit="cards/h")
    found = panel(with_kpi(catalogue, new), "Gift cards")
    assert found.unit == "suffix: cards/h"
    assert 'kpi="gift-cards"' in found.queries[0].expression
    assert business.build(with_kpi(catalogue, new)).rows[-1].panels[-1].title != ""


def test_what_somebody_is_told_of_stands_first(catalogue: Catalogue) -> None:
    """KPIs with an alert, before what explains them."""
    first = {each.title for each in business.build(catalogue).rows[0].panels}
    assert first == {each.title for spec in catalogue.specs for each in spec.kpis if each.alert is not None}


def test_every_question_follows_the_chosen_cluster(catalogue: Catalogue) -> None:
    """KPIs as well, also on the page of somebody who has specs alone; but numbers of alerts that know no cluster."""
    for each in (catalogue, replace(catalogue, alert_files=())):
        board = business.build(each)
        assert "cluster" in {variable.name for variable in board.variables}
        alerts = {panel.title for panel in alert_panels.of_dashboard(each, business.UID)}
        found = [
            panel.title
            for panel in board.panels
            if panel.title not in alerts
            and not all('cluster=~"$cluster"' in query.expression for query in panel.queries)
        ]
        assert found == []


def test_units_sold_twice_are_shown_once(catalogue: Catalogue) -> None:
    """By the alert's own panel, with the alert's limit."""
    shown = [
        each.title
        for each in business.build(catalogue).panels
        if any("shop_oversold_units_total" in query.expression for query in each.queries)
    ]
    assert shown == ["Oversold"]
