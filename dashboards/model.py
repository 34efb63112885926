"""What a dashboard is before Grafana sees it: rows of panels, each with its questions, unit, limits and links.

Frozen, and without coordinates: `layout` computes those, `panels` and `finish` make Grafana's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

PROMETHEUS = "prometheus"
LOKI = "loki"
JAEGER = "jaeger"
ALERTMANAGER = "alertmanager"
SOURCES = {PROMETHEUS: "${datasource}", LOKI: "${loki}", JAEGER: "${jaeger}", ALERTMANAGER: "${alertmanager}"}
"""Each kind of data source and the variable that holds the one that is chosen."""

_HAIR = 1e-9
GREEN, YELLOW, ORANGE, RED, BLUE = "green", "yellow", "orange", "red", "blue"

Number = Decimal | Fraction | float | int
Kind = Literal["timeseries", "stat", "gauge", "bar_gauge", "table", "heatmap", "state_timeline", "logs", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question of a panel.

    expression: PromQL or LogQL, with Grafana's variables. legend: of a series, with `{{label}}`.
    instant:    asked for the end of the time range alone. exemplars: single requests are shown beside the series.
    """

    expression: str
    legend: str = ""
    source: str = PROMETHEUS
    instant: bool = False
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """From `value` on, in the panel's unit, the colour is another; *strict*: only beyond it."""

    value: Number
    colour: str
    strict: bool = False

    @property
    def least(self) -> float:
        """The least value of this colour. Grafana knows no "beyond": a count that must be nought is well at nought."""
        return _HAIR if self.strict and not self.value else float(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Somewhere to go on. `url` holds Grafana's variables and the macros of time range and data."""

    title: str
    url: str
    new_tab: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A value that is shown as a word."""

    value: int
    text: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: a label, or the refId of the query whose value it shows."""

    source: str
    title: str
    unit: str = "string"
    base: str = "text"
    limits: tuple[Limit, ...] = ()
    links: tuple[Link, ...] = ()
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture.

    description: what it shows, and what to do when it looks wrong.
    unit:        Grafana's. base: colour below the first of the limits.
    width:       24ths of the screen, at least. height: rows of Grafana's grid.
    sort_by:     for tables: the title of a column, ascending unless `descending`; "" as the data come.
    """

    kind: Kind
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...] = ()
    width: int = 8
    height: int = 8
    base: str = GREEN
    limits: tuple[Limit, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    decimals: int | None = None
    links: tuple[Link, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    columns: tuple[Column, ...] = ()
    sort_by: str = ""
    descending: bool = False
    stacked: bool = False
    text: str = ""
    no_value: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading. A collapsed row asks nothing until somebody opens it."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice at the top of the dashboard.

    query:  of values, `label_values(…)`; for a data source its kind.
    everything: the pattern that "All" stands for; "" where one value must be chosen.
    """

    name: str
    label: str
    query: str
    datasource: bool = False
    everything: str = ""
    multiple: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Moments drawn into every time series: wherever `expression` has a value."""

    name: str
    expression: str
    colour: str
    title: str
    text: str = ""
    tags: tuple[str, ...] = ()
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One page. `uid` never changes: alerts link to it. `since`: the start of the time range, as Grafana writes it."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...] = ()
    links: tuple[Link, ...] = ()
    since: str = "now-3h"
    refresh: str = "1m"
    tags: tuple[str, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every panel, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)


def ref_id(place: int) -> str:
    """Grafana's name of the query at *place*: A, B, …, Z, AA, AB, …"""
    letters = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
