"""What makes the page and the ticket of an SLO fire, as numbers that people compare with what they see.

Read from where the rules come from, so that runbooks and the alerts' document say what the rules do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from slo import conventions as names
from slo import rule_context
from slo.budget import error_budget, threshold
from slo.model import Events, Slo
from slo.query import Unit
from slo.windows import BurnRateWindow, for_period, spell


@dataclass(frozen=True, slots=True)
class Condition:
    """One pair of windows.

    severity: page or ticket. factor: the burn rate, and ratio: the share of bad events, that both windows must exceed.
    short, long: the windows, spelt. least: bad events that the long window must hold; 0 for any.
    """

    severity: str
    factor: Fraction
    ratio: Fraction
    short: str
    long: str
    least: int

    @property
    def possible(self) -> bool:
        """Whether it can be met at all: no more than every event can be bad."""
        return self.ratio < 1


def of(slo: Slo) -> tuple[Condition, ...]:
    """The conditions under which somebody is told of *slo*; any of them is enough for its severity."""
    told = {
        names.PAGE: slo.alerting.page.enabled,
        names.TICKET: slo.alerting.ticket.enabled,
    }
    return tuple(one for one in _all(slo.period_days, error_budget(slo), failures(slo)) if told[one.severity])


@lru_cache(maxsize=256)
def _all(period_days: int, budget: Decimal, least: int) -> tuple[Condition, ...]:
    """The four of them; many SLOs share a period and an objective."""
    windows = for_period(period_days)
    pairs = (
        (names.PAGE, windows.page_quick, least),
        (names.PAGE, windows.page_slow, least and least + 1),
        (names.TICKET, windows.ticket_quick, least),
        (names.TICKET, windows.ticket_slow, least and least + 1),
    )
    return tuple(_condition(severity, pair, threshold(pair.factor, budget), bad) for severity, pair, bad in pairs)


def _condition(severity: str, pair: BurnRateWindow, ratio: Fraction, least: int) -> Condition:
    return Condition(severity, pair.factor, ratio, spell(pair.short_seconds), spell(pair.long_seconds), least)


def failures(slo: Slo) -> int:
    """Bad events below which nobody is told; 0 where they cannot be counted."""
    countable = isinstance(slo.sli, Events) and rule_context.unit(slo.sli) is not Unit.UNKNOWN
    return slo.alerting.min_failures if countable else 0


def told(slo: Slo) -> Iterator[tuple[str, str]]:
    """(alert, severity) of each alert of *slo*; page and ticket share a name."""
    alerting = slo.alerting
    for severity, notice in ((names.PAGE, alerting.page), (names.TICKET, alerting.ticket)):
        if notice.enabled:
            yield alerting.name, severity
    if alerting.enabled and alerting.absent_after_seconds:
        yield names.absent_alert(alerting.name), names.PAGE if alerting.page.enabled else names.TICKET


def percent(ratio: Fraction | float) -> str:
    """0.0144 → "1.44 %"; four digits at most."""
    return f"{float(ratio) * 100:.4g} %"
