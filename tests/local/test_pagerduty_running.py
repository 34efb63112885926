"""The stand-in under gunicorn, as the platform starts it: what a kill, a full disk and a lost connection leave."""

import resource
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
import urllib3

from local import faults
from local.errors import FaultRefused
from local.pagerduty_store import IncidentStore
from local.secret import write_secret
from local.settings import Settings
from tests.local.pagerduty_process import TOKEN, event, read_events, standin

Wait = Callable[..., Any]
MANY = {"PAGERDUTY_EVENTS_PER_MINUTE": "1000000"}


@pytest.mark.parametrize("after_events", [1, 30, 100])
def test_sigkill_while_events_come_loses_none_that_was_answered(
    settings: Settings, wait_for: Wait, after_events: int
) -> None:
    """Whatever was answered with 202 is there after the next start."""
    answered: set[str] = set()
    with standin(settings, wait_for, **MANY) as process:

        def send(sender: int) -> None:
            pool = urllib3.HTTPConnectionPool("127.0.0.1", settings.port("pagerduty"), retries=False, timeout=10)
            for number in range(10_000):
                body = event(f"{sender}-{number}", custom_details={"text": "x" * 3000})
                try:
                    if pool.request("POST", "/v2/enqueue", json=body).status == 202:
                        answered.add(body["dedup_key"])
                except urllib3.exceptions.HTTPError:
                    return

        senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for sender in senders:
            sender.start()
        wait_for(lambda: len(answered) >= after_events, 30)
        process.kill()
        for sender in senders:
            sender.join()
    kept = {incident.dedup_key for incident in IncidentStore(settings.pagerduty_events).incidents()}
    assert answered <= kept
    # At most the one in each thread was written, and not answered any more.
    assert len(kept - answered) <= 4


def test_a_full_disk_is_503_and_leaves_nothing_half_written(settings: Settings, wait_for: Wait) -> None:
    """Once there is room again, events are taken again, behind whole lines."""
    with standin(settings, wait_for, **MANY) as process:
        assert process.ask("POST", "/v2/enqueue", event("big", custom_details={"text": "x" * 50_000})).status == 202
        size = settings.pagerduty_events.stat().st_size
        (worker,) = psutil.Process(process.popen.pid).children()
        hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (size + 100, hard))
        assert process.ask("POST", "/v2/enqueue", event("lost")).status == 503
        assert settings.pagerduty_events.stat().st_size == size
        assert [each["dedup_key"] for each in process.incidents()] == ["big"]
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert process.ask("POST", "/v2/enqueue", event("next")).status == 202
    assert [each["dedup_key"] for each in read_events(settings.pagerduty_events)] == ["big", "next"]


def test_break_and_mend_reach_it(settings: Settings, wait_for: Wait) -> None:
    """With the token of the run; a fault that there is not is refused by the names of those that there are."""
    write_secret(settings.fault_token, TOKEN)
    with standin(settings, wait_for) as process:
        faults.break_service(settings, "pagerduty", {"fault": "errors", "share": 1.0, "seconds": 60})
        assert process.ask("POST", "/v2/enqueue", event("a")).status == 500
        faults.mend_service(settings, "pagerduty")
        assert process.ask("POST", "/v2/enqueue", event("a")).status == 202
        with pytest.raises(FaultRefused, match="'rate-limit', 'errors', 'slow', 'drop'"):
            faults.break_service(settings, "pagerduty", {"fault": "latency", "share": 1.0, "seconds": 60})


def test_a_dropped_connection_has_no_answer(settings: Settings, wait_for: Wait) -> None:
    """The caller sees it end; the log has no traceback for it."""
    with standin(settings, wait_for) as process:
        process.fault(fault="drop")
        with pytest.raises(urllib3.exceptions.ProtocolError):
            process.ask("POST", "/v2/enqueue", event("a"))
        process.fault()
        assert process.results("failed") == 1
        assert process.incidents() == []
    assert "Traceback" not in (settings.logs / "pagerduty.log").read_text(encoding="utf-8")


def test_slow_events_leave_threads_for_the_page(settings: Settings, wait_for: Wait) -> None:
    """Some wait, the others are sent away with 503; the page and `mend` are answered at once."""
    with standin(settings, wait_for) as process:
        process.fault(fault="slow", delay_seconds=4)
        statuses: list[int] = []
        ask = lambda number: statuses.append(process.ask("POST", "/v2/enqueue", event(str(number))).status)  # noqa: E731
        senders = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for sender in senders:
            sender.start()
        wait_for(lambda: len(statuses) == 4, 3)
        began = time.monotonic()
        assert process.incidents() == []
        assert time.monotonic() - began < 2
        for sender in senders:
            sender.join()
    assert sorted(statuses) == [202, 202, 503, 503, 503, 503]
