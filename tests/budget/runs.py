"""Runs as Prometheus would tell them, for tests of what is made of them: counters on a grid, and who holds them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from budget.answers import Sample, Series
from budget.time_range import Grid
from budget.verdict_counts import Counts
from slo.load import load
from slo.model import Slo
from tests.slo.answers import document, slo

START = 2_000_000_000.0
SHOP = {"job": "shop", "instance": "a"}
LOAD_EVENTS = """
      events:
        error_query: sum(rate(requests_total{job="shop",traffic="user",code="500"}[{{.window}}]))
        total_query: sum(rate(requests_total{job="shop",traffic="user"}[{{.window}}]))"""


def grid(steps: int, step_seconds: float = 15.0) -> Grid:
    """So many steps since `START`."""
    return Grid(start=START, step_seconds=step_seconds, steps=steps)


def counts(bad: Sequence[float], total: Sequence[float], step_seconds: float = 15.0) -> Counts:
    """Events of each step."""
    return Counts(step_seconds=step_seconds, bad=tuple(bad), total=tuple(total))


def slos(folder: Path, *texts: str) -> tuple[Slo, ...]:
    """The SLOs of a spec file that holds *texts*."""
    path = folder / "shop.yaml"
    path.write_text(document(*texts), encoding="utf-8")
    return load([str(path)], plugins=True).slos


def of_shop(folder: Path, **changes: object) -> Slo:
    """The SLO whose events are `requests_total`."""
    (found,) = slos(folder, slo(sli=LOAD_EVENTS))
    return replace(found, **changes)


def promise(found: Slo, objective: str) -> Slo:
    """The same SLO with another objective, in per cent."""
    return replace(found, objective=Decimal(objective))


@dataclass
class Canned:
    """A server that answers range questions from a table; a value None is a gap. `asked` keeps the questions."""

    grid: Grid
    answers: Mapping[str, Iterable[tuple[Mapping[str, str], Sequence[float | None]]]]
    instants: Mapping[str, Iterable[tuple[Mapping[str, str], float]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """What the table has for *query*."""
        self.asked.append(query)
        return tuple(
            Series(
                labels=labels,
                points=tuple((start + k * step_seconds, value) for k, value in enumerate(values) if value is not None),
            )
            for labels, values in self.answers.get(query, ())
        )

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """The same for a moment."""
        self.asked.append(query)
        return tuple(Sample(labels=labels, value=value, at=at or 0.0) for labels, value in self.instants.get(query, ()))


def scraped(
    found: Grid, up: Sequence[float | None], started: Sequence[float | None] = (), labels: Mapping[str, str] = SHOP
) -> dict[str, list[tuple[Mapping[str, str], Sequence[float | None]]]]:
    """The answers about one target that is scraped at each moment at which *up* has a value."""
    moments = [None if value is None else found.start + k * found.step_seconds for k, value in enumerate(up)]
    return {
        'up{job=~"shop"}': [(labels, up)],
        'timestamp(up{job=~"shop"})': [(labels, moments)],
        'process_start_time_seconds{job=~"shop"}': [(labels, started)] if started else [],
    }
