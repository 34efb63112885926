"""Recording rules of requests, statements, calls and probes' visits: what pages would otherwise read raw, for hours.

Raw, a line of latency reads every bucket of every route of every replica anew at each of its points. Recorded, they are
read once a minute, and are few series. dashboards/recorded.py puts these in the raw ones' place.
"""

from __future__ import annotations

from dataclasses import dataclass

from slo import conventions as names
from slo import promql
from slo.model import Pairs
from slo.rule import Group, Record
from slo.windows import MINUTE

WINDOW = "5m"
INTERVAL_SECONDS = MINUTE
"""A step of three hours' page; four runs may be missed before a series is gone."""
PLACES = ("cluster", "namespace")
USERS: Pairs = (("traffic", "user"),)
STEM = "request-records"
"""Of the files of rules and tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """The rate of *metric* by *labels*, and by where it is; of users alone, or of all.

    within: the record that it is summed from, instead of from the metric.
    """

    name: str
    metric: str
    labels: tuple[str, ...]
    users: bool = True
    within: str = ""

    @property
    def own_labels(self) -> Pairs:
        """What the rule writes on each series, beside what it keeps."""
        return USERS if self.users else ()

    @property
    def kept(self) -> tuple[str, ...]:
        """The labels that it keeps, in order."""
        return (*PLACES, *self.labels)


_SERVED, _ASKED = "http_server_request_duration_seconds", "http_client_request_duration_seconds"
RECORDS = (
    RequestRecord(
        name=names.REQUESTS_BY_CODE, metric="http_server_requests_total", labels=("job", "http_response_status_code")
    ),
    RequestRecord(name=names.ANSWERS, metric=f"{_SERVED}_count", labels=("job",)),
    RequestRecord(name=names.ANSWERS_IN_TIME_BY_ROUTE, metric=f"{_SERVED}_bucket", labels=("job", "http_route", "le")),
    RequestRecord(
        name=names.ANSWERS_IN_TIME,
        metric=f"{_SERVED}_bucket",
        labels=("job", "le"),
        within=names.ANSWERS_IN_TIME_BY_ROUTE,
    ),
    RequestRecord(
        name=names.STATEMENTS_IN_TIME,
        metric="db_client_operation_duration_seconds_bucket",
        labels=("job", "operation", "le"),
        users=False,
    ),
    RequestRecord(
        name=names.CALLS_BY_OUTCOME, metric=f"{_ASKED}_count", labels=("job", "peer_service", "outcome"), users=False
    ),
    RequestRecord(
        name=names.CALLS_IN_TIME, metric=f"{_ASKED}_bucket", labels=("job", "peer_service", "le"), users=False
    ),
    RequestRecord(
        name=names.VISITS_BY_OUTCOME, metric="journey_attempts_total", labels=("job", "journey", "outcome"), users=False
    ),
    RequestRecord(
        name=names.STEPS_IN_TIME,
        metric="journey_step_duration_seconds_bucket",
        labels=("job", "journey", "step", "le"),
        users=False,
    ),
    RequestRecord(
        name=names.CHANGES_SEEN_IN_TIME,
        metric="journey_freshness_seconds_bucket",
        labels=("job", "le"),
        users=False,
    ),
)
"""A record stands behind the one that it is summed from."""


def group() -> Group:
    """All of them, in the order in which they feed one another."""
    rules = tuple(Record(each.name, _expression(each), each.own_labels) for each in RECORDS)
    return Group(names.REQUESTS_GROUP, INTERVAL_SECONDS, rules)


def _expression(record: RequestRecord) -> str:
    chosen = promql.matchers(record.own_labels) if record.own_labels else ""
    summed = f"{record.within}{chosen}" if record.within else f"rate({record.metric}{chosen}[{WINDOW}])"
    return f"sum {promql.by(record.kept)} ({summed})"
