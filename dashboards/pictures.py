"""Short ways to write the panels that most pages are made of: lines over time, and single numbers."""

from __future__ import annotations

from dashboards.alert_panels import Bounds
from dashboards.model import Panel, Query


def lines(
    title: str,
    unit: str,
    description: str,
    *questions: tuple[str, str],
    bounds: Bounds | None = None,
    highest: float | None = None,
) -> Panel:
    """Lines over time. *questions*: PromQL and the legend of its series. *bounds*: those of an alert."""
    found = bounds or Bounds()
    return Panel(
        kind="timeseries",
        title=title,
        unit=unit,
        description=description,
        queries=tuple(Query(expression=expression, legend=legend) for expression, legend in questions),
        base=found.base,
        limits=found.limits,
        lowest=0,
        highest=highest,
    )


def number(title: str, unit: str, description: str, expression: str, bounds: Bounds | None = None) -> Panel:
    """One number, as it is now."""
    found = bounds or Bounds()
    return Panel(
        kind="stat",
        title=title,
        unit=unit,
        description=description,
        queries=(Query(expression=expression, instant=True),),
        base=found.base,
        limits=found.limits,
        decimals=0 if unit == "short" else 1,
        width=4,
        height=4,
    )
