"""Whether a process is alive, and whether it wants traffic.

Neither asks another service: one that is down must not take its callers out of rotation with it.
"""

import logging
import threading
from collections.abc import Callable

from apiflask import APIBlueprint, HTTPError

from services.shared.auth import public

_LOGGER = logging.getLogger(__name__)


class Draining:
    """Whether this process has been told to stop; set once, by the signal handler."""

    def __init__(self) -> None:
        self._started = threading.Event()

    def start(self) -> None:
        self._started.set()

    def has_started(self) -> bool:
        return self._started.is_set()


def health_pages(*, check: Callable[[], None], draining: Draining) -> APIBlueprint:
    """`/livez`, which always answers, and `/readyz`, which fails while draining or when *check* raises."""
    blueprint = APIBlueprint("health", __name__, enable_openapi=False)

    @blueprint.get("/livez")
    @public
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @blueprint.get("/readyz")
    @public
    def readyz() -> dict[str, str]:
        if draining.has_started():
            raise HTTPError(503, "This process is stopping.", extra_data={"code": "draining"})
        try:
            check()
        except Exception as error:  # whatever is wrong with the store, the answer is "not now"
            _LOGGER.exception("readiness check failed")
            raise HTTPError(
                503, "The service's own store does not answer.", extra_data={"code": "not_ready"}
            ) from error
        return {"status": "ready"}

    return blueprint
