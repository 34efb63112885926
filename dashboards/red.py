"""Rate, errors and duration of services: the panels of every page about requests.

All of them over five minutes, as alerts and promises have it: so much is recorded.
"""

from __future__ import annotations

import re

from dashboards.alert_panels import Bounds, bounds
from dashboards.model import Column, Limit, Panel, Query
from dashboards.recorded import RATE, read, with_exemplars
from dashboards.shop_series import REQUESTS, Jobs
from slo.catalogue import Catalogue

DURATION = "http_server_request_duration_seconds"
USER = 'traffic="user"'
ERRORS = 'http_response_status_code=~"5.."'
MOST_ROUTES = 10
_SELECTED = re.compile(r"\{[^{}]*\}(?:\[\w+\])?")
_AT_END = r"\g<0> @ end()"


def share(bad: str, total: str) -> str:
    """The share of *bad* in *total*, 0 where nothing is bad: its series begins with the first failure."""
    return f"(({bad}) or 0 * ({total})) / (({total}) > 0)"


def requests(jobs: Jobs, label: str = "job") -> Panel:
    """How many requests there are."""
    expression = read(f"sum by ({label}) (rate({REQUESTS}{{{jobs.servers},{USER}}}{RATE}))")
    return Panel(
        kind="timeseries",
        title=f"Requests by {_name(label)}",
        description="Requests of users a second; probes and load tests are left out. A sudden fall to nothing is an"
        " outage before the service, or in what calls it: look at the storefront and the mesh.",
        unit="reqps",
        queries=(Query(expression=expression, legend=f"{{{{{label}}}}}"),),
        lowest=0,
    )


def errors(catalogue: Catalogue, jobs: Jobs, label: str = "job") -> Panel:
    """The share of answers that are errors of ours."""
    total = f"sum by ({label}) (rate({REQUESTS}{{{jobs.servers},{USER}}}{RATE}))"
    bad = f"sum by ({label}) (rate({REQUESTS}{{{jobs.servers},{USER},{ERRORS}}}{RATE}))"
    limit = bounds(catalogue, "HighErrorRate") if label == "job" else Bounds()
    return Panel(
        kind="timeseries",
        title=f"Errors by {_name(label)}",
        description="Share of users' requests that end in a 5xx. Beyond the line the error-rate alert fires: find the"
        " route, then its logs below; just after a deploy, roll back first.",
        unit="percentunit",
        queries=(Query(expression=read(share(bad, total)), legend=f"{{{{{label}}}}}"),),
        base=limit.base,
        limits=limit.limits,
        lowest=0,
    )


def durations(jobs: Jobs, limits: tuple[Limit, ...] = ()) -> Panel:
    """How long answers take: the usual one, and the slow ones."""
    inside = read(f"sum by (le) (rate({_buckets(jobs)}{RATE}))")
    promised = " The lines are what was promised." if limits else ""
    half, most, nearly_all = (f"histogram_quantile({quantile}, {inside})" for quantile in ("0.5", "0.95", "0.99"))
    return Panel(
        kind="timeseries",
        title="Time to answer",
        description=f"Half of the answers, 95 % and 99 % of them come within this time.{promised}"
        " p99 alone rises: a slow route or a full pool; all three: a dependency or the database. The points are single"
        " requests: click one for its trace.",
        unit="s",
        queries=(
            Query(expression=half, legend="p50"),
            Query(expression=most, legend="p95"),
            Query(expression=with_exemplars(nearly_all, _buckets(jobs)), legend="p99", exemplars=True),
        ),
        limits=limits,
        lowest=0,
    )


def durations_by(jobs: Jobs, label: str, *, quantile: str = "0.95") -> Panel:
    """Slow answers, by *label*: the same lines over the whole range, those that are slowest at its end."""
    inside = read(f"sum by ({label}, le) (rate({_buckets(jobs)}{RATE}))")
    slow = f"histogram_quantile({quantile}, {inside})"
    slowest = f"{slow} and on ({label}) topk({MOST_ROUTES}, {_SELECTED.sub(_AT_END, slow)})"
    return Panel(
        kind="timeseries",
        title=f"p{quantile[2:]} by {_name(label)}",
        description="95 % of the answers come within this time. One line alone: that one has a problem; all of them:"
        " something that they share. The points are single requests: click one for its trace.",
        unit="s",
        queries=(Query(expression=with_exemplars(slowest, _buckets(jobs)), legend=f"{{{{{label}}}}}", exemplars=True),),
        lowest=0,
    )


def heatmap(jobs: Jobs) -> Panel:
    """All answers, by their time."""
    return Panel(
        kind="heatmap",
        title="Answers by time",
        description="How many answers took how long. Two bands are two kinds of requests, or a cache that works and one"
        " that does not; a band that moves up is a queue that builds.",
        unit="s",
        queries=(
            Query(
                expression=with_exemplars(read(f"sum by (le) (rate({_buckets(jobs)}{RATE}))"), _buckets(jobs)),
                legend="{{le}}",
                exemplars=True,
            ),
        ),
    )


def codes(jobs: Jobs) -> Panel:
    """Answers by status code."""
    return Panel(
        kind="timeseries",
        title="Answers by status",
        description="Users' requests by the code they were answered with. Many 429: the limits or an attack; 503: a"
        " dependency or the database is away; 4xx after a deploy: a client and an API that do not agree.",
        unit="reqps",
        queries=(
            Query(
                expression=read(
                    f"sum by (http_response_status_code) (rate({REQUESTS}{{{jobs.servers},{USER}}}{RATE}))"
                ),
                legend="{{http_response_status_code}}",
            ),
        ),
        stacked=True,
        lowest=0,
    )


def routes(jobs: Jobs) -> Panel:
    """Requests and errors by route, as a table."""
    total = f"sum by (job, http_route) (rate({REQUESTS}{{{jobs.servers},{USER}}}{RATE}))"
    bad = f"sum by (job, http_route) (rate({REQUESTS}{{{jobs.servers},{USER},{ERRORS}}}{RATE}))"
    slow = f"histogram_quantile(0.95, {read(f'sum by (job, http_route, le) (rate({_buckets(jobs)}{RATE}))')})"
    return Panel(
        kind="table",
        title="Routes",
        description="Each route over five minutes, the one with most errors first. One route alone: its code or what it"
        " alone calls; all of a service: the service or its database.",
        unit="short",
        queries=tuple(Query(expression=each, instant=True) for each in (total, share(bad, total), slow)),
        columns=(
            Column(source="job", title="Service"),
            Column(source="http_route", title="Route"),
            Column(source="A", title="Requests", unit="reqps", decimals=2),
            Column(source="B", title="Errors", unit="percentunit", decimals=2),
            Column(source="C", title="p95", unit="s", decimals=3),
        ),
        sort_by="Errors",
        descending=True,
        width=12,
    )


def _buckets(jobs: Jobs) -> str:
    """How long users' requests to *jobs* took."""
    return f"{DURATION}_bucket{{{jobs.servers},{USER}}}"


def _name(label: str) -> str:
    return {"job": "service", "http_route": "route", "instance": "instance"}.get(label, label)
