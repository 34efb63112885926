"""Error-budget arithmetic, exact: budgets, thresholds and how long a fault takes to spend its share."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from slo.model import Slo

LITTLE_LEFT = 0.25
"""Share of a budget below which little is left: colours say so, and releases go slowly. Ours: the SRE Workbook leaves
it to each team."""


def error_budget(slo: Slo) -> Decimal:
    """The share of events that may be bad, 0–1, exactly as the objective says (99.9 → 0.001)."""
    return (Decimal(100) - slo.objective) / Decimal(100)


def threshold(factor: Fraction, budget: Decimal) -> Fraction:
    """The error ratio, 0–1 and beyond, above which the budget burns faster than *factor*."""
    return factor * Fraction(budget)


def burn_rate(share: Fraction, window_seconds: int, period_seconds: int) -> Fraction:
    """Burn rate that spends *share* of the budget within the window.

    Args:    share: 0–1. window_seconds, period_seconds: > 0, window ≤ period.
    Returns: 1 spends the whole budget in exactly one period.
    Raises:  ValueError: outside those ranges.
    Source:  Google SRE Workbook, "Alerting on SLOs".
    """
    if not (0 < window_seconds <= period_seconds and 0 <= share <= 1):
        raise ValueError(f"share {share} within {window_seconds} s of {period_seconds} s")
    return share * period_seconds / window_seconds
