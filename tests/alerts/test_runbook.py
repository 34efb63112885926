"""alerts.runbook: skeletons hold what specs know, and nothing is wrong with them but what is still to be written."""

import pytest

from alerts import runbook, runbook_check
from slo.catalogue import Catalogue
from slo.load import load
from tests.slo.answers import EVENTS, document, slo

RAW = "\n      raw: {error_ratio_query: 'avg_over_time(share[{{.window}}])'}"
PLUGIN = "\n      plugin: {id: getting_started/availability, options: {}}"
KPI = """\
kpis:
  - name: orders
    title: Orders a minute
    query: 60 * sum(rate(orders_total[{{.window}}]))
    unit: orders/min
    better: higher
    alert:
      name: OrdersLow
      deviation: 0.5
      below: 1
      for: 15m
      description: Nobody buys.
      dashboard: tw-business
"""
ALERTS = """\
version: tillwatch/alerts/v1
team: platform
service: kubernetes
alerts:
  - name: DiskSpaceLow
    severity: ticket
    query: min by (instance) (avail_bytes / size_bytes)
    below: 0.1
    for: 30m
    unit: ratio
    summary: '{{ $value }} of {{ $labels.instance }} is free.'
    description: A disk | that is full stops what writes on it.
    dashboard: tw-kubernetes
    cases:
      - name: full
        series: {'avail_bytes{instance="a"}': 1x60, 'size_bytes{instance="a"}': 100x60}
        fires_at: 31m
        alerts: [{labels: {instance: a}, summary: 0.01 of a is free.}]
      - name: nearly empty
        series: {'avail_bytes{instance="a"}': 99x60, 'size_bytes{instance="a"}': 100x60}
        silent_at: [40m]
"""


def _catalogue(text: str, folder) -> Catalogue:
    (folder / "specs").mkdir()
    (folder / "alerts").mkdir()
    (folder / "specs" / "shop.yaml").write_text(text)
    (folder / "alerts" / "disks.yaml").write_text(ALERTS)
    return load([str(folder / "specs")], None, str(folder / "alerts"), plugins=True)


def _whole(folder) -> Catalogue:
    """Every kind of alert."""
    two = document(slo("availability", EVENTS), service="stock", head="depends_on: [shop]\n").replace(
        "Burning", "Stock"
    )
    return _catalogue(document(slo("availability"), head=KPI) + "---\n" + two, folder)


EVERY_NAME = [
    "Burning",
    "BurningAbsent",
    "OrdersLowDeviation",
    "OrdersLowLimit",
    "Stock",
    "StockAbsent",
    "DependencyDown",
    "DiskSpaceLow",
]


def test_every_alert_has_a_skeleton(tmp_path):
    """Once a name, in the order of files."""
    assert [name for name, _ in runbook.skeletons(_whole(tmp_path))] == EVERY_NAME


def test_alerts_of_one_name_share_a_runbook(tmp_path):
    """It describes the first."""
    text = document(slo("first"), slo("second"))
    found = list(runbook.skeletons(_catalogue(text, tmp_path)))
    assert [name for name, _ in found] == ["Burning", "BurningAbsent", "DiskSpaceLow"]
    assert "`shop-first`" in found[0][1]


@pytest.mark.parametrize("sli", [EVENTS, RAW, PLUGIN], ids=["events", "a raw ratio", "a plugin"])
def test_nothing_is_wrong_with_a_skeleton_but_what_is_not_written(sli, tmp_path):
    """Headings, queries and links pass; something is left to be written in each."""
    made = dict(runbook.skeletons(_catalogue(document(slo(sli=sli), head=KPI), tmp_path)))
    for name, text in made.items():
        found = [message for _, message in runbook_check.faults(name, text, made)]
        assert found
        assert [message for message in found if not message.startswith("is not written yet: ")] == [], text


def test_a_skeleton_says_what_the_spec_knows(tmp_path):
    """The promise, when it is told, the queries, whom it depends on."""
    text = dict(runbook.skeletons(_whole(tmp_path)))["Stock"]
    for known in (
        "`stock-availability`: 99.9 % in 30 days. Page above 1.44 % over 5m and 1h or 0.6 % over 30m and 6h;"
        " ticket above 0.3 % over 2h and 1d or 0.1 % over 6h and 3d, from 3 bad on.",
        'sum(rate(requests_total{code="500"}[5m]))',
        'slo:current_burn_rate:ratio{sloth_id="stock-availability", sloth_service="stock", sloth_slo="availability"}',
        'ALERTS{alertstate="firing", service=~"shop"}',
    ):
        assert known in text


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        (
            {"objective": "99.95", "alerting": "      page_alert: {disable: true}\n"},
            "Ticket above 0.15 % over 2h and 1d",
        ),
        (
            {"alerting": "      ticket_alert: {disable: true}\n"},
            "Page above 1.44 % over 5m and 1h or 0.6 % over 30m and 6h, from",
        ),
        ({"sli": RAW}, "or 0.1 % over 6h and 3d."),
        ({"more": "    window: 7d\n"}, "99.9 % in 7 days"),
    ],
    ids=["no page", "no ticket", "a raw ratio has nothing to count", "a week"],
)
def test_the_facts_are_those_of_the_spec(options, facts, tmp_path):
    """A runbook repeats them word by word, so that it cannot be left behind by its spec."""
    (found,) = _catalogue(document(slo(**options)), tmp_path).slos
    assert facts in runbook.facts(found)


def test_nobody_told_nothing_to_write(tmp_path):
    """An SLO without alerts needs no runbook."""
    off = "      page_alert: {disable: true}\n      ticket_alert: {disable: true}\n"
    assert [name for name, _ in runbook.skeletons(_catalogue(document(slo(alerting=off)), tmp_path))] == [
        "DiskSpaceLow"
    ]
