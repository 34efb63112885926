"""How full the shop was: what its processes say of the things that they have only so many of."""

from dataclasses import dataclass
from typing import Any

from synthetics.prometheus import Prometheus, Series

# gunicorn's threads of each service: services/shared/gunicorn.py.
THREADS = 8
STEP_SECONDS = 5.0
# Rates look so far back: four scrapes at the platform's 5 s.
RATE = "20s"
_LABELS = ("job", "instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something that there is only so much of. query: which share of it is in use, 0 to 1, by job and instance."""

    name: str
    title: str
    query: str


RESOURCES = (
    Resource(
        name="process_cpu",
        title="CPU of a process, of one core",
        query=f"sum by (job, instance) (rate(process_cpu_seconds_total[{RATE}]))",
    ),
    Resource(
        name="threads_busy",
        title=f"threads that are busy, of {THREADS}",
        query=f"sum by (job, instance) (avg_over_time(http_server_active_requests[{RATE}])) / {THREADS}",
    ),
    Resource(
        name="connections_used",
        title="database connections in use, of those there may be",
        query=(
            f'sum by (job, instance) (avg_over_time(db_client_connection_count{{state="used"}}[{RATE}]))'
            " / sum by (job, instance) (db_client_connection_max)"
        ),
    ),
    Resource(
        name="connection_wait",
        title="waiting for a database connection, of the time that answers took",
        query=(
            f"sum by (job, instance) (rate(db_client_connection_wait_time_seconds_sum[{RATE}]))"
            f" / (sum by (job, instance) (rate(http_server_request_duration_seconds_sum[{RATE}])) > 0)"
        ),
    ),
)
MACHINE = "machine_cpu"
MACHINE_TITLE = "CPU of the machine, all cores"
FAULTS = "max by (job, fault) (shop_fault_active) > 0"


def measured(prometheus: Prometheus, begin: float, end: float) -> list[dict[str, Any]]:
    """How full everything was from *begin* to *end*: a list of lines over time, the fullest first.

    Raises:  PrometheusError.
    """
    found = []
    for resource in RESOURCES:
        for series in prometheus.range(resource.query, start=begin, end=end, step_seconds=step(begin, end)):
            where = " ".join(dict.fromkeys(series.labels[name] for name in _LABELS if series.labels.get(name)))
            found.append(_line(resource.name, resource.title, where, series))
    return fullest_first(found)


def fullest_first(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """*lines*, by what each came to at most."""
    return sorted(lines, key=lambda each: -each["highest"])


def machine(samples: list[tuple[float, float]]) -> list[dict[str, Any]]:
    """The CPU of this machine as another such line; none without samples."""
    if not samples:
        return []
    return [_line(MACHINE, MACHINE_TITLE, "this machine", Series(labels={}, points=tuple(samples)))]


def bottleneck(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What was fullest on average; None where nothing is known. The highest moment alone says little: threads of a
    service that is fast come in bursts.
    """
    if not lines:
        return None
    fullest = max(lines, key=lambda each: each["mean"])
    return {name: fullest[name] for name in ("metric", "title", "where", "mean", "highest")}


def fault_windows(prometheus: Prometheus, begin: float, end: float) -> list[dict[str, Any]]:
    """When which fault was switched on in the shop, from *begin* to *end*.

    Raises:  PrometheusError.
    """
    found: list[dict[str, Any]] = []
    every = step(begin, end)
    for series in prometheus.range(FAULTS, start=begin, end=end, step_seconds=every):
        name = f"{series.labels.get('job', '')}: {series.labels.get('fault', '')}"
        for at, _ in series.points:
            if found and found[-1]["name"] == name and at - found[-1]["end"] <= every * 1.5:
                found[-1]["end"] = at
            else:
                found.append({"name": name, "begin": at, "end": at})
    return found


def step(begin: float, end: float) -> float:
    """Seconds between two points: of a long run there are at most some hundreds."""
    return max(STEP_SECONDS, (end - begin) / 400)


def _line(metric: str, title: str, where: str, series: Series) -> dict[str, Any]:
    values = [value for _, value in series.points]
    return {
        "metric": metric,
        "title": title,
        "where": where,
        "mean": round(sum(values) / len(values), 4),
        "highest": round(series.highest, 4),
        "points": [[at, round(value, 4)] for at, value in series.points],
    }
