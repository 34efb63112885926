"""The first minutes of Prometheus: every rule group runs often, so that the first budgets show soon."""

from __future__ import annotations

import time
from collections.abc import Callable

from local.prometheus_config import WARM_UP_SECONDS, write_rules
from local.settings import Settings


class WarmUp:
    """Runs from when it is made until `tick` finds it over: then the rules are what ./generate.py wrote."""

    def __init__(self, settings: Settings, *, reload: Callable[[], None]) -> None:
        """*reload*: makes Prometheus read its rules again."""
        self._settings = settings
        self._reload = reload
        self._over_at: float | None = time.monotonic() + WARM_UP_SECONDS

    def tick(self) -> None:
        """End it if that is due. A group keeps its state and its series, for its file and name stay."""
        if self._over_at is None or time.monotonic() < self._over_at:
            return
        write_rules(self._settings.generated_rules, self._settings.rules, warm_up=False)
        self._reload()
        self._over_at = None
