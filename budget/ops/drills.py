"""The drills that can be begun from the page, and when their pages are expected: reckoned once, on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from budget.drill_spec import Drill, Page
from budget.ops.kept import Kept, Seen

Forecast = tuple[float | None, ...]
"""For each of a drill's pages, seconds from the fault until somebody is told; None: not within the drill."""
Forecaster = Callable[[Drill], Forecast]
FORECAST_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One page of a drill. reckoned: whether it is known when it comes. seconds: None where it does not."""

    page: Page
    reckoned: bool
    seconds: float | None


class Drills:
    """What there is, by name."""

    def __init__(
        self, drills: Iterable[Drill], forecaster: Forecaster, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._drills = {drill.name: drill for drill in drills}
        self._forecasts = {
            name: Kept(partial(forecaster, drill), fresh_seconds=FORECAST_SECONDS, clock=clock)
            for name, drill in self._drills.items()
        }

    def all(self) -> tuple[Drill, ...]:
        """Every one; those that the page itself can begin first."""
        return tuple(sorted(self._drills.values(), key=lambda each: (each.break_ is None, each.name)))

    def get(self, name: str) -> Drill | None:
        """The drill of this name, if there is one."""
        return self._drills.get(name)

    def forecast(self, drill: Drill, *, patience_seconds: float) -> Seen[Forecast]:
        """When its pages are expected, if need be after waiting so long for it."""
        return self._forecasts[drill.name].get(patience_seconds=patience_seconds)

    def known(self, drill: Drill) -> Seen[Forecast]:
        """The same as far as it was reckoned lately: nothing is done for it."""
        return self._forecasts[drill.name].peek()


def expected(drill: Drill, forecast: Seen[Forecast]) -> tuple[Expected, ...]:
    """The pages of *drill*, each with when it comes: by a forecast of now alone, for it goes by the traffic."""
    found = forecast.known
    return tuple(
        Expected(page=page, reckoned=found is not None, seconds=None if found is None else found[place])
        for place, page in enumerate(drill.pages)
    )
