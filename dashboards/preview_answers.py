"""Asks what a dashboard asks, of a Prometheus without a Grafana between, and names each series as its legend says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from dashboards.model import PROMETHEUS, Dashboard, Panel, Query, Variable
from dashboards.queries import Asked, filled, queries, values_of
from slo.windows import read_seconds

POINTS = 180
"""In a picture, along its time; more cannot be seen."""
LEAST_STEP_SECONDS = 15
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
Point = tuple[float, float]


class Sampled(Protocol):
    """A series at one moment."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Without the name of the metric, or with it."""

    @property
    def value(self) -> float:
        """May be no number."""


class Ranged(Protocol):
    """A series over time."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Without the name of the metric, or with it."""

    @property
    def points(self) -> tuple[Point, ...]:
        """Unix seconds and value, oldest first."""


class Source(Protocol):
    """A Prometheus, or what speaks as one."""

    def instant(self, query: str, *, at: float | None = None) -> Sequence[Sampled]:
        """Values at the moment *at*."""

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> Sequence[Ranged]:
        """Values from *start* to *end*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time range of a page, in Unix seconds."""

    start: float
    end: float

    @property
    def step_seconds(self) -> float:
        """Between two points."""
        return max(LEAST_STEP_SECONDS, round((self.end - self.start) / POINTS))

    @property
    def month(self) -> int:
        """Of its end, 1–12."""
        return datetime.fromtimestamp(self.end, UTC).month


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series of an answer: `name` as the legend has it. query: the place of its question in the panel."""

    name: str
    query: int
    labels: Mapping[str, str]
    points: tuple[Point, ...]

    @property
    def last(self) -> float:
        """The latest value."""
        return self.points[-1][1] if self.points else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A panel with what came back. `refused`: why Prometheus would not answer; "" where it did."""

    panel: Panel
    lines: tuple[Line, ...] = ()
    refused: str = ""


def span(dashboard: Dashboard, end: float) -> Span:
    """The time range that *dashboard* opens with, when it is opened at *end*."""
    return Span(start=end - read_seconds(dashboard.since.removeprefix("now-")), end=end)


def choices(source: Source, dashboard: Dashboard, named: Mapping[str, str], at: float) -> dict[str, str]:
    """A value for each variable that must have one: *named*, or else the first that there is, as Grafana takes it."""
    known = {each.name: each.everything or ".+" for each in dashboard.variables} | dict(named)
    for variable in dashboard.variables:
        if not variable.datasource and not variable.everything and variable.name not in named:
            known[variable.name] = _first(source, variable, known, at)
    return {name: value for name, value in known.items() if name in {each.name for each in dashboard.variables}}


def _first(source: Source, variable: Variable, known: Mapping[str, str], at: float) -> str:
    series, label = values_of(variable)
    found = source.instant(f"group by ({label}) ({filled(series, known)})", at=at)
    return min((each.labels.get(label, "") for each in found), default="")


def answers(
    source: Source,
    dashboard: Dashboard,
    chosen: Mapping[str, str],
    within: Span,
    refusals: tuple[type[Exception], ...],
) -> Iterator[Answered]:
    """Each panel of *dashboard* in reading order, with its data; those of other sources than Prometheus have none.

    Args:    refusals: what *source* raises when it takes a question for wrong; anything else is the caller's.
    """
    questions = queries([dashboard], chosen, month=within.month)
    for panel in dashboard.panels:
        mine = [next(questions) for _ in panel.queries]
        try:
            lines = tuple(
                line
                for place, (query, each) in enumerate(zip(panel.queries, mine, strict=True))
                if each.datasource == PROMETHEUS
                for line in _lines(source, place, query, each, within)
            )
        except refusals as error:
            yield Answered(panel=panel, refused=str(error))
        else:
            yield Answered(panel=panel, lines=lines)


def _lines(source: Source, place: int, query: Query, question: Asked, within: Span) -> Iterator[Line]:
    if question.instant:
        for sample in source.instant(question.expression, at=within.end):
            points = ((within.end, sample.value),)
            yield Line(name=legend(query, sample.labels), query=place, labels=sample.labels, points=points)
        return
    for series in source.range(
        question.expression, start=within.start, end=within.end, step_seconds=within.step_seconds
    ):
        yield Line(name=legend(query, series.labels), query=place, labels=series.labels, points=series.points)


def legend(query: Query, labels: Mapping[str, str]) -> str:
    """What a series is called; its labels where the question gives no legend."""
    if query.legend:
        return _LABEL.sub(lambda match: labels.get(match[1], ""), query.legend)
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__")
