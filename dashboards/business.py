"""Business Metrics: every KPI against what is usual, the buyer's way, money, and what must never happen."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards import alert_panels, links, shop_series, units
from dashboards.model import ORANGE, Dashboard, Limit, Panel, Query, Row
from dashboards.red import USER
from dashboards.shop_series import RATE, WHERE
from dashboards.slo_overview import TAG
from slo import conventions as names
from slo import kpi_rules, promql
from slo.catalogue import Catalogue
from slo.model import Kpi

UID = "tw-business"
_TRAFFIC = "request-rate"
"""The KPI that every service has, and that its own page shows."""


def build(catalogue: Catalogue) -> Dashboard:
    """The page of the business."""
    return Dashboard(
        uid=UID,
        title="Business Metrics",
        description="What the shop sells, against what is usual at this hour; money and stock that must add up.",
        rows=tuple(_rows(catalogue)),
        variables=shop_series.places("shop_orders_total")
        if catalogue.alert_files
        else shop_series.places(names.KPI_VALUE, ("cluster",)),
        annotations=shop_series.drawn(catalogue) if catalogue.alert_files else (),
        tags=(TAG, "business"),
        since="now-12h",
    )


def _rows(catalogue: Catalogue) -> Iterator[Row]:
    kpis = [kpi for spec in catalogue.specs for kpi in spec.kpis if kpi.name != _TRAFFIC or not catalogue.alert_files]
    # What somebody is told of comes first.
    told = tuple(_kpi(catalogue, kpi) for kpi in kpis if kpi.alert is not None)
    rest = tuple(_kpi(catalogue, kpi) for kpi in kpis if kpi.alert is None)
    if told:
        yield Row(title="Is the shop selling?", panels=told)
    if catalogue.alert_files:
        yield Row(title="What must not happen", panels=alert_panels.of_dashboard(catalogue, UID))
        yield Row(title="The buyer's way", panels=_buying())
        yield Row(title="Payments and stock", panels=_paying())
    if rest:
        yield Row(title="More numbers", panels=rest)


def _kpi(catalogue: Catalogue, kpi: Kpi) -> Panel:
    """Its value, what is usual, and from where on somebody is told."""
    value, baseline = (_series(kpi, record) for record in (names.KPI_VALUE, names.KPI_BASELINE))
    queries = [Query(expression=value, legend="now"), Query(expression=baseline, legend="usual at this hour")]
    limits: list[Limit] = []
    followed: tuple[str, ...] = ()
    base = "green"
    if kpi.alert is not None:
        followed = names.kpi_alerts(kpi.alert.name, kpi.alert.deviation is not None, kpi.alert.limited)
        colour = alert_panels.COLOURS[kpi.alert.severity]
        if kpi.alert.deviation is not None:
            sign = -1 if kpi.better == "higher" else 1
            told = promql.number(1 + sign * kpi.alert.deviation)
            queries.append(Query(expression=f"{told} * {baseline}", legend="told from here"))
        if kpi.alert.below is not None:
            base = colour
            limits.append(Limit(value=kpi.alert.below, colour="green"))
        if kpi.alert.above is not None:
            limits.append(Limit(value=kpi.alert.above, colour=colour))
    return Panel(
        kind="timeseries",
        title=kpi.title,
        description=_description(kpi, followed),
        unit=units.grafana(kpi.unit),
        queries=tuple(queries),
        base=base,
        limits=tuple(limits),
        links=tuple(link for alert in followed for link in links.runbook(catalogue, alert)),
    )


def _series(kpi: Kpi, record: str) -> str:
    """The series of *kpi* in *record*, of the clusters that are chosen."""
    return kpi_rules.selector(kpi, record).replace("{", '{cluster=~"$cluster", ', 1)


def _description(kpi: Kpi, followed: tuple[str, ...]) -> str:
    meant = (
        f"{kpi.title}, of {kpi.service}; {kpi.better} is better. Usual is the median of the last weeks at this hour."
    )
    if kpi.alert is None:
        return f"{meant} Nobody is told of it: where it departs from what is usual, ask {kpi.team or kpi.service}."
    return f"{meant}\n\n{kpi.alert.description}\n\n{' and '.join(followed)} tell of it: follow the runbook."


def _buying() -> tuple[Panel, ...]:
    orders = f'job="orders",{USER},{WHERE}'
    return (
        Panel(
            kind="bar_gauge",
            title="The funnel",
            description="Steps a minute, over five minutes, from carts to orders. The step after which much is lost is"
            " where to look: reserved for stock, payment for the gateway.",
            unit="suffix: /min",
            queries=(
                Query(
                    expression=f"60 * sum by (step) (rate(shop_funnel_total{{{orders}}}[5m]))",
                    legend="{{step}}",
                    instant=True,
                ),
            ),
            lowest=0,
        ),
        Panel(
            kind="timeseries",
            title="Checkouts by outcome",
            description="What checkouts were answered with. Declines and out of stock are the customer's or the"
            " shelf's; unknown, unavailable and error are ours: see the pages of orders and payments.",
            unit="suffix: /min",
            queries=(
                Query(
                    expression=f"60 * sum by (outcome) (rate(shop_checkout_duration_seconds_count{{{orders}}}{RATE}))",
                    legend="{{outcome}}",
                ),
            ),
            stacked=True,
            lowest=0,
        ),
        Panel(
            kind="timeseries",
            title="Time of a checkout",
            description="Half and 95 % of checkouts are answered within this time. Shoppers give up after five"
            " seconds: look at the calls of orders to payments and inventory.",
            unit="s",
            queries=tuple(
                Query(
                    expression=f"histogram_quantile({quantile}, sum by (le)"
                    f" (rate(shop_checkout_duration_seconds_bucket{{{orders}}}{RATE})))",
                    legend=name,
                    exemplars=quantile == "0.5",  # Grafana asks for them with the first query alone
                )
                for quantile, name in (("0.5", "p50"), ("0.95", "p95"))
            ),
            lowest=0,
        ),
    )


def _paying() -> tuple[Panel, ...]:
    return (
        Panel(
            kind="timeseries",
            title="Payments by outcome",
            description="What the gateway answered to authorisations. More declines of one code: the banks or the"
            " gateway; none at all: no orders come so far.",
            unit="suffix: /min",
            queries=(
                Query(
                    expression="60 * sum by (outcome) (rate("
                    f'shop_payments_total{{job="payments",operation="authorise",{USER},{WHERE}}}{RATE}))',
                    legend="{{outcome}}",
                ),
            ),
            stacked=True,
            lowest=0,
        ),
        Panel(
            kind="timeseries",
            title="Revenue by currency",
            description="Totals of confirmed orders, a minute, in units of the currency. A step without a step of"
            " orders: a price or a discount is wrong.",
            unit="suffix: /min",
            queries=(
                Query(
                    expression="60 / 100 * sum by (currency) (rate("
                    f'shop_revenue_minor_units_total{{job="orders",{USER},{WHERE}}}{RATE}))',
                    legend="{{currency}}",
                ),
            ),
            lowest=0,
        ),
        Panel(
            kind="timeseries",
            title="Payments without an answer",
            description="Orders whose payment nobody knows yet. They resolve within five minutes; a number that grows:"
            " the worker of orders, or the gateway.",
            unit="short",
            queries=(Query(expression=f'max(shop_payment_unknown_count{{job="orders",{WHERE}}})', legend="waiting"),),
            lowest=0,
            decimals=0,
        ),
        Panel(
            kind="timeseries",
            title="Reservations by outcome",
            description="What the inventory answered. Out of stock rises: reorder; conflict: the same order twice.",
            unit="suffix: /min",
            queries=(
                Query(
                    expression="60 * sum by (outcome) (rate("
                    f'shop_reservations_total{{job="inventory",{USER},{WHERE}}}{RATE}))',
                    legend="{{outcome}}",
                ),
            ),
            lowest=0,
        ),
        Panel(
            kind="bar_gauge",
            title="Products that are sold out, by family",
            description="Products of which none can be bought. Shoppers leave where it is long: tell purchasing.",
            unit="short",
            queries=(
                Query(
                    expression=f'max by (family) (shop_stock_sold_out_products{{job="inventory",{WHERE}}})',
                    legend="{{family}}",
                    instant=True,
                ),
            ),
            limits=(Limit(value=1, colour=ORANGE),),
            lowest=0,
            decimals=0,
        ),
    )
