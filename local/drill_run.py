"""What is known while a drill goes on, and whose a page is that somebody was told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from budget.drill_forecast import Forecast
from budget.drill_spec import Drill, Page
from local.drill_platform import DrillPlatform
from local.drill_strikes import Undo

Say = Callable[[str], None]
POLL_SECONDS = 1.0
PAGE, TICKET = "critical", "warning"
"""Severities as PagerDuty has them."""


@dataclass(slots=True)
class Run:
    """One drill on its platform.

    later_seconds: than by the forecast its pages must come, for who is killed. not_expected: those of its pages that do
    not come by it. started: Unix seconds, of the fault. undone: what takes everything back. after, reset: seconds from
    the fault, and from the mending. wrong: what is not well.
    """

    drill: Drill
    platform: DrillPlatform
    say: Say
    later_seconds: float = 0.0
    expected: tuple[tuple[Page, Forecast], ...] = ()
    not_expected: list[Page] = field(default_factory=list)
    started: float = 0.0
    undone: list[Undo] = field(default_factory=list)
    after: dict[Page, float] = field(default_factory=dict)
    reset: dict[Page, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Note who was told since the last look, of those who must be."""
        for incident in self.platform.incidents(since=self.started - 1):
            for page, forecast in self.expected:
                if page not in self.after and is_of(incident, page):
                    self.after[page] = max(0.0, _moment(incident["created_at"]) - self.started)
                    self.say(
                        f"told: {page.alert} after {self.after[page]:.0f} s, expected {forecast.expected_seconds:.0f} s"
                    )

    def may(self, alert: str, service: str) -> bool:
        """Whether nobody minds that it tells somebody too."""
        # Of one that is expected at busy hours, the forecast may have been a little too low.
        busy = ((page.alert, page.service) for page in self.drill.pages if page.when_busy)
        return (alert, service) in {*((may.alert, may.service) for may in self.drill.may), *busy}

    def open(self) -> set[str]:
        """Pages, and what was expected, of which PagerDuty has not heard the end. Other tickets remember hours."""
        return {
            each["alert"]
            for each in self.platform.incidents(since=self.started - 1)
            if each["status"] != "resolved"
            and not self.may(each["alert"], _service(each))
            and (is_page(each) or self._is_expected(each))
        }

    def allowed(self) -> set[str]:
        """Pages that came, and that nobody expected or minds."""
        return {each["alert"] for each in self._beside() if self.may(each["alert"], _service(each))}

    def unexpected(self) -> set[str]:
        """Pages that came, and should not have."""
        return {each["alert"] for each in self._beside() if not self.may(each["alert"], _service(each))}

    def _beside(self) -> Iterator[dict[str, Any]]:
        return (each for each in self.platform.incidents() if is_page(each) and not self._is_expected(each))

    def _is_expected(self, incident: dict[str, Any]) -> bool:
        return any(is_of(incident, page) for page, _ in self.expected)


def is_page(incident: dict[str, Any]) -> bool:
    """Whether it wakes somebody."""
    return bool(incident["severity"] == PAGE)


def is_of(incident: dict[str, Any], page: Page) -> bool:
    """Whether it is *page* that somebody was told of: by alert, service and severity."""
    severity = PAGE if page.severity == "page" else TICKET
    return (incident["alert"], _service(incident), incident["severity"]) == (page.alert, page.service, severity)


def _service(incident: dict[str, Any]) -> str:
    return str((incident["event"].get("payload") or {}).get("component", ""))


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
