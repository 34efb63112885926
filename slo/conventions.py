"""Every name that the project emits: records, labels, groups, alerts. Named here once, read everywhere.

Record and label names up to `INFO` are sloth's (v0.16), so that its dashboards keep working on our rules;
the rest are ours and share the `slo:` prefix.
"""

# Labels that identify an SLO in every series. sloth writes the same.
ID = "sloth_id"
SERVICE = "sloth_service"
SLO = "sloth_slo"
WINDOW = "sloth_window"
SEVERITY = "sloth_severity"
ID_LABELS = (ID, SERVICE, SLO)
RESERVED_PREFIX = "sloth_"

# User labels that tell one copy of an SLO from another (the same service in two clusters or namespaces).
# They are part of the identity: they stand in every selector, so that copies live side by side in one
# Prometheus. Any other user label may change at any time without breaking a long window.
IDENTITY_LABELS = ("cluster", "environment", "env", "namespace", "region", "tenant")

# Labels that routes and inhibitions read; added to an alert only where a spec has none of that name.
ROUTE_LABELS = ("service", "slo", "severity", "team", "cluster")
PAGE = "page"
TICKET = "ticket"
INFO_SEVERITY = "info"
ALERT_NAME = "alertname"  # set by Prometheus itself

# Records, sloth's names.
OBJECTIVE = "slo:objective:ratio"
ERROR_BUDGET = "slo:error_budget:ratio"
PERIOD_DAYS = "slo:time_period:days"
CURRENT_BURN_RATE = "slo:current_burn_rate:ratio"
PERIOD_BURN_RATE = "slo:period_burn_rate:ratio"
BUDGET_REMAINING = "slo:period_error_budget_remaining:ratio"
INFO = "sloth_slo_info"

# Records, ours.
BUDGET_EVENTS_REMAINING = "slo:error_budget_events_remaining"


# KPIs: numbers without an objective.
KPI_VALUE = "kpi:value"
KPI_BASELINE = "kpi:baseline"
KPI_DEVIATION = "kpi:deviation_ratio"
KPI = "kpi"
KPI_SERVICE = "service"
KPI_WEEK = "week"  # tells the three weeks of a baseline apart, within its expression alone
KPI_LABELS = frozenset({KPI, KPI_SERVICE, KPI_WEEK})


KPI_WEEKS = "kpi:baseline_weeks"

# What services' pages read for hours: rates over 5m of raw metrics, summed over whatever no page tells apart.
# None of them holds the name of its histogram's buckets: Grafana shows exemplars of the first query alone that does.
REQUESTS_BY_CODE = "job_code:http_server_requests:rate5m"
ANSWERS = "job:http_server_request_duration_seconds:count_rate5m"
ANSWERS_IN_TIME = "job:http_server_request_duration_seconds:bucket_rate5m"
ANSWERS_IN_TIME_BY_ROUTE = "job_route:http_server_request_duration_seconds:bucket_rate5m"
STATEMENTS_IN_TIME = "job_operation:db_client_operation_duration_seconds:bucket_rate5m"
CALLS_BY_OUTCOME = "job_peer_outcome:http_client_request_duration_seconds:count_rate5m"
CALLS_IN_TIME = "job_peer:http_client_request_duration_seconds:bucket_rate5m"
# The same of what the probes' page reads.
VISITS_BY_OUTCOME = "job_journey_outcome:journey_attempts:rate5m"
STEPS_IN_TIME = "job_journey_step:journey_step_duration_seconds:bucket_rate5m"
CHANGES_SEEN_IN_TIME = "job:journey_freshness_seconds:bucket_rate5m"
REQUESTS_GROUP = "request-recordings"

# Dashboards, by their uid: what alerts link to, and what is generated under the same name.
DASHBOARDS = (
    "tw-oncall",
    "tw-slo-overview",
    "tw-slo-detail",
    "tw-kubernetes",
    "tw-application",
    "tw-business",
    "tw-database",
    "tw-mesh",
    "tw-user-experience",
    "tw-journeys",
)
SLO_DASHBOARD = "tw-slo-detail"
RUNBOOK_URL = "runbook_url"
DASHBOARD_URL = "dashboard_url"
DASHBOARD_RANGE = "from=now-3h&to=now"
"""The end of every dashboard's address; what tells people of an alert puts the alert's own time there."""


# What is down along `depends_on`: told by the page of the SLO of this name, and held against others by this alert.
AVAILABILITY = "availability"
SERVICE_DOWN = "ServiceDown"
"""The threshold alert that nothing of a service answers a scrape: what is gone answers nothing, not even badly."""
DEPENDENCY_DOWN = "DependencyDown"
"""Tells nobody anything: it mutes the pages of a service while one that it depends on is down."""


def kpi_group(service: str, kpi: str) -> str:
    """Group of one KPI's records."""
    return f"kpi-recordings-{service}-{kpi}"


def kpi_alerts(name: str, deviates: object, limited: object) -> tuple[str, ...]:
    """Alerts of a KPI called *name*: on its deviation and on its limits, as far as there are such."""
    both = ((f"{name}Deviation", deviates), (f"{name}Limit", limited))
    return tuple(alert for alert, there in both if there)


def sli_ratio(window: str) -> str:
    """Share of events that were bad over *window* ("5m"): a ratio, 0–1. sloth's name."""
    return f"slo:sli_error:ratio_rate{window}"


def recent_ratio(window: str) -> str:
    """The error ratio over a long *window* as the page reads it: exact at its young end. sloth has none."""
    return f"slo:sli_error_recent:ratio_rate{window}"


def bad_rate(window: str) -> str:
    """Bad events over *window*, in the unit of the spec's own query (per second for a rate)."""
    return f"slo:sli_events_bad:rate{window}"


def total_rate(window: str) -> str:
    """All events over *window*, in the unit of the spec's own query."""
    return f"slo:sli_events_total:rate{window}"


def bad_average(step: str) -> str:
    """Bad 5m events averaged over *step*: what the long windows are summed from."""
    return f"slo:sli_events_bad:avg{step}"


def total_average(step: str) -> str:
    """All 5m events averaged over *step*: what the long windows are summed from."""
    return f"slo:sli_events_total:avg{step}"


def bad_increase(period: str) -> str:
    """Bad events counted over the whole SLO period."""
    return f"slo:sli_events_bad:increase{period}"


def total_increase(period: str) -> str:
    """All events counted over the whole SLO period."""
    return f"slo:sli_events_total:increase{period}"


def sli_group(identity: str) -> str:
    """Group that records the SLI and holds the alerts: evaluated fast."""
    return f"sloth-slo-sli-recordings-{identity}"


def period_group(identity: str) -> str:
    """Group that derives the long windows and the period from the SLI records: evaluated slowly."""
    return f"sloth-slo-period-recordings-{identity}"


def meta_group(identity: str) -> str:
    """Group of constants: objective, budget, period, info."""
    return f"sloth-slo-meta-recordings-{identity}"


def alerts_group(identity: str) -> str:
    """Group in which sloth keeps its alerts; the native engine keeps them beside the SLI records."""
    return f"sloth-slo-alerts-{identity}"


def dependencies_group(identity: str) -> str:
    """Group of the rule that holds a page back while a dependency is down."""
    return f"dependencies-{identity}"


def absent_alert(alert_name: str) -> str:
    """Alert that fires when the SLI of *alert_name*'s SLO disappears."""
    return f"{alert_name}Absent"
