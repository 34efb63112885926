"""Database Performance: what services wait for, the numbers of the alerts, and the servers themselves."""

from __future__ import annotations

from dashboards import alert_panels, causes, shop_series, variables
from dashboards.model import Dashboard, Panel, Row
from dashboards.pictures import lines
from dashboards.shop_series import CHOSEN, RATE
from dashboards.slo_overview import TAG
from slo.catalogue import Catalogue

UID = "tw-database"
_SERVERS = 'cluster=~"$cluster",instance=~"$instance"'
_KEYS = "cluster, instance"


def build(catalogue: Catalogue) -> Dashboard:
    """The page of databases: as services see them, then as they see themselves."""
    instance = variables.chosen(
        "instance", "instance", "pg_up", title="Server", within='cluster=~"$cluster"', several=True
    )
    return Dashboard(
        uid=UID,
        title="Database Performance",
        description="What services wait for, and what the servers do.",
        rows=(
            Row(title="What services wait for", panels=_waiting(catalogue)),
            Row(title="The numbers of the alerts, with their limits", panels=alert_panels.of_dashboard(catalogue, UID)),
            Row(title="PostgreSQL: work", panels=_work()),
            Row(title="PostgreSQL: connections, locks, disk", panels=_servers(catalogue)),
        ),
        variables=(*shop_series.places(), shop_series.services(), instance),
        annotations=shop_series.drawn(catalogue),
        tags=(TAG, "database"),
    )


def _waiting(catalogue: Catalogue) -> tuple[Panel, ...]:
    waits = f"sum by (job, le) (rate(db_client_connection_wait_time_seconds_bucket{{{CHOSEN.all}}}{RATE}))"
    rate = f"sum by (job) (rate(db_client_operation_duration_seconds_count{{{CHOSEN.all}}}{RATE}))"
    kinds = f"sum by (operation) (rate(db_client_operation_duration_seconds_count{{{CHOSEN.all}}}{RATE}))"
    timeouts = f"sum by (job) (rate(db_client_connection_timeouts_total{{{CHOSEN.all}}}{RATE}))"
    return (
        causes.statements(CHOSEN),
        causes.pool(catalogue, CHOSEN),
        lines(
            "p95 of the wait for a connection",
            "s",
            "95 % of the requests have a connection within this time. Above a few milliseconds the pool is too small,"
            " or statements hold on to it: look at their time first.",
            (f"histogram_quantile(0.95, {waits})", "{{job}}"),
        ),
        lines(
            "Statements by service",
            "suffix: /s",
            "Statements a second. More of them at the same number of requests: a loop that asks for each line alone,"
            " most often after a deploy.",
            (rate, "{{job}}"),
        ),
        lines(
            "Statements by kind",
            "suffix: /s",
            "Statements a second, by kind. Writes without orders: a job; see which one ran last.",
            (kinds, "{{operation}}"),
        ),
        lines(
            "Requests that got no connection",
            "reqps",
            "Requests that gave up waiting: shoppers saw 503. Look for what holds the connections.",
            (timeouts, "{{job}}"),
        ),
    )


def _work() -> tuple[Panel, ...]:
    def rate(metric: str) -> str:
        return f"sum by ({_KEYS}) (rate({metric}{{{_SERVERS}}}{RATE}))"

    hits, reads = rate("pg_stat_database_blks_hit"), rate("pg_stat_database_blks_read")
    return (
        lines(
            "Transactions",
            "suffix: /s",
            "Commits and rollbacks a second. Rollbacks that rise with errors of a service: its statements fail; with"
            " deadlocks: see below.",
            (rate("pg_stat_database_xact_commit"), "commits {{instance}}"),
            (rate("pg_stat_database_xact_rollback"), "rollbacks {{instance}}"),
        ),
        lines(
            "Rows",
            "suffix: rows/s",
            "Rows read and written a second. Read far above what requests need: a statement scans whole tables, it"
            " lacks an index.",
            (rate("pg_stat_database_tup_returned"), "read {{instance}}"),
            (rate("pg_stat_database_tup_fetched"), "fetched {{instance}}"),
            (rate("pg_stat_database_tup_inserted"), "inserted {{instance}}"),
            (rate("pg_stat_database_tup_updated"), "updated {{instance}}"),
            (rate("pg_stat_database_tup_deleted"), "deleted {{instance}}"),
        ),
        lines(
            "Cache hits",
            "percentunit",
            "Share of blocks that were in memory. Below 99 % for long the data no longer fit: more memory, or a"
            " statement that reads what nobody needs.",
            (f"{hits} / ({hits} + {reads} > 0)", "{{instance}}"),
            highest=1,
        ),
    )


def _servers(catalogue: Catalogue) -> tuple[Panel, ...]:
    used = f"sum by ({_KEYS}) (pg_stat_activity_count{{{_SERVERS}}})"
    most = f"max by ({_KEYS}) (pg_settings_max_connections{{{_SERVERS}}})"
    states = f"sum by (instance, state) (pg_stat_activity_count{{{_SERVERS}}})"
    deadlocks = f"sum by (instance, datname) (rate(pg_stat_database_deadlocks{{{_SERVERS}}}[5m]))"

    def checkpoints(kind: str, since_17: str) -> str:
        # Later releases of the exporter call a counter by its suffix; PostgreSQL 17 moved it to another view.
        name = f"pg_stat_bgwriter_checkpoints_{kind}"
        metrics = (name, f"{name}_total", f"pg_stat_checkpointer_num_{since_17}_total")
        return f"60 * sum by ({_KEYS}) ({' or '.join(f'rate({each}{{{_SERVERS}}}[5m])' for each in metrics)})"

    return (
        lines(
            "Connections against the most",
            "percentunit",
            "Share of the server's connections. At the line new ones will soon be refused, to every service: find the"
            " pool that grew.",
            (f"{used} / {most}", "{{instance}}"),
            bounds=alert_panels.bounds(catalogue, "DatabaseConnectionsHigh"),
            highest=1,
        ),
        lines(
            "Connections by state",
            "short",
            "“idle in transaction” should be none: somebody holds locks and does nothing; find it in pg_stat_activity.",
            (states, "{{instance}} {{state}}"),
        ),
        lines(
            "Deadlocks",
            "suffix: /s",
            "Two transactions that wait for each other; one is ended. Any: two pieces of code lock in a different"
            " order.",
            (deadlocks, "{{instance}} {{datname}}"),
        ),
        lines(
            "Replication lag",
            "s",
            "How far a replica is behind. At the line reads are stale: look for a long statement on it, or its disk and"
            " network.",
            (f"max by ({_KEYS}) (pg_replication_lag_seconds{{{_SERVERS}}})", "{{instance}}"),
            bounds=alert_panels.bounds(catalogue, "ReplicationLag"),
        ),
        lines(
            "Checkpoints",
            "suffix: /min",
            "By the clock, and because too much was written. More of the second: writes exceed max_wal_size, and the"
            " disk works in bursts.",
            (checkpoints("timed", "timed"), "by the clock {{instance}}"),
            (checkpoints("req", "requested"), "by need {{instance}}"),
        ),
    )
