"""What else happened: deploys, firing alerts, faults that somebody injected, budgets that burned."""

from __future__ import annotations

from dashboards.model import BLUE, ORANGE, RED, Annotation
from slo import conventions as names
from slo import promql
from slo.catalogue import Catalogue
from slo.model import Slo
from slo.windows import for_period


def alerts(matchers: str = "") -> Annotation:
    """Pages and tickets that fire, of those that match."""
    inside = ",".join(filter(None, ('alertstate="firing"', f'severity=~"{names.PAGE}|{names.TICKET}"', matchers)))
    return Annotation(
        name="Alerts",
        expression=f"max by (alertname, severity, service, team) (ALERTS{{{inside}}})",
        colour=RED,
        title="{{alertname}} ({{severity}})",
        text="{{service}}, for {{team}}",
        tags=("severity", "team"),
    )


def burning(matchers: str, slos: tuple[Slo, ...]) -> Annotation:
    """Budgets that burn as fast as pages: the lowest factor that pages for one of *slos*."""
    factor = min((for_period(slo.period_days).page_slow.factor for slo in slos), default=6)
    return Annotation(
        name="Budget burn",
        expression=f"max by ({names.SERVICE}, {names.SLO}) ({names.CURRENT_BURN_RATE}{{{matchers}}})"
        f" > {promql.number(factor)}",
        colour=ORANGE,
        title=f"{{{{{names.SERVICE}}}}} {{{{{names.SLO}}}}} burns its budget",
        text="Faster than what pages within hours.",
        shown=False,
    )


def changes(catalogue: Catalogue, operator: str) -> tuple[Annotation, ...]:
    """Deploys of and faults in the services that a page of SLOs shows; none where nothing tells of either.

    Args:    operator: how the page's `$service` chooses: `=` one, `=~` several.
    """
    if not catalogue.alert_files:
        return ()
    where = 'cluster=~"$cluster"'
    return (deploys(f'service{operator}"$service",{where}'), faults(f'job=~"($service)(-worker)?",{where}'))


def deploys(matchers: str = "") -> Annotation:
    """Versions that were not there ten minutes before, drawn for as long as they are new."""
    now = f"group by (service, version, revision) (app_build_info{{{matchers}}})"
    before = f"group by (service, version, revision) (app_build_info{{{matchers}}} offset 10m)"
    # Where nothing of the service ran before, it has started, and nothing was deployed over it.
    ran = f"group by (service) (app_build_info{{{matchers}}} offset 10m)"
    return Annotation(
        name="Deploys",
        expression=f"({now} unless {before}) and on (service) {ran}",
        colour=BLUE,
        title="Deploy of {{service}}",
        text="{{version}} {{revision}}",
        tags=("service",),
    )


def faults(matchers: str = "") -> Annotation:
    """Faults that a drill injects."""
    return Annotation(
        name="Injected faults",
        expression=f"max by (job, fault) (shop_fault_active{{{matchers}}}) == 1",
        colour="purple",
        title="Injected: {{fault}}",
        text="{{job}}",
        tags=("fault",),
    )
