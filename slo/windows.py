"""Burn-rate windows as data: which pairs of windows page or ticket, and at which share of the error budget.

Source: Google SRE Workbook, chapter 5 "Alerting on SLOs" (30 days); sloth's catalogue for 7 days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from slo.budget import burn_rate

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

BASE_SECONDS = 5 * MINUTE
"""The shortest window: every other one is derived from it, and scrapes of up to two minutes still fill it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRateWindow:
    """A pair of windows that must both burn faster than `factor` for an alert to fire.

    `short_seconds` resets the alert soon after recovery, `long_seconds` makes sure that the burn matters.
    `share` is the part of the period's error budget (0–1) that a burn at `factor` spends within the long window.
    """

    short_seconds: int
    long_seconds: int
    share: Fraction
    factor: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWindows:
    """The four pairs of one SLO period. `period_seconds` is the rolling period of the SLO.

    `page_seconds` are the windows that the page reads, `ticket_only_seconds` those that only the ticket reads.
    """

    period_seconds: int
    page_seconds: tuple[int, ...]
    ticket_only_seconds: tuple[int, ...]
    page_quick: BurnRateWindow
    page_slow: BurnRateWindow
    ticket_quick: BurnRateWindow
    ticket_slow: BurnRateWindow

    @property
    def all_seconds(self) -> tuple[int, ...]:
        """Every window of the four pairs, ascending, in seconds."""
        return tuple(sorted({*self.page_seconds, *self.ticket_only_seconds}))


# (short, long) of each pair and the share of the budget that it may spend.
_PAIRS = ((5 * MINUTE, HOUR), (30 * MINUTE, 6 * HOUR), (2 * HOUR, DAY), (6 * HOUR, 3 * DAY))
_SHARES_30D = (Fraction(2, 100), Fraction(5, 100), Fraction(10, 100), Fraction(10, 100))
_SHARES_7D = (Fraction(8, 100), Fraction(125, 1000), Fraction(20, 100), Fraction(42, 100))
_WEEK_DAYS, _MONTH_DAYS = 7, 28


@lru_cache(maxsize=128)
def for_period(days: int) -> AlertWindows:
    """Windows and factors for a rolling period of *days*.

    From 28 days up the shares are those of 30 days, at 7 days sloth's weekly ones, between them a straight line.
    Below 7 days the weekly windows shrink with the period, to whole multiples of 5 minutes.

    Args:    days: 1–90.
    Returns: four pairs; no window exceeds the period, no factor is below 0.9.
    Raises:  ValueError: days outside 1–90.
    """
    if not 1 <= days <= 90:
        raise ValueError(f"a period of {days} days is not within 1–90")
    pairs = tuple(
        BurnRateWindow(short_seconds=short, long_seconds=long, share=share, factor=burn_rate(share, long, days * DAY))
        for (short, long), share in zip(_scaled_pairs(days), _shares(days), strict=True)
    )
    paging, ticketing = _distinct(*pairs[:2]), _distinct(*pairs[2:])
    return AlertWindows(
        period_seconds=days * DAY,
        page_seconds=paging,
        ticket_only_seconds=tuple(window for window in ticketing if window not in paging),
        page_quick=pairs[0],
        page_slow=pairs[1],
        ticket_quick=pairs[2],
        ticket_slow=pairs[3],
    )


@lru_cache(maxsize=512)
def spell(seconds: int) -> str:
    """A duration as Prometheus and sloth write it in names: 300 → "5m", 28 days → "4w", 36 hours → "1d12h".

    Args:    seconds: whole seconds, > 0.
    Returns: weeks where they divide evenly, else days, hours, minutes and seconds, largest first.
    Raises:  ValueError: not above 0.
    """
    if seconds <= 0:
        raise ValueError(f"{seconds} is not a positive number of seconds")
    if seconds % (7 * DAY) == 0:
        return f"{seconds // (7 * DAY)}w"
    out, rest = "", seconds
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        count, rest = divmod(rest, size)
        out += f"{count}{unit}" if count else ""
    return out


_SPELT = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def read_seconds(text: str) -> int:
    """The seconds of a duration as Prometheus writes it ("1d12h"): what `spell` wrote, and any whole seconds.

    Raises:  ValueError: no such duration.
    """
    found = _SPELT.fullmatch(text)
    if not found or not text:
        raise ValueError(f"{text!r} is not a duration such as 1d12h")
    sizes = (7 * DAY, DAY, HOUR, MINUTE, 1)
    return sum(int(count) * size for count, size in zip(found.groups("0"), sizes, strict=True))


def _distinct(*pairs: BurnRateWindow) -> tuple[int, ...]:
    return tuple(sorted({window for pair in pairs for window in (pair.short_seconds, pair.long_seconds)}))


def _shares(days: int) -> tuple[Fraction, ...]:
    if days <= _WEEK_DAYS:
        return _SHARES_7D
    if days >= _MONTH_DAYS:
        return _SHARES_30D
    progress = Fraction(days - _WEEK_DAYS, _MONTH_DAYS - _WEEK_DAYS)
    return tuple(week + (month - week) * progress for week, month in zip(_SHARES_7D, _SHARES_30D, strict=True))


def _scaled_pairs(days: int) -> tuple[tuple[int, int], ...]:
    if days >= _WEEK_DAYS:
        return _PAIRS
    return tuple((_scaled(short, days), _scaled(long, days)) for short, long in _PAIRS)


def _scaled(seconds: int, days: int) -> int:
    """*seconds* × days / 7, rounded up to a multiple of the base window."""
    return -(-seconds * days // (_WEEK_DAYS * BASE_SECONDS)) * BASE_SECONDS
