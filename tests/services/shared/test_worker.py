"""services/shared/worker.py."""

import os
import signal
import threading
import time
import urllib.request

from prometheus_client import CollectorRegistry

from services.shared import worker
from services.shared.worker import Worker


def running(steps: dict, registry: CollectorRegistry) -> tuple[Worker, threading.Thread]:
    """A worker at work in a thread."""
    found = Worker(steps, registry)
    thread = threading.Thread(target=found.run)
    thread.start()
    return found, thread


def until(condition) -> None:
    """Wait for *condition*, for five seconds at most."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_work_that_did_something_is_repeated_at_once() -> None:
    """A full batch means that there is more: only an empty one waits."""
    left = [100]

    def work() -> int:
        left[0] = max(0, left[0] - 1)
        return left[0]

    found, thread = running({"relay": (60.0, work)}, CollectorRegistry())
    until(lambda: left[0] == 0)
    found.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_an_error_ends_a_round_and_not_the_worker(monkeypatch) -> None:
    """The next round comes, and both are counted."""
    monkeypatch.setattr(worker, "PAUSE_AFTER_ERROR_SECONDS", 0.01)
    registry = CollectorRegistry()
    rounds = []

    def work() -> int:
        rounds.append(1)
        if len(rounds) == 1:
            raise RuntimeError
        return 0

    found, thread = running({"relay": (0.01, work)}, registry)
    until(lambda: len(rounds) >= 2)
    found.stop()
    thread.join(5)
    assert registry.get_sample_value("worker_rounds_total", {"step": "relay", "outcome": "error"}) == 1.0
    assert registry.get_sample_value("worker_rounds_total", {"step": "relay", "outcome": "ok"}) >= 1.0


def test_a_slow_step_does_not_hold_up_the_others() -> None:
    """Each step has its own thread."""
    release = threading.Event()
    quick = []

    def slow() -> int:
        release.wait(5)
        return 0

    def fast() -> int:
        quick.append(1)
        return 0

    found, thread = running({"slow": (0.01, slow), "fast": (0.01, fast)}, CollectorRegistry())
    until(lambda: len(quick) >= 3)
    assert not release.is_set()
    release.set()
    found.stop()
    thread.join(5)


def test_sigterm_finishes_the_round_and_ends() -> None:
    """As a process: metrics are served, SIGTERM lets the round under way end, then `serve` returns."""
    ended = []
    seen = []

    def work() -> int:
        if not seen:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
                seen.append(b"worker_rounds" in page.read())
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)
            ended.append(True)
        return 0

    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    registry = CollectorRegistry()
    try:
        worker.serve(Worker({"relay": (0.01, work)}, registry), registry, metrics_port=port)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert (seen, ended) == ([True], [True])
