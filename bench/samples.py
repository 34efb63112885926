"""What evaluating the rules costs a real Prometheus each hour: samples read and seconds, ours beside sloth's.

Every rule is asked as an instant query at the end of prepared data: raw counters at 15 s scrapes for as long as
the longest raw window (sloth's 3d), and each record for as long as some rule reads it, at its own interval.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import series, traffic
from bench.engines import METRIC, Engines, both, spec
from bench.errors import ProgramFailed
from bench.grid import Grid
from bench.live import Live, prometheus
from bench.plan import Plan
from bench.simulation import key, ranges_read, run
from bench.table import Row
from bench.traffic import DAY
from slo.rule import Alert, Group, Record

SIZES = (10, 100, 1000)
SCRAPE_SECONDS = 15
ROUNDS = 3
HISTORY_DAYS = 31
LOOKBACK_SECONDS = 600
AT_SECONDS = series.END_SECONDS - 120
"""The moment of evaluation: a whole multiple of every interval, just inside the last block."""


def measure(plan: Plan) -> Iterator[Row]:
    """`samples_N` and `eval_time_N` for N raw series."""
    for size in SIZES[:2] if plan.quick else SIZES:
        with tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as name:
            plan.say(f"{size} raw series: preparing {HISTORY_DAYS} days of data")
            engines = _engines(size)
            data = series.blocks(_lines(size, engines), Path(name))
            plan.say(f"{size} raw series: evaluating every rule {ROUNDS} times")
            with prometheus(data) as live:
                yield from _rows(size, engines, live)


def _engines(size: int) -> Engines:
    """Both engines' rules for the same query, under two services so that their records stay apart."""
    ours, sloth = (both(spec(f"{side}-{size}")) for side in ("native", "sloth"))
    return Engines(ours.ours, sloth.sloth)


# --- data -------------------------------------------------------------------------------------------------------


def _lines(size: int, engines: Engines) -> Iterator[str]:
    """Every sample of the scenario as OpenMetrics text."""
    longest = max(_histories(engines).get(METRIC, 0), LOOKBACK_SECONDS)
    count = longest // SCRAPE_SECONDS + 2
    raw = Grid((AT_SECONDS - (count - 1) * SCRAPE_SECONDS - 4) * 1000, SCRAPE_SECONDS * 1000, count)
    for number in range(size):
        code, per_scrape = ("500", 1) if number % 2 else ("200", 1500)
        name = f'{METRIC}{{job="{traffic.JOB}",instance="{number // 2:04}",code="{code}"}}'
        yield from series.counter(name, raw, per_scrape)
    for _, groups in engines:
        yield from _records(groups)


def _records(groups: tuple[Group, ...]) -> Iterator[str]:
    """What the rules would have recorded, each for as long as it is read."""
    seconds = HISTORY_DAYS * DAY
    grid = traffic.scrapes(seconds, SCRAPE_SECONDS, phase=11.0)
    times = grid.times / 1000
    found = traffic.database(grid, 100.0 * times, 0.0005 * 100.0 * times, METRIC)
    records = {key(rule): rule for group in groups for rule in group.rules if isinstance(rule, Record)}
    run(groups, found, seconds, records)
    histories = _histories(Engines(groups, ()))
    for name, rule in records.items():
        (recorded,) = found.series[name]
        keep = max(histories.get(name, 0), LOOKBACK_SECONDS)
        labels = ",".join(f'{label}="{value}"' for label, value in rule.labels)
        yield from series.recorded(f"{name}{{{labels}}}", recorded.last(keep), AT_SECONDS - seconds)


def _histories(engines: Engines) -> dict[str, int]:
    """How far back the rules read each metric, in seconds."""
    reach: dict[str, int] = {}
    for _, groups in engines:
        for group in groups:
            for rule in group.rules:
                for name, seconds in ranges_read(rule.expr):
                    reach[name] = max(reach.get(name, 0), seconds)
    return reach


# --- evaluation -------------------------------------------------------------------------------------------------


def _rows(size: int, engines: Engines, live: Live) -> Iterator[Row]:
    rounds = [(_hourly(engines.ours, live), _hourly(engines.sloth, live)) for _ in range(ROUNDS)]
    (ours, _), (sloth, _) = rounds[0]
    yield Row(name=f"samples_{size}", unit="samples/h", ours=ours, peer=sloth)
    ours_time, sloth_time = (statistics.median(done[side][1] for done in rounds) for side in (0, 1))
    yield Row(name=f"eval_time_{size}", unit="s/h", ours=ours_time, peer=sloth_time)


def _hourly(groups: tuple[Group, ...], live: Live) -> tuple[float, float]:
    """Samples and seconds that one hour of evaluating *groups* takes.

    Raises:  ProgramFailed: a record gives nothing, so that the data is not what the rules expect.
    """
    samples = seconds = 0.0
    for group in groups:
        runs = 3600 / group.interval_seconds
        for rule in group.rules:
            done = live.evaluate(rule.expr, AT_SECONDS)
            if not done.series and not isinstance(rule, Alert):
                raise ProgramFailed(f"{rule.name} gave nothing over the prepared data: {rule.expr}")
            samples += runs * done.samples
            seconds += runs * done.seconds
    return samples, seconds
