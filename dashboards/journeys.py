"""Journeys: whether the ways through the shop can be walked, by the probes that walk them without any shopper, too.

A journey is on the page as soon as an SLO names it; that SLO is called as its journey is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from dashboards import alert_panels, causes, journey_panels, links, shop_series, variables
from dashboards.journey_panels import ATTEMPTS, BAD, CHOSEN, JOB, LAST, PROBES, ended, passed, walked
from dashboards.model import BLUE, GREEN, ORANGE, RED, Column, Dashboard, Limit, Panel, Query, Row
from dashboards.shop_series import WHERE
from dashboards.slo_overview import LEFT, SPENT, TAG, burn_limits
from slo import conventions as names
from slo import promql
from slo.catalogue import Catalogue
from slo.model import Slo

UID = "tw-journeys"
_CLUSTER = 'cluster=~"$cluster"'


def judged(catalogue: Catalogue) -> tuple[Slo, ...]:
    """The promises about journeys, those of one service together."""
    return tuple(sorted((slo for slo in catalogue.slos if slo.journey), key=_service))


def _service(slo: Slo) -> str:
    return slo.service


def build(catalogue: Catalogue) -> Dashboard:
    """The page of what the probes walk."""
    return Dashboard(
        uid=UID,
        title="Journeys",
        description="Whether the ways through the shop can be walked, and where they fail.",
        rows=tuple(_rows(catalogue)),
        variables=(
            *shop_series.places(ATTEMPTS),
            variables.chosen("journey", "journey", ATTEMPTS, title="Journey", within=WHERE, several=True),
            variables.LOGS,
        ),
        annotations=shop_series.drawn(catalogue),
        links=(
            causes.logs_of(PROBES),
            links.page("tw-user-experience", "User Experience"),
            links.page("tw-slo-overview", "All SLOs"),
        ),
        tags=(TAG, "journeys"),
    )


def _rows(catalogue: Catalogue) -> Iterator[Row]:
    slos = judged(catalogue)
    tables = tuple(_table(catalogue, service, tuple(found)) for service, found in groupby(slos, _service))
    yield Row(title="Can the shop be used?", panels=(*_counts(slos), *tables, journey_panels.states()))
    ends = (*journey_panels.visits(), journey_panels.freshness())
    yield Row(title="How visits end, and how soon a new price is seen", panels=ends)
    slow = journey_panels.slow_steps("p95 of the slowest steps", CHOSEN)
    yield Row(title="Where the time goes", panels=(slow, journey_panels.every_step()))
    yield Row(title="What is left of the promises", panels=_budgets(catalogue, slos))
    alerts = alert_panels.of_dashboard(catalogue, UID)
    itself = (*alerts, *journey_panels.leavings(), *journey_panels.process())
    yield Row(title="Do the probes themselves work?", panels=itself)
    lines = (journey_panels.failures(), causes.versions(f'service="{PROBES}"'))
    yield Row(title="Why visits did not pass", panels=lines)


# --- now --------------------------------------------------------------------------------------------------------


def _counts(slos: tuple[Slo, ...]) -> tuple[Panel, ...]:
    def count(title: str, expression: str, description: str, limits: tuple[Limit, ...], legend: str = "") -> Panel:
        return Panel(
            kind="stat",
            title=title,
            description=description,
            unit="short",
            queries=(Query(expression=expression, legend=legend, instant=True),),
            limits=limits,
            decimals=0,
            width=6,
            height=4,
        )

    firing = f'ALERTS{{alertstate="firing",service="{PROBES}",severity="{names.PAGE}",{_CLUSTER}}}'
    of_these = f'journey=~"{_either(slos)}",{JOB}'
    return (
        count(
            "Pages firing",
            f"count({firing}) or vector(0)",
            "Pages about journeys that fire now. Not 0: follow the runbook that the table below links to; whether a"
            " service fires as well, On-call says.",
            (Limit(value=1, colour=RED),),
        ),
        count(
            "Journeys that do not pass",
            f"count({ended(BAD)} > 0) or vector(0)",
            "Journeys with a visit that was slow or failed within five minutes. One: see its line below; all of them:"
            " the front door, or the machine on which the probes run.",
            (Limit(value=1, colour=ORANGE),),
        ),
        count(
            "Journeys not walked",
            f"{len(slos)} - (count({walked(of_these)} > 0) or vector(0))",
            "Journeys with a promise of which no visit ended within five minutes: nobody knows how they are. See below"
            " whether the probes run, and whether visits are skipped.",
            (Limit(value=1, colour=BLUE),),
        ),
        count(
            "Probers",
            f"count by (location) (journey_prober_info{{{JOB}}})",
            "Processes that walk, by where they walk from. None: no journey is watched; start the probes.",
            (),
            "{{location}}",
        ),
    )


def _table(catalogue: Catalogue, service: str, slos: tuple[Slo, ...]) -> Panel:
    """One line a journey that *service* has a promise about: whether it passes, what is left, how old that is."""
    chosen = f'{names.SERVICE}={promql.quote(service)},{names.SLO}=~"{_either(slos)}",{_CLUSTER}'
    of_these = f'journey=~"{_either(slos)}",{JOB}'

    def of(record: str, how: str) -> str:
        by_slo = f"{how} by ({names.SLO}) ({record}{{{chosen}}})"
        return f'{how} by (journey) (label_replace({by_slo}, "journey", "$1", "{names.SLO}", "(.+)"))'

    expressions = (
        passed(of_these),
        of(names.CURRENT_BURN_RATE, "max"),
        of(names.BUDGET_REMAINING, "min"),
        of(names.BUDGET_EVENTS_REMAINING, "min"),
        f"time() - max by (journey) ({LAST}{{{of_these}}} != 0)",
    )
    journey = links.field("journey")
    detail = links.dashboard(names.SLO_DASHBOARD, "SLO detail", {"service": service, "slo": journey})
    lines = links.logs(f'{{service="{PROBES}"}} | json | journey="{journey}"', "Visits that did not pass")
    long_ago = alert_panels.bounds(catalogue, "JourneyNotWalked")
    right = (Limit(value=0.5, colour=ORANGE), Limit(value=1, colour=GREEN))
    return Panel(
        kind="table",
        title="Every journey, the worst first" if service == PROBES else f"Journeys of {service}, the worst first",
        description="Share of the visits of five minutes that passed, how fast the budget goes, what is left of it, and"
        " how long ago a visit ended. Start at the top: a click on the journey leads to its promise and its failed"
        " visits, one on the alert to its runbook.",
        unit="short",
        queries=tuple(Query(expression=_with_alert(slos, each), instant=True) for each in expressions),
        columns=(
            Column(source="journey", title="Journey", links=(detail, lines)),
            Column(source="A", title="Passed", unit="percentunit", decimals=0, base=RED, limits=right),
            Column(source="B", title="Burn rate now", unit="suffix:×", decimals=1, limits=burn_limits(catalogue)),
            Column(source="C", title="Budget left", unit="percentunit", decimals=1, base=SPENT, limits=LEFT),
            Column(
                source="D",
                title="May still fail",
                unit="short",
                decimals=0,
                base=SPENT,
                limits=(Limit(value=0, colour=GREEN),),
            ),
            Column(source="E", title="Last visit", unit="s", decimals=0, base=long_ago.base, limits=long_ago.limits),
            Column(source="alert", title="Alert", links=links.runbook(catalogue, links.field("alert"))),
        ),
        sort_by="Passed",
        width=14,
        height=11,
    )


def _either(slos: tuple[Slo, ...]) -> str:
    """A pattern of their journeys, fit for a string of PromQL."""
    return "|".join(re.sub(r"[^\w-]", r"[\g<0>]", slo.journey) for slo in slos)


def _with_alert(slos: tuple[Slo, ...], expression: str) -> str:
    """*expression* with a label `alert`: what fires for each journey, which its labels do not tell."""
    for slo in slos:
        expression = f'label_replace({expression}, "alert", "{slo.alerting.name}", "journey", "{_either((slo,))}")'
    return expression


# --- the promises -----------------------------------------------------------------------------------------------


def _budgets(catalogue: Catalogue, slos: tuple[Slo, ...]) -> tuple[Panel, ...]:
    services = "|".join(dict.fromkeys(slo.service for slo in slos))
    chosen = f'{names.SERVICE}=~"{services}",{names.SLO}=~"{_either(slos)}",{_CLUSTER}'
    legend = f"{{{{{names.SLO}}}}}"
    detail = links.dashboard(
        names.SLO_DASHBOARD,
        "SLO detail",
        {"service": links.label(names.SERVICE), "slo": links.label(names.SLO)},
    )
    keys = f"{names.SERVICE}, {names.SLO}"
    return (
        Panel(
            kind="timeseries",
            title="Burn rate",
            description="How fast each budget goes, over five minutes; 1 spends it in exactly the window. Beyond the"
            " lines alerts fire, once their longer window agrees: click a line for its promise.",
            unit="suffix:×",
            queries=(Query(expression=f"max by ({keys}) ({names.CURRENT_BURN_RATE}{{{chosen}}})", legend=legend),),
            limits=burn_limits(catalogue),
            lowest=0,
            links=(detail,),
            width=12,
        ),
        Panel(
            kind="timeseries",
            title="Budget left",
            description="Share of the window's budget that is left. It comes back as old failures leave the window; a"
            " line that only falls is a way that needs work: click it for its promise.",
            unit="percentunit",
            queries=(Query(expression=f"min by ({keys}) ({names.BUDGET_REMAINING}{{{chosen}}})", legend=legend),),
            base=SPENT,
            limits=LEFT,
            highest=1,
            links=(detail,),
            width=12,
        ),
    )
