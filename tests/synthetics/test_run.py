"""What Prometheus is asked for after a run, and what a run says without it."""

import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import psutil
import pytest

from synthetics.commands_load import plan_of
from synthetics.live import Live
from synthetics.load_plan import LoadPlan
from synthetics.run import asked, clean_up, clean_up_seconds, judged
from synthetics.stopping import Stopping
from synthetics.verdict import NoVerdict
from tests.synthetics.runs import SIGNED

ASKED: list[tuple[Any, ...]] = []


def plan(**given: Any) -> LoadPlan:
    """Of these options."""
    found = plan_of({"shape_name": "steady", **given}, SIGNED)
    assert isinstance(found, LoadPlan)
    return found


def verdict(*arguments: Any) -> dict[str, Any]:
    """One that notes what it was asked for."""
    ASKED.append(arguments)
    return {"verdict": "pass", "slos": []}


def test_the_verdict_looks_at_the_run_without_its_lead() -> None:
    """And at the class of the run's traffic, until Prometheus has seen the end."""
    from dataclasses import replace

    ended = time.time() - 60
    found = {"began": ended - 75, "ended": ended}
    loading = replace(plan(prometheus="http://127.0.0.1:1"), lead_seconds=15)
    said = judged(loading, found, Live(stream=io.StringIO()), Stopping(), ask=verdict)
    assert said["verdict"]["verdict"] == "pass"
    assert ASKED[-1] == ("http://127.0.0.1:1", ended - 60, ended + 5, "load")
    assert said["remarks"] == ["no saturation: http://127.0.0.1:1 does not answer as a Prometheus does (URLError)"]


def test_a_verdict_that_does_not_come_is_said() -> None:
    """The run is then invalid, for it was asked for."""

    def none(*_: Any) -> Any:
        raise NoVerdict("no verdict: it died")

    found = {"began": time.time() - 99, "ended": time.time() - 60}
    said = judged(plan(prometheus="http://127.0.0.1:1"), found, Live(stream=io.StringIO()), Stopping(), ask=none)
    assert (said["verdict"], said["no_verdict"]) == (None, "no verdict: it died")


@pytest.mark.parametrize("found", [{"began": 1.0, "ended": 2.0}, {"began": None, "ended": None}])
def test_without_a_prometheus_or_a_run_nobody_is_asked(found: dict[str, Any]) -> None:
    """And nobody waits."""
    with patch("synthetics.run.time.sleep") as slept:
        loading = plan() if found["began"] else plan(prometheus="http://127.0.0.1:1")
        said = judged(loading, found, Live(stream=io.StringIO()), Stopping(), ask=verdict)
    assert (said["verdict"], said["no_verdict"], said["saturation"]) == (None, "", [])
    slept.assert_not_called()


def test_who_insists_waits_for_no_verdict() -> None:
    """Twice is twice: neither for Prometheus to have seen the end, nor for its answer."""
    found = {"began": time.time() - 60, "ended": time.time()}
    stopping = Stopping(signals=[2, 2])
    with patch("synthetics.run.time.sleep") as slept:
        said = judged(plan(prometheus="http://127.0.0.1:1"), found, Live(stream=io.StringIO()), stopping, ask=verdict)
    assert said["no_verdict"] == "no verdict: somebody asked twice for the end"
    slept.assert_not_called()


@contextlib.contextmanager
def deaf() -> Iterator[str]:
    """A shop that takes connections and answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_who_insists_ends_a_clean_up_that_waits_for_the_shop() -> None:
    """Within a moment, though no account was cleared or failed meanwhile; none is told as cleared."""
    before = psutil.Process().children()  # what other tests of this process have started
    stopping, began = Stopping(signals=[2]), time.monotonic()
    threading.Timer(1.5, lambda: stopping.signals.append(2)).start()
    with deaf() as host:
        said = clean_up(plan(host=host), {"accounts": 3}, Live(stream=io.StringIO()), stopping)
    assert time.monotonic() - began < 4
    assert said == {"accounts": 3, "cleared": 0, "failed": 3, "cancelled": 0}
    assert psutil.Process().children() == before


def test_what_a_long_run_has_bought_may_take_long_to_cancel() -> None:
    """Of four hours, twelve minutes: some thousand orders stand by then, and two minutes would leave most of them."""
    assert [clean_up_seconds(plan(seconds=seconds)) for seconds in (60, 2400, 14_400)] == [120, 120, 720]


def test_what_was_asked_for_is_in_the_document() -> None:
    """Of each kind of run, and without the key."""
    steady, users = asked(plan(rate="3/s", workers=2)), asked(plan_of({"users": 4}, SIGNED))  # type: ignore[arg-type]
    assert (steady["visits_per_second"], steady["processes"], steady["seconds"]) == (3.0, 2, 300)
    assert (users["users"], users["traffic"]) == (4, "load")
    assert all(key not in str((steady, users)) for key in SIGNED.values())
