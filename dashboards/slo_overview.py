"""Every promise on one page: which one burns, how fast, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable

from dashboards import happenings, links, slo_series
from dashboards.model import GREEN, ORANGE, RED, YELLOW, Column, Dashboard, Limit, Link, Panel, Query, Row
from slo import conventions as names
from slo.budget import LITTLE_LEFT
from slo.catalogue import Catalogue
from slo.windows import for_period

UID = "tw-slo-overview"
TAG = "tillwatch"
MOST = 15
"""Series in a picture: more cannot be told apart."""

SPENT = RED
"""Of what has no budget left: of its share below 0, and of the number of such promises."""
LEFT = (
    Limit(value=0, colour=ORANGE),
    Limit(value=LITTLE_LEFT, colour=YELLOW),
    Limit(value=0.5, colour=GREEN),
)


def build(catalogue: Catalogue) -> Dashboard:
    """The page for all SLOs of *catalogue*; it needs their recorded series alone."""
    within = slo_series.matchers(catalogue, single=False)
    return Dashboard(
        uid=UID,
        title="SLO overview",
        description="Which promises burn, how fast, and what is left of each.",
        rows=(
            Row(title="Is anything burning?", panels=_now(catalogue, within)),
            Row(title="Where it burns", panels=_burning(catalogue, within)),
            Row(title="Every promise, the fastest first", panels=(_table(catalogue, within),)),
            Row(title="How it came to this", panels=_course(catalogue, within)),
        ),
        variables=slo_series.choices(catalogue, single=False),
        annotations=(
            *happenings.changes(catalogue, "=~"),
            happenings.alerts(f'{names.SERVICE}=~"$service"'),
            happenings.burning(within, catalogue.slos),
        ),
        tags=(TAG, "slo"),
        since="now-24h",
    )


def burn_limits(catalogue: Catalogue) -> tuple[Limit, ...]:
    """The factors that ticket and page for some SLO: the lowest of each, as the alerts have them."""
    found = [for_period(days) for days in slo_series.periods(catalogue)]
    return (
        Limit(value=min(each.ticket_slow.factor for each in found), colour=YELLOW),
        Limit(value=min(each.page_slow.factor for each in found), colour=ORANGE),
        Limit(value=min(each.page_quick.factor for each in found), colour=RED),
    )


def _now(catalogue: Catalogue, within: str) -> tuple[Panel, ...]:
    keys = slo_series.keys(catalogue)
    firing = f'ALERTS{{alertstate="firing",{within},{names.SEVERITY}="%s"}}'

    def number(title: str, expression: str, description: str, limits: tuple[Limit, ...], unit: str = "short") -> Panel:
        return Panel(
            kind="stat",
            title=title,
            description=description,
            unit=unit,
            queries=(Query(expression=expression, instant=True),),
            limits=limits,
            width=4,
            height=4,
            decimals=0 if unit == "short" else 1,
        )

    burn = f"max by ({keys}) ({names.CURRENT_BURN_RATE}{{{within}}})"
    left = f"max by ({keys}) ({names.BUDGET_REMAINING}{{{within}}})"
    return (
        number(
            "Pages firing",
            f"count({firing % names.PAGE}) or vector(0)",
            "SLOs that page now. Anything but 0: open the burning SLO below, then its runbook.",
            (Limit(value=1, colour=RED),),
        ),
        number(
            "Tickets firing",
            f"count({firing % names.TICKET}) or vector(0)",
            "SLOs with a ticket: the budget goes too fast to last. Look within the day.",
            (Limit(value=1, colour=YELLOW),),
        ),
        number(
            "Budgets spent",
            f"count({left} <= 0) or vector(0)",
            "SLOs without any budget left in their period: changes that can wait should wait.",
            (Limit(value=1, colour=SPENT),),
        ),
        number(
            "Burning now",
            f"count({burn} > 1) or vector(0)",
            "SLOs that spend budget faster than it comes back. Some at any time is normal; most of them at once is a"
            " common cause: look at what they share.",
            (),
        ),
        number(
            "Average burn",
            f"avg({burn})",
            "Mean burn rate of all chosen SLOs; 1 spends each budget in exactly its period. When it rises, the table"
            " says where.",
            burn_limits(catalogue),
            "suffix:×",
        ),
        number(
            "SLOs",
            f"count(count by ({keys}) ({names.OBJECTIVE}{{{within}}}))",
            "SLOs that are recorded. Fewer than there were: rules or their targets are gone; see the rules page of"
            " Prometheus.",
            (),
        ),
    )


def _table(catalogue: Catalogue, within: str) -> Panel:
    keys = slo_series.keys(catalogue)

    def of(record: str) -> str:
        return f"max by ({keys}) ({record}{{{within}}})"

    # What the period's records say of the budget, turned back into the share of good events.
    available = f"1 - {of(names.PERIOD_BURN_RATE)} * {of(names.ERROR_BUDGET)}"
    expressions = (
        of(names.OBJECTIVE),
        of(names.PERIOD_DAYS),
        available,
        of(names.CURRENT_BURN_RATE),
        of(names.BUDGET_REMAINING),
        of(names.BUDGET_EVENTS_REMAINING),
    )
    detail = _detail(catalogue, links.field)
    return Panel(
        kind="table",
        title="Promises",
        description="Objective, window, what was kept of it, how fast the budget goes now and what is left. The"
        " fastest burn first: start at the top, and click a service for its detail; a click on a heading sorts by what"
        " is left. A line without numbers has lost its metrics.",
        unit="short",
        queries=tuple(Query(expression=each, instant=True) for each in expressions),
        width=24,
        height=12,
        columns=(
            Column(source=names.SERVICE, title="Service", links=(detail,)),
            Column(source=names.SLO, title="SLO", links=(detail,)),
            *(Column(source=label, title=label.capitalize()) for label in slo_series.labels(catalogue)),
            Column(source="A", title="Objective", unit="percentunit", decimals=2),
            Column(source="B", title="Window", unit="suffix: days", decimals=0),
            Column(source="C", title="Kept in the window", unit="percentunit", decimals=3),
            Column(source="D", title="Burn rate now", unit="suffix:×", decimals=2, limits=burn_limits(catalogue)),
            Column(source="E", title="Budget left", unit="percentunit", decimals=1, base=SPENT, limits=LEFT),
            Column(
                source="F",
                title="Requests that may still fail",
                unit="short",
                decimals=0,
                base=SPENT,
                limits=(Limit(value=0, colour=GREEN),),
            ),
        ),
        sort_by="Burn rate now",
        descending=True,
    )


def _detail(catalogue: Catalogue, value: Callable[[str], str]) -> Link:
    """The detail of what was clicked. *value*: how the value of its label is had."""
    chosen = {"service": value(names.SERVICE), "slo": value(names.SLO)}
    return links.dashboard(
        names.SLO_DASHBOARD, "SLO detail", chosen, kept=("datasource", *slo_series.labels(catalogue))
    )


def _burning(catalogue: Catalogue, within: str) -> tuple[Panel, ...]:
    keys = slo_series.keys(catalogue)
    legend = f"{{{{{names.SERVICE}}}}} {{{{{names.SLO}}}}}"
    detail = _detail(catalogue, links.label)
    return (
        Panel(
            kind="bar_gauge",
            title="Burning fastest",
            description="Burn rate of the last five minutes. 1 spends the budget in exactly the window; the colours are"
            " the factors that ticket and page. One bar alone: its service; many: what they depend on.",
            unit="suffix:×",
            queries=(
                Query(
                    expression=f"topk({MOST}, max by ({keys}) ({names.CURRENT_BURN_RATE}{{{within}}}))",
                    legend=legend,
                    instant=True,
                ),
            ),
            limits=burn_limits(catalogue),
            lowest=0,
            width=8,
            height=10,
            links=(detail,),
        ),
        Panel(
            kind="state_timeline",
            title="Alerts of SLOs",
            description="When each page and ticket fired. Several services at the same moment: look for the one that"
            " began, and for a deploy before it.",
            unit="short",
            queries=(
                Query(
                    expression=f"max by ({names.SERVICE}, {names.SLO}, {names.SEVERITY})"
                    f' (ALERTS{{alertstate="firing",{within}}})',
                    legend=f"{{{{{names.SEVERITY}}}}} {legend}",
                ),
            ),
            base=RED,
            no_value="Nothing fired",
            width=16,
            height=10,
            links=(detail,),
        ),
    )


def _course(catalogue: Catalogue, within: str) -> tuple[Panel, ...]:
    keys = slo_series.keys(catalogue)
    legend = f"{{{{{names.SERVICE}}}}} {{{{{names.SLO}}}}}"
    # The same SLOs over the whole range: those that stand worst at its end.
    burn = f"max by ({keys}) ({names.CURRENT_BURN_RATE}{{{within}}})"
    left = f"max by ({keys}) ({names.BUDGET_REMAINING}{{{within}}})"
    return (
        Panel(
            kind="timeseries",
            title="Burn rate of those that burn fastest",
            description="A step is an outage or a deploy; a slope is something that fills up. Beyond the lines alerts"
            " fire, once their longer window agrees.",
            unit="suffix:×",
            queries=(
                Query(
                    expression=f"{burn} and on ({keys}) topk({MOST}, max by ({keys})"
                    f" ({names.CURRENT_BURN_RATE}{{{within}}} @ end()))",
                    legend=legend,
                ),
            ),
            limits=burn_limits(catalogue),
            lowest=0,
            width=12,
        ),
        Panel(
            kind="timeseries",
            title="Budget left, the least first",
            description="Share of the window's budget that is left. It comes back as old failures leave the window;"
            " a line that only falls will reach 0: plan work on that service before it does.",
            unit="percentunit",
            queries=(
                Query(
                    expression=f"{left} and on ({keys}) bottomk({MOST}, max by ({keys})"
                    f" ({names.BUDGET_REMAINING}{{{within}}} @ end()))",
                    legend=legend,
                ),
            ),
            base=RED,
            limits=LEFT,
            highest=1,
            width=12,
        ),
    )
