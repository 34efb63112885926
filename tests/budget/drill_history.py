"""Seven hours of series as a Prometheus would answer them, for tests of what is foretold from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from budget import drill_forecast, drill_spec, series_selector
from budget.answers import Series
from budget.drill_forecast import Rules
from budget.drill_spec import Break, Drill, Effect, Page
from budget.rule_closure import Closure
from budget.series_selector import NAME
from tools.install import find

ROOT = Path(__file__).resolve().parents[2]
NOW = 2_000_000_000.0
STEP = drill_forecast.STEP_SECONDS
BEGIN = NOW - drill_forecast.HISTORY_SECONDS
REQUESTS = "http_server_requests_total"
CATALOG = {"job": "catalog", "instance": "catalog", "traffic": "user", "http_response_status_code": "200"}
FAILED = {**CATALOG, "http_response_status_code": "500"}
"""What the shop shows of the catalog's requests, as far as its promise of availability reads them."""


class CannedServer:
    """Answers a selector over time, as Prometheus does; anything else is no question that it knows."""

    def __init__(self, *series: Series) -> None:
        self.series = series

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """The series that *query* means."""
        assert (start, end, step_seconds) == (BEGIN, NOW, STEP)
        meant = series_selector.parse(query)
        return tuple(each for each in self.series if meant.matches(each.labels))


def series(name: str, labels: Mapping[str, str], shown: Callable[[float], float]) -> Series:
    """What *shown* says at each sample, seen so many seconds after the history's begin."""
    moments = range(0, int(NOW - BEGIN) + 1, STEP)
    return Series(labels={NAME: name, **labels}, points=tuple((BEGIN + at, shown(at)) for at in moments))


def steady(name: str, labels: Mapping[str, str], per_second: float) -> Series:
    """A counter that grows evenly."""
    return series(name, labels, lambda at: at * per_second)


def catalog(per_second: float, *, failed: Callable[[float], float] = lambda _: 0.0) -> CannedServer:
    """A catalog that is asked so often; *failed*: how many requests had failed until then."""
    return CannedServer(steady(REQUESTS, CATALOG, per_second), series(REQUESTS, FAILED, failed))


@lru_cache(maxsize=1)
def rules() -> Rules:
    """What is generated, and the real promtool."""
    promtool = find("promtool")
    assert promtool is not None, "promtool is missing: run make setup"
    return drill_forecast.read_rules(ROOT / "generated", promtool)


@lru_cache(maxsize=1)
def drills() -> dict[str, Drill]:
    """Those of the project, by name."""
    return {each.name: each for each in drill_spec.load(ROOT / "local" / "drills")}


def effects(*given: Mapping[str, object]) -> tuple[Effect, ...]:
    """Effects, their selectors as text."""
    return tuple(Effect(**{**each, "series": series_selector.parse(str(each["series"]))}) for each in given)


def catalog_fails(share: float = 1.0) -> Drill:
    """A drill in which so many of the requests to the catalog fail."""
    moved = {
        "series": f'{REQUESTS}{{job="catalog",http_response_status_code!~"5.."}}',
        "moves_to": {"http_response_status_code": "500"},
        "share": share,
    }
    return Drill(
        name="catalog-fails",
        title="The catalog fails",
        says="A share of its requests does.",
        short=False,
        faults=(Break(target="catalog", fault="errors", body={"share": share}),),
        mend=(),
        effects=effects(moved),
        pages=(Page(alert="CatalogAvailability", service="catalog", slo="availability"),),
        may=(),
    )


def recorded(closure: Closure) -> Iterator[str]:
    """The names of the records that are evaluated for an alert."""
    return (rule["record"] for group in closure.groups for rule in group["rules"] if "record" in rule)


def names(found: Iterable[object]) -> list[str]:
    """As text, in order."""
    return sorted(map(str, found))
