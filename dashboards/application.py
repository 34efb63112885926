"""Application Performance: rate, errors and duration of every service side by side, then what may lie behind."""

from __future__ import annotations

from dataclasses import replace

from dashboards import alert_panels, causes, links, red, shop_series, variables
from dashboards.model import Dashboard, Panel, Row
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
                    *map(
                        _leading_to_logs,
                        (red.requests(CHOSEN), red.errors(catalogue, CHOSEN), red.durations_by(CHOSEN, "job")),
                    ),
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
            Row(
                title="Logs and versions",
                panels=(causes.log_lines('service=~"($service)(-worker)?"'), causes.versions()),
            ),
            Row(
                title="The numbers of the alerts, with their limits",
                panels=alert_panels.of_dashboard(catalogue, UID),
                collapsed=True,
            ),
        ),
        variables=(*shop_series.places(), shop_series.services(), variables.LOGS),
        annotations=shop_series.drawn(catalogue, '=~"$service"'),
        tags=(TAG, "application"),
    )


def _leading_to_logs(panel: Panel) -> Panel:
    """*panel*, a line a service, from each of which one comes to its logs.

    Not from the head of the page: Grafana writes what stands for all services into an address as it is, and there
    the + of `.+` is a blank.
    """
    return replace(panel, links=(causes.logs_of(f"{links.label('job')}(-worker)?"),))
