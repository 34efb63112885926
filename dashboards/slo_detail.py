"""One promise in full: what it is, whether it is kept, how fast its budget goes, and when that happened."""

from __future__ import annotations

from dataclasses import replace

from dashboards import happenings, links, slo_series
from dashboards.model import GREEN, RED, YELLOW, Dashboard, Limit, Meaning, Panel, Query, Row
from dashboards.slo_overview import LEFT, TAG, burn_limits
from slo import conventions as names
from slo import promql
from slo.catalogue import Catalogue
from slo.windows import HOUR, for_period, spell

UID = names.SLO_DASHBOARD


def build(catalogue: Catalogue) -> Dashboard:
    """The page of any one SLO of *catalogue*; alerts open it with theirs chosen."""
    within = slo_series.matchers(catalogue, single=True)
    return Dashboard(
        uid=UID,
        title="SLO detail",
        description="One promise: is it kept, how fast does its budget go, and since when.",
        rows=(
            Row(title="$service $slo now", panels=_now(catalogue, within)),
            Row(title="What shoppers see", panels=_sli(catalogue, within)),
            Row(title="How fast the budget goes", panels=_burn(catalogue, within)),
            Row(title="What is left", panels=_left(catalogue, within)),
        ),
        variables=slo_series.choices(catalogue, single=True),
        annotations=(
            *happenings.changes(catalogue, "="),
            happenings.alerts(f'{names.SERVICE}="$service",{names.SLO}="$slo"'),
            happenings.burning(within, catalogue.slos),
        ),
        links=(links.page("tw-slo-overview", "All SLOs"),),
        tags=(TAG, "slo"),
        since="now-24h",
    )


def _now(catalogue: Catalogue, within: str) -> tuple[Panel, ...]:
    def number(
        title: str,
        expression: str,
        description: str,
        unit: str,
        *,
        base: str = GREEN,
        limits: tuple[Limit, ...] = (),
        decimals: int = 1,
        meanings: tuple[Meaning, ...] = (),
    ) -> Panel:
        return Panel(
            kind="stat",
            title=title,
            description=description,
            unit=unit,
            queries=(Query(expression=expression, instant=True),),
            base=base,
            limits=limits,
            decimals=decimals,
            meanings=meanings,
            width=3,
            height=5,
        )

    kept = f"1 - max({names.PERIOD_BURN_RATE}{{{within}}}) * max({names.ERROR_BUDGET}{{{within}}})"
    state = (
        f'2 * max(ALERTS{{alertstate="firing",{within},{names.SEVERITY}="{names.PAGE}"}})'
        f' or max(ALERTS{{alertstate="firing",{within},{names.SEVERITY}="{names.TICKET}"}}) or vector(0)'
    )
    now = (
        number(
            "Alert",
            state,
            "Whether somebody is told. A page: follow its runbook now; a ticket: within the day.",
            "short",
            decimals=0,
            meanings=(
                Meaning(value=0, text="quiet", colour=GREEN),
                Meaning(value=1, text="ticket", colour=YELLOW),
                Meaning(value=2, text="page", colour=RED),
            ),
        ),
        number(
            "Burn rate",
            f"max({names.CURRENT_BURN_RATE}{{{within}}})",
            "Of the last five minutes. 1 spends the budget in exactly the window; far above: look at the service now.",
            "suffix:×",
            limits=burn_limits(catalogue),
            decimals=2,
        ),
        replace(
            number(
                "Budget left",
                f"min({names.BUDGET_REMAINING}{{{within}}})",
                "Share of the rolling window's budget. At 0 the promise is broken: changes that can wait should wait.",
                "percentunit",
                base=RED,
                limits=LEFT,
            ),
            kind="gauge",
            lowest=0,
            highest=1,
        ),
        number(
            "Failures still allowed",
            f"min({names.BUDGET_EVENTS_REMAINING}{{{within}}})",
            "Events that may still fail in this window. A small number at a small service: one bad deploy spends it.",
            "short",
            decimals=0,
            base=RED,
            limits=(Limit(value=0, colour=GREEN),),
        ),
        number(
            "Kept in the window",
            kept,
            "Share of good events in the rolling window. Below the objective the promise is broken: say so.",
            "percentunit",
            decimals=3,
        ),
        number(
            "Objective",
            f"max({names.OBJECTIVE}{{{within}}})",
            "What was promised. When it is never in danger or never kept, it is the objective that is wrong.",
            "percentunit",
            decimals=3,
        ),
        number(
            "Window",
            f"max({names.PERIOD_DAYS}{{{within}}})",
            "Rolling period of the promise. A failure counts against the budget for so long.",
            "suffix: days",
            decimals=0,
        ),
    )
    if not _has_hours(catalogue):
        return now
    month = number(
        "Budget left, month",
        _month(within),
        "Of the calendar month at the end of the time range, if its rest is as it was so far. When it differs from"
        " the rolling window's, an old outage is about to leave one of them.",
        "percentunit",
        base=RED,
        limits=LEFT,
    )
    return (*now, month)


def _has_hours(catalogue: Catalogue) -> bool:
    """Whether hours are recorded: below a week's period windows shrink, and there may be none of an hour."""
    return any(HOUR in for_period(days).page_seconds for days in slo_series.periods(catalogue))


def _month(within: str) -> str:
    """What is left of the calendar month's budget, if its other hours are as those so far; other months count nothing.

    Weighted by events where these are recorded; the mean of the hours' ratios elsewhere, as sloth's dashboard has it.
    """
    budget = f"max({names.ERROR_BUDGET}{{{within}}})"
    here = "(month() == bool ${__to:date:M})"
    month = "(24 * days_in_month())"

    def hours(record: str) -> str:
        # Neither side has labels.
        return f"sum_over_time((max({record}{{{within}}}) * {here})[32d:1h])"

    hour = spell(HOUR)
    passed = f"sum_over_time({here}[32d:1h]) / {month}"
    ratio = f"{hours(names.bad_rate(hour))} / ({hours(names.total_rate(hour))} > 0)"
    return f"1 - {ratio} * {passed} / {budget} or 1 - {hours(names.sli_ratio(hour))} / {month} / {budget}"


def _sli(catalogue: Catalogue, within: str) -> tuple[Panel, ...]:
    five = spell(300)
    return (
        Panel(
            kind="timeseries",
            title="Good events",
            description="Share of events that were good, over five minutes, against the objective. A dip under the line"
            " is a breach: set the time range to it, and look at the service's own dashboard.",
            unit="percentunit",
            queries=(
                Query(expression=f"1 - max({names.sli_ratio(five)}{{{within}}})", legend="good"),
                Query(expression=f"max({names.OBJECTIVE}{{{within}}})", legend="objective"),
            ),
            highest=1,
            width=12,
        ),
        Panel(
            kind="timeseries",
            title="Events",
            description="All events and the bad ones, in the unit of the spec's query, a second for a rate. Bad ones"
            " with little traffic weigh heavily; no traffic at all may be an outage before the service.",
            unit="short",
            queries=(
                Query(expression=f"sum({names.total_rate(five)}{{{within}}})", legend="all"),
                Query(expression=f"sum({names.bad_rate(five)}{{{within}}})", legend="bad"),
            ),
            lowest=0,
            width=12,
        ),
    )


def _burn(catalogue: Catalogue, within: str) -> tuple[Panel, ...]:
    budget = f"scalar(max({names.ERROR_BUDGET}{{{within}}}))"
    lines = tuple(
        Query(expression=f"max({names.sli_ratio(spell(each))}{{{within}}}) / {budget}", legend=spell(each))
        for each in slo_series.windows(catalogue)
    )
    factors = tuple(
        Query(expression=_factor(catalogue, within, which), legend=legend)
        for which, legend in (
            ("page_quick", "pages at, quick"),
            ("page_slow", "pages at, slow"),
            ("ticket_quick", "tickets at, quick"),
            ("ticket_slow", "tickets at, slow"),
        )
    )
    return (
        Panel(
            kind="timeseries",
            title="Burn rate by window",
            description="An alert fires while both windows of a pair are above its factor: the short one says that it"
            " still burns, the long one that it matters. The short lines fall first when it is over.",
            unit="suffix:×",
            queries=(*lines, *factors),
            limits=burn_limits(catalogue),
            lowest=0,
            width=16,
            height=10,
        ),
        Panel(
            kind="state_timeline",
            title="Alerts",
            description="When this SLO paged or ticketed. A page that comes and goes: look for what comes and goes with"
            " it; the runbook of the alert says where.",
            unit="short",
            queries=(
                Query(
                    expression=f'max by (alertname, {names.SEVERITY}) (ALERTS{{alertstate="firing",{within}}})',
                    legend=f"{{{{alertname}}}} {{{{{names.SEVERITY}}}}}",
                ),
            ),
            base=RED,
            no_value="Nothing fired",
            width=8,
            height=10,
            links=links.runbook(catalogue, links.label("alertname")),
        ),
    )


def _factor(catalogue: Catalogue, within: str, which: str) -> str:
    """The factor of a pair as a series: it depends on the SLO's period, which is a record."""
    days = f"max({names.PERIOD_DAYS}{{{within}}})"
    found = [
        f"({days} == {each}) * 0 + {promql.number(getattr(for_period(each), which).factor)}"
        for each in slo_series.periods(catalogue)
    ]
    return " or ".join(found)


def _left(catalogue: Catalogue, within: str) -> tuple[Panel, ...]:
    days = slo_series.periods(catalogue)
    bad = slo_series.of_any_period(names.bad_increase("{}"), within, days)
    total = slo_series.of_any_period(names.total_increase("{}"), within, days)
    return (
        Panel(
            kind="timeseries",
            title="Budget left",
            description="Of the rolling window. A step down is an outage, a slope an error that is always there, a step"
            " up an old outage that leaves the window. Set a range of weeks to see which it is.",
            unit="percentunit",
            queries=(Query(expression=f"min({names.BUDGET_REMAINING}{{{within}}})", legend="left"),),
            base=RED,
            limits=LEFT,
            highest=1,
            width=12,
        ),
        Panel(
            kind="timeseries",
            title="Events of the window",
            description="Bad events against those that the budget allows. Where bad crosses allowed the promise is"
            " broken; allowed moves with traffic.",
            unit="short",
            queries=(
                Query(expression=f"sum({bad})", legend="bad"),
                Query(expression=f"sum({total}) * scalar(max({names.ERROR_BUDGET}{{{within}}}))", legend="allowed"),
            ),
            lowest=0,
            width=12,
        ),
    )
