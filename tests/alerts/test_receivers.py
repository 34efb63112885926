"""alerts.receivers: what Slack, the mail server and the dead man's switch get from a real Alertmanager."""

import email
import email.policy

import pytest

from alerts import routes
from slo import conventions as names
from tests.alerts.running import SECRETS, alertmanager, until
from tests.alerts.shops import ROUTING, burning, shop

TEXTS = {
    "summary": "The queue is 40 orders long.",
    "description": "Nobody has their order.",
    names.RUNBOOK_URL: "https://runbooks.a.example/Queue",
    names.DASHBOARD_URL: f"https://grafana.a.example/d/x?{names.DASHBOARD_RANGE}",
}
ALWAYS = ROUTING.replace(", hours: office", "").replace(", hours: weekend", "")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """An Alertmanager whose tickets wait for no hours."""
    folder = tmp_path_factory.mktemp("alertmanager")
    with alertmanager(routes.config(shop(folder / "specs", ALWAYS)), folder) as found:
        yield found


def test_a_ticket_is_a_message_in_its_teams_channel(running):
    """The sentence, why it matters, which alerts, and where to go on; its end comes as well."""
    labels = {"alertname": "Queue", "severity": "ticket", "team": "orders", "service": "orders"}
    running.post({"labels": labels, "annotations": TEXTS})
    until(lambda: [post for post in running.heard.posts if post[0] == "/slack/orders"])
    (body,) = (body for path, _, body in running.heard.posts if path == "/slack/orders")
    (message,) = body["attachments"]
    assert body["channel"] == "#orders"
    assert message["title"] == "The queue is 40 orders long."
    why, which, links = message["text"].splitlines()
    assert (why, which) == (
        "Nobody has their order.",
        "alertname=Queue service=orders severity=ticket team=orders ",
    )
    assert links.startswith("<https://runbooks.a.example/Queue|Runbook> · <https://grafana.a.example/d/x?from=1")
    assert links.endswith("alertname%3D%22Queue%22%7D|Silence it>")
    running.end(labels)
    until(lambda: len([post for post in running.heard.posts if post[0] == "/slack/orders"]) == 2)
    assert running.heard.posts[-1][2]["attachments"][0]["title"].startswith("Over: ")


def test_what_nobody_owns_is_mailed_as_well(running):
    """To PagerDuty and by mail, loudly."""
    running.post({"labels": {"alertname": "Lost", "severity": "page", "team": "nobody"}, "annotations": TEXTS})
    until(lambda: running.heard.mails and running.open().get("unrouted"))
    mail = email.message_from_string(running.heard.mails[0], policy=email.policy.default)
    assert mail["Subject"] == "[UNROUTED] The queue is 40 orders long."
    assert mail["To"] == "oncall@a.example"
    text = mail.get_body(("plain",)).get_content()
    assert "Nobody has their order." in text
    assert "https://runbooks.a.example/Queue" in text


def test_the_sign_of_life_goes_out_with_its_token(running):
    """To the switch, again and again, and to nobody else."""
    running.send({"alertname": "Watchdog", "severity": "info"})
    until(lambda: [post for post in running.heard.posts if post[0] == "/switch"])
    (headers,) = (headers for path, headers, _ in running.heard.posts if path == "/switch")
    assert headers["Authorization"] == "Bearer secret-token"


def test_an_info_goes_to_no_one(running):
    """It is there for inhibitions, and for whoever looks."""
    running.send({"alertname": "Info", "severity": "info", "team": "orders"}, burning("payments", "latency"))
    until(lambda: running.open().get("payments"))
    until(lambda: running.flushes("Info") >= 2)
    assert not [event for event in running.events if event["payload"].get("class") == "Info"]


def test_no_secret_stands_in_the_configuration(tmp_path):
    """Each is a file; none of our keys holds one itself."""
    found = str(routes.config(shop(tmp_path / "specs")))
    for inside in ("'routing_key'", "'api_url'", "'auth_password'", "'credentials'"):
        assert inside not in found
    others = ("the fallback", "the escalation", "its mail", "the sign of life")
    assert found.count(SECRETS) == 2 * len(("payments", "orders", "storefront", "platform")) + len(others)
