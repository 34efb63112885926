"""Real Alertmanagers and the stand-in: trouble on PagerDuty's side delays a page, and loses or doubles none.

Alertmanager's own word on what it tries again: 429, 5xx and lost connections, with growing pauses; every other
answer ends the turn, and the group's next turn comes after its group_interval (notify/pagerduty/pagerduty.go and
RetryStage in notify/notify.go of github.com/prometheus/alertmanager).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from local.settings import Settings
from tests.local.pagerduty_process import Process, alertmanagers, send, standin

Wait = Callable[..., Any]


def test_a_page_comes_through_all_trouble_as_one_incident(settings: Settings, wait_for: Wait) -> None:
    """429, then 500, then no answer at all, from two that both try: one incident, and its end arrives too."""
    with standin(settings, wait_for) as pagerduty, alertmanagers(settings, wait_for) as both:
        pagerduty.fault(fault="rate-limit")
        send(both)
        wait_for(lambda: pagerduty.results("limited") >= 2, 40)
        for fault in ("errors", "drop"):
            before = pagerduty.results("failed")
            pagerduty.fault(fault=fault)
            wait_for(lambda before=before: pagerduty.results("failed") >= before + 2, 40)
        assert pagerduty.incidents() == []
        pagerduty.fault()
        # Also whoever was on its last try: a trigger that came after the end would open a second one.
        wait_for(lambda: pagerduty.incidents() != [] and all(map(_is_idle, both)), 60)
        (incident,) = pagerduty.incidents()
        assert (incident["status"], incident["team"], incident["alert"]) == (
            "triggered",
            "catalog",
            "CatalogAvailability",
        )
        assert incident["triggers"] == pagerduty.results("accepted")
        send(both, ends_at=datetime.now(UTC).isoformat())
        wait_for(lambda: pagerduty.incidents()[0]["status"] == "resolved", 40)
        assert len(pagerduty.incidents()) == 1


def test_two_that_do_not_know_one_another_make_one_incident(settings: Settings, wait_for: Wait) -> None:
    """Each sends it, with the same key: the second is one more trigger."""
    with standin(settings, wait_for) as pagerduty:
        for _ in range(2):
            with alertmanagers(settings, wait_for, count=1) as one:
                before = pagerduty.results("accepted")
                send(one)
                wait_for(lambda before=before: pagerduty.results("accepted") > before, 30)
            # It forgets what it has sent: the next one starts like the other of a pair that lost its peer.
            (settings.run / "alertmanager" / "nflog").unlink()
        (incident,) = pagerduty.incidents()
        assert incident["triggers"] == 2


@pytest.mark.parametrize("fault", [{"fault": "rate-limit"}, {"fault": "errors", "status": 503}, {"fault": "drop"}])
def test_trouble_is_tried_again_in_the_same_turn(settings: Settings, wait_for: Wait, fault: dict[str, Any]) -> None:
    """Until it is over, and without a wait for the group's next turn, which comes in an hour here."""
    with (
        standin(settings, wait_for) as pagerduty,
        alertmanagers(settings, wait_for, count=1, group_interval="1h") as (one,),
    ):
        pagerduty.fault(**fault)
        send([one])
        wait_for(lambda: pagerduty.results("limited", "failed") >= 2, 30)
        assert pagerduty.incidents() == []
        pagerduty.fault()
        wait_for(lambda: pagerduty.incidents() != [], 30)
        assert one.metric('alertmanager_notifications_total{integration="pagerduty"') == 1
        assert [each["triggers"] for each in pagerduty.incidents()] == [1]


def test_what_is_refused_is_not_tried_again(settings: Settings, wait_for: Wait) -> None:
    """A wrong key is 400 at the first try, and Alertmanager gives up for this turn."""
    with (
        standin(settings, wait_for) as pagerduty,
        alertmanagers(settings, wait_for, count=1, key="k" * 31, group_interval="1h") as (one,),
    ):
        send([one])
        wait_for(lambda: one.metric('alertmanager_notifications_failed_total{integration="pagerduty"') == 1, 30)
        assert one.metric('alertmanager_notification_requests_total{integration="pagerduty"') == 1
        assert (pagerduty.results("refused"), pagerduty.results("accepted")) == (1, 0)
    assert "Length of 'routing_key' is incorrect" in (settings.logs / "alertmanager.log").read_text(encoding="utf-8")


def _is_idle(alertmanager: Process) -> bool:
    """Whether it is trying nothing: each turn that it began has been taken by PagerDuty, or was given up."""
    begun, given_up, tried, refused = (
        alertmanager.metric(f'alertmanager_{name}_total{{integration="pagerduty"')
        for name in ("notifications", "notifications_failed", "notification_requests", "notification_requests_failed")
    )
    return begun == given_up + tried - refused
