"""What may lie behind slow or failed requests: full services, their databases, their calls, what was deployed."""

from __future__ import annotations

from dashboards import links
from dashboards.alert_panels import bounds
from dashboards.model import LOKI, ORANGE, YELLOW, Column, Limit, Link, Panel, Query
from dashboards.recorded import RATE, read
from dashboards.red import share
from dashboards.shop_series import RATE as RAW_RATE
from dashboards.shop_series import WHERE, Jobs
from slo.catalogue import Catalogue
from slo.windows import DAY, HOUR


def active(jobs: Jobs) -> Panel:
    """Requests in work."""
    return Panel(
        kind="timeseries",
        title="Requests in work",
        description="Requests that are being answered, by instance. A number that stands at the count of threads (8 to"
        " 16) is a service that is full: what it waits for is slow, or it needs more replicas.",
        unit="short",
        queries=(
            Query(
                expression=f"sum by (job, instance) (http_server_active_requests{{{jobs.servers}}})",
                legend="{{instance}}",
            ),
        ),
        lowest=0,
    )


def pool(catalogue: Catalogue, jobs: Jobs) -> Panel:
    """How full the pool of database connections is."""
    limit = bounds(catalogue, "DatabasePoolExhausted")
    used = f'sum by (job) (db_client_connection_count{{{jobs.all},state="used"}})'
    return Panel(
        kind="timeseries",
        title="Connection pool in use",
        description="Share of the pool that is in use. At the line requests begin to wait for a connection: look for"
        " slow statements before making the pool larger.",
        unit="percentunit",
        queries=(
            Query(expression=f"{used} / sum by (job) (db_client_connection_max{{{jobs.all}}})", legend="{{job}}"),
        ),
        base=limit.base,
        limits=limit.limits,
        lowest=0,
        highest=1,
    )


def statements(jobs: Jobs) -> Panel:
    """Time of statements."""
    inside = read(f"sum by (operation, le) (rate(db_client_operation_duration_seconds_bucket{{{jobs.all}}}{RATE}))")
    return Panel(
        kind="timeseries",
        title="p95 of statements",
        description="95 % of the database's answers come within this time, by kind of statement. Writes alone rise:"
        " locks or the disk; all of them: the database as a whole, see Database Performance.",
        unit="s",
        queries=(Query(expression=f"histogram_quantile(0.95, {inside})", legend="{{operation}}"),),
        lowest=0,
    )


CALLS = "http_client_request_duration_seconds"
FAILED = 'outcome=~"timeout|refused|reset|invalid|5xx|breaker_open"'


def calls(jobs: Jobs) -> tuple[Panel, ...]:
    """What a service asks of others: how often that fails, how long it takes, how often it is tried again."""
    total = f"sum by (job, peer_service) (rate({CALLS}_count{{{jobs.all}}}{RATE}))"
    bad = f"sum by (job, peer_service) (rate({CALLS}_count{{{jobs.all},{FAILED}}}{RATE}))"
    inside = read(f"sum by (job, peer_service, le) (rate({CALLS}_bucket{{{jobs.all}}}{RATE}))")
    legend = "{{job}} → {{peer_service}}"
    return (
        Panel(
            kind="timeseries",
            title="Calls that fail, by dependency",
            description="Share of attempts that end without a good answer. One dependency: look at its page; all at"
            " once: the network or this service itself.",
            unit="percentunit",
            queries=(Query(expression=read(share(bad, total)), legend=legend),),
            lowest=0,
            width=6,
        ),
        Panel(
            kind="timeseries",
            title="p95 of calls, by dependency",
            description="95 % of the attempts end within this time. Compare with the time that the dependency itself"
            " measures: a difference is the network, or a queue before it.",
            unit="s",
            queries=(Query(expression=f"histogram_quantile(0.95, {inside})", legend=legend),),
            lowest=0,
            width=6,
        ),
        Panel(
            kind="timeseries",
            title="Retries, by dependency",
            description="Attempts beyond the first. They hide faults of a dependency and add to its load: more than a"
            " tenth of the calls, and the budget of retries is spent.",
            unit="reqps",
            queries=(
                Query(
                    # The counter begins with the first retry; a breaker is there from the start.
                    expression=f"sum by (job, peer_service) (rate(client_retries_total{{{jobs.all}}}{RAW_RATE}))"
                    f" or 0 * max by (job, peer_service) (circuit_breaker_state{{{jobs.all}}})",
                    legend=legend,
                ),
            ),
            lowest=0,
            width=6,
        ),
        Panel(
            kind="timeseries",
            title="Circuit breakers",
            description="0 closed, 1 tries one call, 2 open: no calls. An open one is the effect: mend the dependency,"
            " and it closes by itself.",
            unit="short",
            queries=(
                Query(expression=f"max by (job, peer_service) (circuit_breaker_state{{{jobs.all}}})", legend=legend),
            ),
            lowest=0,
            highest=2,
            decimals=0,
            width=6,
        ),
    )


def versions(services: str = 'service=~"$service"') -> Panel:
    """What runs: of the services that the matcher names, in the chosen places."""
    return Panel(
        kind="table",
        title="Versions",
        description="What runs, and on how many instances. Two versions of a service for long: a deploy is stuck; roll"
        " it back or through.",
        unit="short",
        queries=(
            Query(
                expression=f"count by (service, version, revision) (app_build_info{{{services},{WHERE}}})", instant=True
            ),
        ),
        columns=(
            Column(source="service", title="Service"),
            Column(source="version", title="Version"),
            Column(source="revision", title="Revision"),
            Column(source="A", title="Instances", unit="short", decimals=0),
        ),
        sort_by="Service",
    )


def deploys(selector: str) -> Panel:
    """What runs, the newest first. A version's age is counted over all of its instances, whichever pods they were."""
    keys = "service, version, revision"
    seen = f"min by ({keys}) (min_over_time(timestamp(app_build_info{{{selector}}})[1d:5m]))"
    return Panel(
        kind="table",
        title="Deploys, the newest first",
        description="What runs, for how long it has (a day stands for longer too), and on how many instances. Newer"
        " than what burns: roll it back. Two versions of a service for long: a deploy is stuck.",
        unit="short",
        queries=(
            Query(expression=f"count by ({keys}) (app_build_info{{{selector}}})", instant=True),
            Query(expression=f"(time() - {seen}) and on ({keys}) app_build_info{{{selector}}}", instant=True),
        ),
        columns=(
            Column(source="service", title="Service"),
            Column(source="version", title="Version"),
            Column(source="revision", title="Revision"),
            Column(
                source="B",
                title="Since",
                unit="s",
                decimals=0,
                base=ORANGE,
                limits=(Limit(value=HOUR, colour=YELLOW), Limit(value=DAY // 2, colour="text")),
            ),
            Column(source="A", title="Instances", unit="short", decimals=0),
        ),
        sort_by="Since",
    )


def log_lines(selector: str, title: str = "Errors in the logs") -> Panel:
    """Lines of Loki at the level ERROR or above, of the streams that *selector* names."""
    return Panel(
        kind="logs",
        title=title,
        description="Lines at ERROR or CRITICAL. Open one for its trace_id, and follow that to the trace. None,"
        " although there are errors: the service does not get as far as to log, see its pods.",
        unit="short",
        queries=(Query(expression=f'{{{selector},level=~"ERROR|CRITICAL"}}', source=LOKI),),
        width=16,
        height=10,
    )


def logs_of(service: str) -> Link:
    """The log lines of a service, by its name or a pattern."""
    return links.logs(f'{{service=~"{service}"}}')
