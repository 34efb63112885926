"""User Experience: what shoppers' browsers measured and probes found, and whether answers come in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dashboards import journey_panels, journeys, links, red, shop_series
from dashboards.model import GREEN, RED, YELLOW, Dashboard, Limit, Panel, Query, Row
from dashboards.shop_series import RATE, WHERE
from dashboards.slo_overview import TAG
from slo import conventions as names
from slo.catalogue import Catalogue

UID = "tw-user-experience"
# Seconds, for CLS a score: good up to the first, poor from the second. Source: https://web.dev/articles/vitals
_VITALS = (
    ("LCP", "Largest contentful paint", 2.5, 4.0, "the largest picture or text is there", "images, or a slow page"),
    ("INP", "Interaction to next paint", 0.2, 0.5, "a click has an effect", "scripts that are busy"),
    ("FCP", "First contentful paint", 1.8, 3.0, "anything is there", "the server, styles and fonts"),
    ("TTFB", "Time to first byte", 0.8, 1.8, "the first byte comes", "the storefront and what it calls"),
)
_SHIFT_GOOD, _SHIFT_POOR = 0.1, 0.25
# Journeys by their names in slo/specs/journeys.yaml.
_BUYING, _CHANGING = "buy", "freshness"


def build(catalogue: Catalogue) -> Dashboard:
    """The page of what shoppers feel."""
    return Dashboard(
        uid=UID,
        title="User Experience",
        description="What shoppers' browsers measured, what probes found, and whether answers come in time.",
        rows=tuple(_rows(catalogue)),
        variables=shop_series.places(),
        annotations=shop_series.drawn(catalogue),
        tags=(TAG, "user-experience"),
        since="now-12h",
    )


def _rows(catalogue: Catalogue) -> Iterator[Row]:
    yield Row(title="Is the shop fast enough?", panels=(*_in_time(), *_failures()))
    probed = _probed(catalogue)
    if probed:
        yield Row(title="What probes found, at night as well", panels=probed)
    yield Row(title="What browsers measured (75 % of visits are better)", panels=tuple(_vitals()))
    yield Row(title="Which page, which endpoint", panels=_places())


def _probed(catalogue: Catalogue) -> tuple[Panel, ...]:
    """What probes find on the ways that shoppers take; nothing where no promise is about one."""
    walked = {slo.journey for slo in journeys.judged(catalogue)}
    if not walked:
        return ()
    page = links.dashboard(
        journeys.UID,
        "Journeys",
        {"journey": links.label("journey")},
        kept=("datasource", *shop_series.PLACES),
    )
    found = [replace(journey_panels.shares(), links=(page,))]
    if _BUYING in walked:
        steps = f'journey="{_BUYING}",{journey_panels.JOB}'
        found.append(journey_panels.slow_steps("p95 of the steps to an order", steps, legend="{{step}}"))
    if _CHANGING in walked:
        found.append(journey_panels.freshness())
    return tuple(replace(each, width=8, height=9) for each in found)


def _in_time() -> tuple[Panel, ...]:
    """Shares under the latency target, from the promises' own records."""
    chosen = f'{names.SLO}=~".*latency.*",cluster=~"$cluster"'
    keys = f"{names.SERVICE}, {names.SLO}"
    detail = links.dashboard(
        names.SLO_DASHBOARD, "SLO detail", {"service": links.label(names.SERVICE), "slo": links.label(names.SLO)}
    )
    return (
        Panel(
            kind="timeseries",
            title="Answers within the promised time",
            description="Share of answers that come within what each latency promise says, over five minutes. A line"
            " that dips: click it for that promise.",
            unit="percentunit",
            queries=(
                Query(
                    expression=f"1 - max by ({keys}) ({names.sli_ratio('5m')}{{{chosen}}})",
                    legend=f"{{{{{names.SERVICE}}}}} {{{{{names.SLO}}}}}",
                ),
            ),
            highest=1,
            links=(detail,),
            width=12,
        ),
    )


def _failures() -> tuple[Panel, ...]:
    errors = f"sum by (page) (rate(rum_js_errors_total{{{WHERE}}}{RATE}))"
    return (
        Panel(
            kind="timeseries",
            title="Errors of scripts, by page",
            description="Errors that browsers report, a minute. A step at a deploy of the storefront: roll it back."
            " One page alone: what is new on it.",
            unit="suffix: /min",
            queries=(Query(expression=f"60 * {errors}", legend="{{page}}"),),
            lowest=0,
            width=12,
        ),
    )


def _vitals() -> list[Panel]:
    found = [
        _vital(
            f"{words} ({vital})",
            f'rum_web_vital_seconds_bucket{{vital="{vital}",{WHERE}}}',
            f"Until {meant}. Good up to {good:g} s, poor from {poor:g} s. Where it rises, look at {cause}.",
            "s",
            (good, poor),
        )
        for vital, words, good, poor, meant, cause in _VITALS
    ]
    found.append(
        _vital(
            "Cumulative layout shift (CLS)",
            f"rum_cumulative_layout_shift_bucket{{{WHERE}}}",
            "How much the page jumps while it loads, a score. Good up to 0.1, poor from 0.25. Where it rises: images"
            " without a size, or something that is put in above.",
            "short",
            (_SHIFT_GOOD, _SHIFT_POOR),
        )
    )
    return found


def _vital(title: str, buckets: str, description: str, unit: str, bounds: tuple[float, float]) -> Panel:
    good, poor = bounds
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        unit=unit,
        queries=(
            Query(expression=f"histogram_quantile(0.75, sum by (page, le) (rate({buckets}{RATE})))", legend="{{page}}"),
        ),
        base=GREEN,
        limits=(Limit(value=good, colour=YELLOW), Limit(value=poor, colour=RED)),
        lowest=0,
        width=8,
    )


def _places() -> tuple[Panel, ...]:
    doors = shop_series.of_service("storefront")
    every = shop_series.Jobs(servers=WHERE, all=WHERE)
    return (
        Panel(
            kind="timeseries",
            title="Pages that were shown",
            description="Views a minute of users, by page. A page that is shown less while the one before it is not: a"
            " link or a button between them is broken.",
            unit="suffix: /min",
            queries=(
                Query(
                    expression=f"60 * sum by (page) (rate(shop_page_views_total{{{red.USER},{WHERE}}}{RATE}))",
                    legend="{{page}}",
                ),
            ),
            lowest=0,
        ),
        red.durations_by(doors, "http_route"),
        red.durations_by(every, "job"),
        red.routes(every),
    )
