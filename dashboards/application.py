"""Application Performance: rate, errors and duration of every service side by side, then what may lie behind."""

from __future__ import annotations

from dashboards import alert_panels, causes, red, shop_series, variables
from dashboards.model import Dashboard, Row
from dashboards.shop_series import CHOSEN
from dashboards.slo_overview import TAG
from slo.catalogue import Catalogue

UID = "tw-application"


def build(catalogue: Catalogue) -> Dashboard:
    """The page of all services, or of those that are chosen."""
    return Dashboard(
        uid=UID,
        title="Application Performance",
        description="Rate, errors and duration of the services, and what lies behind them.",
        rows=(
            Row(
                title="What users see",
                panels=(
                    red.requests(CHOSEN),
                    red.errors(catalogue, CHOSEN),
                    red.durations_by(CHOSEN, "job"),
                    red.durations(CHOSEN),
                    red.codes(CHOSEN),
                ),
            ),
            # Each of these reads every bucket of every route of every service: asked when somebody opens the row.
            Row(
                title="Which route",
                panels=(red.routes(CHOSEN), red.durations_by(CHOSEN, "http_route"), red.heatmap(CHOSEN)),
                collapsed=True,
            ),
            Row(title="What services ask of each other", panels=causes.calls(CHOSEN)),
            Row(
                title="Is anything full?",
                panels=(causes.active(CHOSEN), causes.pool(catalogue, CHOSEN), causes.statements(CHOSEN)),
            ),
            Row(title="Logs and versions", panels=(causes.log_lines('service=~"$service"'), causes.versions())),
            Row(
                title="The numbers of the alerts, with their limits",
                panels=alert_panels.of_dashboard(catalogue, UID),
                collapsed=True,
            ),
        ),
        variables=(*shop_series.places(), shop_series.services(), variables.LOGS),
        annotations=shop_series.drawn(catalogue, '=~"$service"'),
        links=(causes.logs_of("${service:pipe}"),),
        tags=(TAG, "application"),
    )
