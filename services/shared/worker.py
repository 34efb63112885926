"""A process that works in rounds until it is told to stop: relays, expiry, what is not answered yet.

The round under way is finished at SIGTERM or SIGINT. An error ends a round, never the process.
"""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, start_http_server

_LOGGER = logging.getLogger(__name__)
# Waited after a round that failed, so that a database that is down is asked, not hammered.
PAUSE_AFTER_ERROR_SECONDS = 1.0


class Worker:
    """Runs *steps*, each at its own pace.

    Args:    steps: name → (seconds between two runs, the work). Work that returns a number above 0 is run again
             at once: there may be more.
    """

    def __init__(self, steps: Mapping[str, tuple[float, Callable[[], int]]], registry: CollectorRegistry) -> None:
        self._steps = steps
        self._stop = threading.Event()
        self._rounds = Counter(
            "worker_rounds", "Rounds of a worker's steps, by their end.", ("step", "outcome"), registry=registry
        )
        for name in steps:
            for outcome in ("ok", "error"):
                self._rounds.labels(name, outcome)

    def stop(self) -> None:
        """Finish the rounds under way, then return from `run`."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`: a thread a step, so that a slow peer of one does not hold up the others."""
        threads = [
            threading.Thread(target=self._repeat, args=(name, pause, work), name=name)
            for name, (pause, work) in self._steps.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, name: str, pause: float, work: Callable[[], int]) -> None:
        while not self._stop.is_set():
            try:
                done = work()
            except Exception:  # the next round may succeed; the count of failures is what alerts read
                _LOGGER.exception("a worker's step failed", extra={"step": name})
                self._rounds.labels(name, "error").inc()
                self._stop.wait(max(pause, PAUSE_AFTER_ERROR_SECONDS))
                continue
            self._rounds.labels(name, "ok").inc()
            if done == 0:
                self._stop.wait(pause)


def serve(worker: Worker, registry: CollectorRegistry, *, metrics_port: int | None, host: str = "127.0.0.1") -> None:
    """Run *worker* as this process: metrics on *metrics_port* unless None, an orderly end at SIGTERM and SIGINT.

    Raises:  OSError: the port is taken.
    """

    def end(signum: int, frame: Any) -> None:
        del signum, frame
        worker.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if metrics_port is not None:
        start_http_server(metrics_port, addr=host, registry=registry)
    _LOGGER.info("worker started")
    worker.run()
    _LOGGER.info("worker stopped")
