"""What probes count, as panels: how visits end, how long their steps take, and whether the probes themselves work."""

from __future__ import annotations

import re

from dashboards.model import BLUE, GREEN, LOKI, RED, YELLOW, Column, Limit, Meaning, Panel, Query
from dashboards.recorded import RATE, read, with_exemplars
from dashboards.red import share
from dashboards.shop_series import RATE as RAW_RATE
from dashboards.shop_series import WHERE

PROBES = "journeys"
"""The probes' job, and what their logs are called."""
JOB = f'job="{PROBES}",{WHERE}'
CHOSEN = f'journey=~"$journey",{JOB}'
ATTEMPTS = "journey_attempts_total"
LAST = "journey_last_attempt_timestamp_seconds"
BAD = "slow|failed"
MOST_STEPS = 12
_SELECTOR = re.compile(r"\{[^{}]*\}")


def walked(chosen: str = JOB) -> str:
    """Visits a second of each journey, however they end."""
    return read(f"sum by (journey) (rate({ATTEMPTS}{{{chosen}}}{RATE}))")


def ended(outcomes: str, chosen: str = JOB) -> str:
    """Visits a second of each journey that end in one of these *outcomes*."""
    return read(f'sum by (journey) (rate({ATTEMPTS}{{{chosen},outcome=~"{outcomes}"}}{RATE}))')


def passed(chosen: str = JOB) -> str:
    """The share of each journey's visits that passed; nothing where none ended."""
    return f"1 - {share(ended(BAD, chosen), walked(chosen))}"


# --- visits -----------------------------------------------------------------------------------------------------


def states() -> Panel:
    """How visits of each journey ended, from when to when."""
    worst = f"clamp_max(2 * ({ended('failed')} > bool 0) + ({ended('slow')} > bool 0), 2)"
    return Panel(
        kind="state_timeline",
        title="Each journey, over time",
        description="When some visit of the last five minutes was slow or failed, or none ended. Several at the same"
        " moment: look for what they share, and for a deploy before it; a gap is a time without probes.",
        unit="short",
        queries=(
            Query(
                expression=f"{worst} and {walked()} > 0 or 3 * group by (journey) ({LAST}{{{JOB}}})",
                legend="{{journey}}",
            ),
        ),
        meanings=(
            Meaning(value=0, text="passed", colour=GREEN),
            Meaning(value=1, text="slow", colour=YELLOW),
            Meaning(value=2, text="failed", colour=RED),
            Meaning(value=3, text="not walked", colour=BLUE),
        ),
        width=10,
        height=11,
    )


def visits() -> tuple[Panel, ...]:
    """Visits by how they end, and those that did not pass by journey."""
    by_outcome = read(f"sum by (outcome) (rate({ATTEMPTS}{{{CHOSEN}}}{RATE}))")
    bad = read(f'sum by (journey, outcome) (rate({ATTEMPTS}{{{CHOSEN},outcome=~"{BAD}"}}{RATE}))')
    return (
        Panel(
            kind="timeseries",
            title="Visits by outcome",
            description="Visits a minute of the chosen journeys. Fewer than one of each: the probes hang or are gone."
            " Slow alone: the shop is up, and too slow for its promises.",
            unit="suffix: /min",
            queries=(Query(expression=f"60 * {by_outcome}", legend="{{outcome}}"),),
            stacked=True,
            lowest=0,
        ),
        Panel(
            kind="timeseries",
            title="Visits that did not pass",
            description="Visits a minute that were slow or failed, by journey. One line: a service that this way alone"
            " asks; all that buy: the checkout or what it calls. The logs below name the step.",
            unit="suffix: /min",
            queries=(Query(expression=f"60 * {bad}", legend="{{journey}} {{outcome}}"),),
            lowest=0,
        ),
    )


def shares(chosen: str = JOB) -> Panel:
    """The share of each journey's visits that passed."""
    return Panel(
        kind="timeseries",
        title="Visits of probes that passed",
        description="Share of the probes' visits of the last five minutes that were right and in time, by journey; at"
        " night, too. A line that dips while browsers complain of nothing: few shoppers, or a way that few take.",
        unit="percentunit",
        queries=(Query(expression=passed(chosen), legend="{{journey}}"),),
        lowest=0,
        highest=1,
    )


# --- times ------------------------------------------------------------------------------------------------------


def slow_steps(title: str, chosen: str, *, legend: str = "{{journey}}: {{step}}") -> Panel:
    """95 % of the requests of each step: the same lines over the whole range, those that are slowest at its end."""
    raw = f"journey_step_duration_seconds_bucket{{{chosen}}}"
    now = f"histogram_quantile(0.95, {read(f'sum by (journey, step, le) (rate({raw}{RATE}))')})"
    at_end = _SELECTOR.sub(r"\g<0> @ end()", now)
    slowest = f"{now} and on (journey, step) topk({MOST_STEPS}, {at_end})"
    return Panel(
        kind="timeseries",
        title=title,
        description="95 % of the step's requests end within this time; of one visit a minute, that is the slowest of"
        " five. The same step slow in several journeys: the service that it asks. The points are single requests:"
        " click one for its trace.",
        unit="s",
        queries=(Query(expression=with_exemplars(slowest, raw), legend=legend, exemplars=True),),
        lowest=0,
        width=12,
        height=10,
    )


def every_step() -> Panel:
    """Each step of each journey, as a table."""
    inside = read(f"sum by (journey, step, le) (rate(journey_step_duration_seconds_bucket{{{CHOSEN}}}{RATE}))")
    # A step that nobody took, such as a registration, has no time.
    times = [f"histogram_quantile({quantile}, {inside}) >= 0" for quantile in ("0.95", "0.5")]
    return Panel(
        kind="table",
        title="Every step, the slowest first",
        description="How long the requests of each step took over the last five minutes. Steps of one service slow in"
        " every journey: that service; one step alone: its route, or what it alone calls.",
        unit="short",
        queries=tuple(Query(expression=each, instant=True) for each in times),
        columns=(
            Column(source="journey", title="Journey"),
            Column(source="step", title="Step"),
            Column(source="A", title="p95", unit="s", decimals=1),
            Column(source="B", title="p50", unit="s", decimals=1),
        ),
        sort_by="p95",
        descending=True,
        width=12,
        height=10,
    )


def freshness() -> Panel:
    """How long after its change a price is seen."""
    inside = read(f"sum by (le) (rate(journey_freshness_seconds_bucket{{{JOB}}}{RATE}))")
    return Panel(
        kind="timeseries",
        title="A new price is seen after",
        description="Time from a change of a price until a reader is shown it, as the probes measure it. It rises: a"
        " cache that is not told of changes, or the events between catalog and those who keep its prices.",
        unit="s",
        queries=tuple(
            Query(expression=f"histogram_quantile({quantile}, {inside})", legend=name)
            for quantile, name in (("0.5", "p50"), ("0.95", "p95"))
        ),
        lowest=0,
    )


# --- the probes themselves --------------------------------------------------------------------------------------


def leavings() -> tuple[Panel, ...]:
    """What visits left behind, and turns at which none began."""
    failed = f'sum by (journey) (rate(journey_clean_ups_total{{{JOB},outcome="failed"}}{RAW_RATE}))'
    skipped = f"sum by (journey) (rate(journey_attempts_skipped_total{{{JOB}}}{RAW_RATE}))"
    return (
        Panel(
            kind="timeseries",
            title="Clean-ups that failed",
            description="Visits a minute whose orders were not cancelled. The next visit tries again: only what lasts"
            " piles up, until nothing is left for the probes to buy.",
            unit="suffix: /min",
            queries=(Query(expression=f"60 * {failed}", legend="{{journey}}"),),
            lowest=0,
            width=6,
            height=7,
        ),
        Panel(
            kind="timeseries",
            title="Visits skipped",
            description="Turns a minute at which the visit before was still under way. With failures: the shop hangs,"
            " see the steps; without: the probes' machine is too busy.",
            unit="suffix: /min",
            queries=(Query(expression=f"60 * {skipped}", legend="{{journey}}"),),
            lowest=0,
            width=6,
            height=7,
        ),
    )


def process() -> tuple[Panel, ...]:
    """What the probes need of their machine."""
    return (
        Panel(
            kind="timeseries",
            title="Memory of the probes",
            description="Memory that each prober holds. A line that only rises is a leak: start the prober anew, then"
            " look at what changed in it.",
            unit="bytes",
            queries=(Query(expression=f"process_resident_memory_bytes{{{JOB}}}", legend="{{instance}}"),),
            lowest=0,
            width=12,
            height=6,
        ),
        Panel(
            kind="timeseries",
            title="CPU of the probes",
            description="CPU that each prober uses; 1 is all that it can. Near it, the prober is slow and not the shop:"
            " what it measures is no longer to be trusted.",
            unit="percentunit",
            queries=(Query(expression=f"rate(process_cpu_seconds_total{{{JOB}}}{RATE})", legend="{{instance}}"),),
            lowest=0,
            limits=(Limit(value=0.8, colour=YELLOW),),
            width=12,
            height=6,
        ),
    )


def failures() -> Panel:
    """The probes' own lines: one of each visit that did not pass, or left something behind."""
    return Panel(
        kind="logs",
        title="Visits that did not pass",
        description="A line of each, with the step, the error and the trace_id; open it, and follow that to the trace."
        " None, although visits fail: the lines do not get to Loki, see logs/journeys.log where the probes run.",
        unit="short",
        queries=(Query(expression=f'{{service="{PROBES}"}} | json | journey=~"$journey"', source=LOKI),),
        width=16,
        height=10,
    )
