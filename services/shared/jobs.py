"""What scheduled jobs have found, kept in the service's database so that its /metrics can show it after they ended.

Each replica shows the same figures: read them with `max`, never `sum`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Column, Connection, Float, MetaData, String, Table, Text, select

from services.shared.database import Database
from services.shared.errors import DatabaseUnavailable
from services.shared.upsert import insert_into

LAST_SUCCESS = "job_last_success_timestamp_seconds"
COUNTER = "counter"
GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A metric that jobs keep: its name (a counter's without `_total`), kind, help text and labels.

    start: the label values that are shown as 0 before a job has said anything.
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()
    start: tuple[tuple[str, ...], ...] = ()


def job_figures_table(metadata: MetaData) -> Table:
    """The table, for a service's metadata and its first migration."""
    return Table(
        "job_figures",
        metadata,
        Column("name", String(128), primary_key=True),
        Column("labels", String(255), primary_key=True),
        Column("value", Float(53), nullable=False),
        Column("note", Text),
    )


_TABLE = job_figures_table(MetaData())


def succeeded(connection: Connection, job: str, *, now: float) -> None:
    """*job* has done its work at *now*, in Unix seconds; called in the transaction of that work."""
    put(connection, LAST_SUCCESS, now, {"job": job})


def add(connection: Connection, name: str, amount: float, labels: Mapping[str, str] | None = None) -> None:
    """Let the counter *name* grow by *amount* ≥ 0."""
    insert = insert_into(connection, _TABLE).values(name=name, labels=_text(labels), value=amount)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["name", "labels"], set_={"value": _TABLE.c.value + insert.excluded.value}
        )
    )


def put(connection: Connection, name: str, value: float, labels: Mapping[str, str] | None = None) -> None:
    """Set the gauge *name* to *value*."""
    insert = insert_into(connection, _TABLE).values(name=name, labels=_text(labels), value=value)
    connection.execute(
        insert.on_conflict_do_update(index_elements=["name", "labels"], set_={"value": insert.excluded.value})
    )


def show_in(
    registry: CollectorRegistry, database: Database, figures: tuple[Figure, ...], jobs: tuple[str, ...]
) -> None:
    """Export *figures*, and when each of *jobs* last succeeded (0: never), read from *database* at each scrape."""
    last = Figure(
        name=LAST_SUCCESS,
        kind=GAUGE,
        help="When a job last did its work; 0: never.",
        labels=("job",),
        start=tuple((job,) for job in jobs),
    )
    registry.register(_JobCollector(database, (last, *figures)))


class _JobCollector(Collector):
    """Reads the table once a scrape; a database that is down costs these metrics, not the page."""

    def __init__(self, database: Database, figures: tuple[Figure, ...]) -> None:
        self._database = database
        self._figures = figures

    def describe(self) -> list[Metric]:
        """Names alone: nothing is read when the collector is registered."""
        return [_family(figure) for figure in self._figures]

    def collect(self) -> Iterator[Metric]:
        try:
            with self._database.reading() as connection:
                rows = connection.execute(select(_TABLE.c.name, _TABLE.c.labels, _TABLE.c.value)).all()
        except DatabaseUnavailable:
            return
        for figure in self._figures:
            found = dict.fromkeys(figure.start, 0.0)
            for row in rows:
                if row.name == figure.name:
                    labels = json.loads(row.labels)
                    found[tuple(labels.get(label, "") for label in figure.labels)] = row.value
            family = _family(figure)
            for values, value in found.items():
                family.add_metric(values, value)
            yield family


def _family(figure: Figure) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if figure.kind == COUNTER else GaugeMetricFamily
    return kind(figure.name, figure.help, labels=figure.labels)


def _text(labels: Mapping[str, str] | None) -> str:
    return json.dumps(dict(sorted((labels or {}).items())))
