"""alerts.pagerduty: what a real Alertmanager renders of it, and the stand-in takes, which is as strict as PagerDuty."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts import routes
from local.pagerduty_event import MAX_BYTES, MAX_SUMMARY
from slo import conventions as names
from tests.alerts.running import Alertmanager, alertmanager, moment, until
from tests.alerts.shops import burning, shop

TEXTS = {
    "title": "(page) payments availability SLO error budget burn rate is too fast.",
    "summary": "payments availability SLO error budget burn rate is over expected.",
    "description": "12.5% bad over 5m or 30m, where 99.9% over 30d allows 0.1%.",
    names.RUNBOOK_URL: "https://runbooks.a.example/PaymentsAvailability",
    names.DASHBOARD_URL: f"https://grafana.a.example/d/tw-slo-detail?var-slo=a%20b&{names.DASHBOARD_RANGE}",
}
THRESHOLD = {"summary": "CPU of a is 91% busy.", "description": "Whatever runs there gets slow."}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """An Alertmanager with the routes of a shop, which waits for nothing."""
    folder = tmp_path_factory.mktemp("alertmanager")
    with alertmanager(routes.config(shop(folder / "specs")), folder, group_wait="500ms") as found:
        yield found


def _told(running: Alertmanager, cluster: str, *alerts: dict[str, Any], action: str = "trigger") -> dict[str, Any]:
    """The event about *alerts*, which lie in a *cluster* of this test's own."""
    running.post(*({**alert, "labels": {**alert["labels"], "cluster": cluster}} for alert in alerts))
    return _event(running, cluster, action)


def _event(running: Alertmanager, cluster: str, action: str = "trigger") -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def came() -> bool:
        found[:] = [
            event
            for event in running.events
            if event["event_action"] == action
            and (event["payload"].get("source") or "").startswith(cluster)
            and event["team"] != "platform"
        ]
        return bool(found)

    until(came)
    return found[-1]


def _details(event: dict[str, Any]) -> dict[str, str]:
    """Numbers come as text from Alertmanager 0.25."""
    details: dict[str, Any] = event["payload"]["custom_details"]
    assert all(isinstance(value, int | str) for value in details.values())
    return {name: str(value).strip() for name, value in details.items()}


def test_a_page_says_everything_at_once(running):
    """How bad, the number, why, where; runbook, dashboard, silence and query are a click away."""
    start = datetime.fromisoformat(moment(-100))
    alert = {
        "labels": burning("payments"),
        "annotations": TEXTS,
        "startsAt": start.isoformat(),
        "generatorURL": "https://prometheus.a.example/graph?g0.expr=a+%3E+1",
    }
    event = _told(running, "whole", alert)
    details = _details(event)
    begin, end = (round((start + timedelta(hours=hours)).timestamp() * 1000) for hours in (-3, 1))
    dashboard = f"https://grafana.a.example/d/tw-slo-detail?var-slo=a%20b&from={begin}&to={end}"
    silenced = ("cluster", "whole"), ("service", "payments"), ("slo", "availability")
    filters = "".join(f"{name}%3D%22{value}%22%2C" for name, value in silenced)
    assert event == {
        "event_action": "trigger",
        "dedup_key": event["dedup_key"],
        "team": "payments",
        "client": "Tillwatch",
        "client_url": dashboard,
        "links": [
            {"href": TEXTS[names.RUNBOOK_URL], "text": "Runbook"},
            {"href": dashboard, "text": "Dashboard at that time"},
            {
                "href": f"https://alertmanager.example/#/silences/new?filter=%7B{filters}alertname%3D%22"
                "PaymentsAvailability%22%7D",
                "text": "Silence it",
            },
            {"href": "https://prometheus.a.example/graph?g0.expr=a+%3E+1", "text": "Query in Prometheus"},
        ],
        "payload": {
            "summary": f"{TEXTS['title']} {TEXTS['description']}",
            "source": "whole/payments",
            "severity": "critical",
            "class": "PaymentsAvailability",
            "component": "payments",
            "group": "availability",
            "custom_details": event["payload"]["custom_details"],
        },
    }
    assert details == {
        "firing": "alertname=PaymentsAvailability cluster=whole service=payments severity=page "
        "slo=availability sloth_id=payments-availability sloth_service=payments sloth_severity=page "
        "sloth_slo=availability team=payments",
        "num_firing": "1",
        "num_resolved": "0",
        "resolved": "0 alerts",
        "summary": TEXTS["summary"],
        "why": TEXTS["description"],
    }


def test_a_sentence_with_a_colon_stays_a_sentence(running):
    """Newer Alertmanagers would make a mapping of it."""
    labels = {"alertname": "Colon", "severity": "page", "team": "payments"}
    texts = {"summary": "Orders: 3 fail.", "description": "- whoever: buys\n- whoever: pays"}
    details = _details(_told(running, "colon", {"labels": labels, "annotations": texts}))
    assert (details["summary"], details["why"]) == (texts["summary"], texts["description"])


def test_a_threshold_alert_says_its_own_sentence(running):
    """It names the number itself; and it is a warning where it can wait."""
    labels = {"alertname": "HighCPU", "service": "k8s", "severity": "ticket", "team": "payments", "instance": "a"}
    payload = _told(running, "cpu", {"labels": labels, "annotations": THRESHOLD})["payload"]
    assert (payload["summary"], payload["severity"], payload["source"], payload["group"]) == (
        "CPU of a is 91% busy.",
        "warning",
        "cpu/a",
        "HighCPU",
    )
    assert payload["custom_details"]["why"].strip() == THRESHOLD["description"]


def test_without_annotations_it_is_still_an_event(running):
    """Nothing is left blank that must not be, and no link leads nowhere."""
    event = _told(running, "bare", {"labels": {"alertname": "Bare", "severity": "page", "team": "payments"}})
    assert event["payload"]["summary"] == "Bare fires, and says nothing more."
    assert [link["text"] for link in event["links"]] == ["Silence it"]
    assert not event.get("client_url")


def test_five_hundred_alerts_are_one_short_event(running):
    """Their number, the first few with their labels, and the text of the first."""
    alerts = [
        {"labels": burning("payments", instance=f"i-{number:03}", pod="p" * 1000), "annotations": TEXTS}
        for number in range(500)
    ]
    event = _told(running, "many", *alerts)
    summary, details = event["payload"]["summary"], _details(event)
    assert summary == f"{TEXTS['title']} {TEXTS['description']} (500 alerts fire)"
    *shown, rest = details["firing"].splitlines()
    assert [re.search(r"instance=(\S+)", line)[1] for line in shown] == [f"i-{number:03}" for number in range(5)]
    assert (rest, details["num_firing"]) == ("and more: 500 in all", "500")
    assert len(json.dumps(event)) < MAX_BYTES / 50


def test_a_long_summary_is_cut_where_pagerduty_ends(running):
    """In characters, not in bytes."""
    labels = {"alertname": "Long", "severity": "page", "team": "payments"}
    summary = _told(running, "long", {"labels": labels, "annotations": {"summary": "ä" * 2000}})["payload"]["summary"]
    assert len(summary) == MAX_SUMMARY
    assert summary.startswith("ä" * 1000)


def test_quotes_and_line_breaks_survive(running):
    """What comes from labels and annotations is text, whatever is in it."""
    labels = {"alertname": "Odd", "severity": "page", "team": "payments", "service": 'a "b" +c', "slo": "{{ x }}"}
    event = _told(running, "odd", {"labels": labels, "annotations": {"summary": 'say "{{ 1 }}"\n<b>'}})
    assert event["payload"]["summary"] == 'say "{{ 1 }}"\n<b>'
    (silence,) = [link["href"] for link in event["links"]]
    assert "service%3D%22a%20%5C%22b%5C%22%20%2Bc%22%2C" in silence


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({"sloth_severity": "page", "severity": "page"}, "critical"),
        ({"sloth_severity": "ticket", "severity": "ticket"}, "warning"),
        ({"sloth_severity": "ticket", "team": "nobody"}, "warning"),
        ({"sloth_severity": "ticket", "severity": "page"}, "warning"),
        ({"sloth_severity": "page", "severity": "ticket"}, "critical"),
        ({"severity": "ticket"}, "warning"),
        ({"severity": "pageteam", "team": "orders"}, "critical"),
        ({}, "critical"),
    ],
    ids=[
        "a page",
        "a ticket",
        "a ticket of an unknown team",
        "a ticket that the user calls a page",
        "a page that the user calls a ticket",
        "a ticket of something else",
        "a severity that nobody knows",
        "nothing that we made",
    ],
)
def test_what_nobody_owns_is_loud_and_as_bad_as_it_says(running, request, labels, severity):
    """A ticket without a team wakes nobody; what is neither page nor ticket might have to."""
    cluster = f"unrouted {request.node.callspec.id}"
    event = _told(running, cluster, {"labels": {"alertname": "A", **labels}, "annotations": THRESHOLD})
    assert (event["team"], event["payload"]["severity"]) == ("unrouted", severity)
    assert event["payload"]["summary"] == "[UNROUTED] CPU of a is 91% busy."


def test_its_end_is_told_with_the_same_key(running):
    """And the incident closes."""
    alert = {"labels": burning("payments"), "annotations": TEXTS}
    begun = _told(running, "ended", alert)
    over = {**alert, "labels": {**alert["labels"], "cluster": "ended"}, "endsAt": moment()}
    running.post(over)

    def ended() -> bool:
        return any(
            event["event_action"] == "resolve" and event["dedup_key"] == begun["dedup_key"] for event in running.events
        )

    until(ended)
    assert [one.is_open for one in running.heard.incidents if one.dedup_key == begun["dedup_key"]] == [False]
