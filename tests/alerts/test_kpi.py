"""The alerts of a KPI: what they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts import kpi as kpi_alerts
from alerts import kpi_texts
from slo.gotemplate import problem
from slo.rule import Alert
from tests.alerts.kpi_specs import LINKS, kpi_text, the_kpi

DROP = "deviation: 0.5, least_baseline: 4, for: 15m"


def only(folder: Path, text: str) -> Alert:
    """The only alert of a KPI."""
    (found,) = kpi_alerts.alerts(the_kpi(folder, text), LINKS)
    return found


def test_a_kpi_without_an_alert_tells_nobody(tmp_path: Path) -> None:
    """It is for screens, and for whoever reads its records."""
    assert kpi_alerts.alerts(the_kpi(tmp_path, kpi_text()), LINKS) == ()


def test_the_deviation_is_guarded(tmp_path: Path) -> None:
    """Its number is the KPI's own, held back by little traffic and where there is no week of history."""
    found = only(tmp_path, kpi_text(alert=DROP))
    one = '{kpi="orders", service="orders"}'
    assert found.name == "OrdersDeviation"
    assert found.expr.split("\nand\n") == [
        f"kpi:value{one}",
        f"kpi:deviation_ratio{one} < -0.5",
        f"kpi:baseline{one} > 4",
        f"kpi:baseline_weeks{one} >= 1",
    ]
    assert (found.for_seconds, found.keep_firing_for_seconds) == (900, 600)


def test_worse_is_what_the_spec_says(tmp_path: Path) -> None:
    """Where less is better, a rise is told, and no drop."""
    found = only(tmp_path, kpi_text(better="lower", alert="deviation: 2"))
    assert "kpi:deviation_ratio{" in found.expr
    assert "} > 2\n" in found.expr
    assert "more than 200% above what is usual" in dict(found.annotations)["summary"]


def test_routes_find_what_they_read(tmp_path: Path) -> None:
    """Service, severity and team, and the KPI; none of sloth's labels, which would make it an SLO's."""
    found = only(tmp_path, kpi_text(alert=f"{DROP}, severity: page"))
    assert dict(found.labels) == {"kpi": "orders", "service": "orders", "severity": "page", "team": "shop"}


def test_labels_of_the_query_are_kept(tmp_path: Path) -> None:
    """A query that groups by team says itself whose it is."""
    query = "sum by (team, cluster) (rate(orders_total[{{.window}}]))"
    found = only(tmp_path, kpi_text(query=query, alert=DROP))
    assert "team" not in dict(found.labels)
    assert "(orders, cluster {{ $labels.cluster }}, team {{ $labels.team }})" in dict(found.annotations)["summary"]


def test_it_leads_to_its_runbook_and_dashboard(tmp_path: Path) -> None:
    """Each of the two alerts to a runbook of its own; nowhere, where nobody said where they are."""
    both = kpi_alerts.alerts(the_kpi(tmp_path, kpi_text(alert=f"{DROP}, above: 900, dashboard: tw-oncall")), LINKS)
    linked = [dict(alert.annotations) for alert in both]
    assert [each["runbook_url"] for each in linked] == [
        "https://runbooks.example/OrdersDeviation.md",
        "https://runbooks.example/OrdersLimit.md",
    ]
    assert {each["dashboard_url"] for each in linked} == {
        "https://grafana.example/d/tw-oncall?var-service=orders&from=now-3h&to=now"
    }
    bare = kpi_alerts.alerts(the_kpi(tmp_path, kpi_text(alert=DROP)))
    assert [name for name, _ in bare[0].annotations] == ["description", "summary"]


@pytest.mark.parametrize(
    ("unit", "alert", "summary"),
    [
        ("EUR", "above: 10", 'The orders (orders): {{ $value | printf "%.2f" }} EUR, above 10 EUR.'),
        ("ratio", "below: 0.8", "The orders (orders): {{ $value | humanizePercentage }}, below 80%."),
        (
            "EUR",
            "above: 10, below: -2.5",
            'The orders (orders): {{ $value | printf "%.2f" }} EUR,'
            " {{ if gt $value 10.0 }}above 10 EUR{{ else }}below -2.5 EUR{{ end }}.",
        ),
        (
            "a {{b",
            "above: 10",
            'The orders (orders): {{ $value | printf "%.2f" }} a {{ "{{" }}b, above 10 a {{ "{{" }}b.',
        ),
    ],
    ids=["a number and its unit", "a share in per cent", "the limit that is passed", "braces that are no template"],
)
def test_the_summary_says_the_number_and_its_unit(tmp_path: Path, unit: str, alert: str, summary: str) -> None:
    """And what it is held against."""
    found = dict(only(tmp_path, kpi_text(unit=f"'{unit}'", alert=alert)).annotations)
    assert found["summary"] == summary
    assert found["description"] == "It matters."


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("sum(rate(o[{{.window}}]))", "query \"kpi:baseline{kpi='orders',service='orders'}\""),
        (
            "sum by (cluster) (rate(o[{{.window}}]))",
            "printf \"kpi:baseline{kpi='orders',service='orders',cluster=%q}\" $labels.cluster | query",
        ),
        ("rate(o[{{.window}}])", "query \"min(kpi:baseline{kpi='orders',service='orders'})\""),
    ],
    ids=["one series", "one of several", "several that nobody can tell apart"],
)
def test_what_is_usual_is_asked_of_the_records(tmp_path: Path, query: str, asked: str) -> None:
    """Of the alert's own series; where the query does not say which that is, the least of all is called so."""
    found = only(tmp_path, kpi_text(query=query, alert=DROP))
    text = dict(found.annotations)["description"]
    assert f"{{{{ with {asked} }}}}" in text
    assert ("Usual: at least {{" in text) is ("min(" in asked)
    assert [problem(value) for _, value in found.annotations] == ["", ""] + [""] * (len(found.annotations) - 2)


def test_less_is_worse_where_more_is_better(tmp_path: Path) -> None:
    """And the other way round."""
    assert kpi_texts.is_drop(the_kpi(tmp_path, kpi_text()))
    assert not kpi_texts.is_drop(the_kpi(tmp_path, kpi_text(better="lower")))
