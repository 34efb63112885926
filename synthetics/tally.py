"""What shoppers did since the last line that said so: visits, steps, and the first error in words."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one minute or so. *left_out*: visits that did not begin, as too many were under way."""

    begun: Counter[str] = field(default_factory=Counter)
    ended: Counter[tuple[str, bool]] = field(default_factory=Counter)
    steps: Counter[tuple[str, bool]] = field(default_factory=Counter)
    left_out: int = 0
    first_error: str | None = None

    def step(self, name: str, error: str | None) -> None:
        """A step ended; *error*: why it failed."""
        self.steps[name, error is None] += 1
        if self.first_error is None:
            self.first_error = error

    def line(self, at: datetime, *, under_way: int) -> str:
        """All of it as one line of JSON."""
        return json.dumps(
            {
                "at": at.isoformat(timespec="seconds"),
                "visits": {
                    name: {"begun": begun, "passed": self.ended[name, True], "failed": self.ended[name, False]}
                    for name, begun in sorted(self._visits().items())
                },
                "under_way": under_way,
                "left_out": self.left_out,
                "steps_passed": self._steps(passed=True),
                "steps_failed": self._steps(passed=False),
                "first_error": self.first_error,
            }
        )

    def _steps(self, *, passed: bool) -> dict[str, int]:
        return {name: count for (name, well), count in sorted(self.steps.items()) if well is passed}

    def _visits(self) -> dict[str, int]:
        return {name: self.begun[name] for name in {*self.begun, *(each for each, _ in self.ended)}}
