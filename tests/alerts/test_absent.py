"""alerts.absent: the alert that an SLI has disappeared, and when there is none."""

import pytest

from alerts.absent import absent
from slo.rule import Alert
from slo.rule_context import shared
from tests.slo.answers import EVENTS, catalogue, document, slo

RAW = "\n      raw: {error_ratio_query: 'avg_over_time(share[{{.window}}])'}"
IDS = 'sloth_id="shop-requests", sloth_service="shop", sloth_slo="requests"'


def _absent(folder, sli: str = EVENTS, *, head: str = "", **options: str) -> Alert | None:
    return absent(shared(catalogue(document(slo(sli=sli, **options), head=head), folder).slos[0]))


@pytest.mark.parametrize(
    ("sli", "record"),
    [(EVENTS, "slo:sli_events_total:rate5m"), (RAW, "slo:sli_error:ratio_rate5m")],
    ids=["all events", "a raw ratio"],
)
def test_it_watches_what_everything_else_is_made_from(sli, record, tmp_path):
    """The shortest record that is there whenever the SLI is."""
    alert = _absent(tmp_path, sli)
    assert (alert.name, alert.expr) == ("BurningAbsent", f"absent({record}{{{IDS}}})")


def test_it_carries_every_label_itself(tmp_path):
    """absent() returns no label of the series: identity, the user's, routes' and severity are written out."""
    head = "team: till\nlabels: {tier: '1', namespace: blue}\n"
    alerting = "      labels: {category: a}\n      page_alert: {labels: {severity: pageteam}}\n"
    assert dict(_absent(tmp_path, head=head, alerting=alerting).labels) == {
        "sloth_id": "shop-requests",
        "sloth_service": "shop",
        "sloth_slo": "requests",
        "sloth_severity": "page",
        "namespace": "blue",
        "tier": "1",
        "category": "a",
        "service": "shop",
        "slo": "requests",
        "severity": "pageteam",
        "team": "till",
    }


@pytest.mark.parametrize(("text", "seconds"), [("10m", 600), ("1h", 3600)])
def test_it_waits_for_as_long_as_the_spec_says(text, seconds, tmp_path):
    """A deploy is shorter."""
    assert _absent(tmp_path, alerting=f"      absent_after: {text}\n").for_seconds == seconds


def test_by_default_it_waits_ten_minutes(tmp_path):
    """Scrapes may fail for as long as it takes to restart a target."""
    assert _absent(tmp_path).for_seconds == 600


@pytest.mark.parametrize(
    "alerting",
    ["      absent_after: 0\n", "      page_alert: {disable: true}\n      ticket_alert: {disable: true}\n"],
    ids=["turned off", "nobody is told anything"],
)
def test_sometimes_there_is_none(alerting, tmp_path):
    """Where it is off, or the SLO has no alert at all."""
    assert _absent(tmp_path, alerting=alerting) is None


def test_without_a_page_it_is_a_ticket(tmp_path):
    """It goes where the SLO's alerts go."""
    alert = _absent(tmp_path, alerting="      page_alert: {disable: true}\n")
    assert {("sloth_severity", "ticket"), ("severity", "ticket")} <= {*alert.labels}
    assert dict(alert.annotations)["title"].startswith("(ticket)")


def test_its_title_says_what_happened_and_other_annotations_are_kept(tmp_path):
    """A title about burn rates would send people to the wrong page of the runbook."""
    alerting = "      annotations: {title: burning, summary: burning, runbook: r}\n"
    assert dict(_absent(tmp_path, alerting=alerting).annotations) == {
        "title": "(page) shop requests: the SLI has disappeared.",
        "summary": "Nothing has measured shop requests: neither good nor bad events are seen.",
        "description": "No sample of its SLI for 10m: the service, its metrics or their scrape is gone, and nobody sees"
        " the budget burn.",
        "runbook": "r",
    }
