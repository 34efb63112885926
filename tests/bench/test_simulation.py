"""The simulator against promtool: the same rules over the same counters give the same records and firings."""

from dataclasses import replace

import numpy as np
import pytest

from bench import false_pages, traffic
from bench.engines import ALERT, METRIC, PAGE, TICKET, both, spec
from bench.evaluator import Database
from bench.grid import Grid, Series
from bench.promtool import disagreement, firings, sampled
from bench.simulation import key, needs, ranges_read, run, starts
from bench.traffic import Fault
from slo.rule import Record
from tools.install import find

HOUR = 3600
needs_tools = pytest.mark.skipif(
    not (find("sloth") and find("promtool3")), reason="run tools/install.py install sloth promtool3"
)

# Months of 60 requests/h by seed, chosen for their pages and near-pages: in each of them three failures lie close
# together. Multiples of 15 are scraped on the full minute, as promtool does.
MONTHS = (45, 585, 870, 1140, 1275)


@pytest.fixture(scope="module")
def engines():
    """Both engines' rules."""
    return both(spec())


def busy_service(length):
    """Steady traffic with a short outage, an hour of 3 % errors and a quarter of an hour without any traffic."""
    grid = traffic.scrapes(length, 60)
    times = grid.times / 1000
    idle = np.clip(times, 3.5 * HOUR, 3.75 * HOUR) - 3.5 * HOUR

    def count(at):
        return 20 * np.asarray(at)

    faults = (
        Fault(start=HOUR, end=HOUR + 200, share=1.0),
        Fault(start=2 * HOUR, end=3 * HOUR, share=0.03),
    )
    failed = traffic.failed_events(count, times, 0.0004, faults)
    return traffic.database(grid, np.floor(count(times - idle)), np.floor(failed), METRIC)


@needs_tools
@pytest.mark.parametrize("side", ["ours", "sloth"])
@pytest.mark.parametrize(("tool", "left_open"), [("promtool3", True), ("promtool", False)])
def test_every_record_and_alert_agrees_with_promtool(engines, side, tool, left_open):
    """All records of both engines agree to nine digits, and alerts fire at the same evaluations, in 3.16 and 2.42."""
    if tool == "promtool" and find(tool) == find("promtool3"):
        pytest.skip("one promtool alone is here")
    # promtool knows one interval, and 10,000 samples a query: a minute, and five hours.
    groups = tuple(replace(group, interval_seconds=60) for group in getattr(engines, side))
    found = busy_service(5 * HOUR)
    found.left_open = left_open
    records = [key(rule) for group in groups for rule in group.rules if isinstance(rule, Record)]
    wanted = (*records, PAGE, TICKET)
    run(groups, found, 5 * HOUR, wanted)
    rng = np.random.default_rng(1)
    questions = [question for name in records for question in sampled(found.series[name][0], name, 8, rng)]
    for alert, severity in ((PAGE, "page"), (TICKET, "ticket")):
        assert starts(found.series[alert][0].present), "nothing fires: the scenario proves little"
        questions += firings(found.series[alert][0], ALERT, severity, rng)
    assert disagreement(groups, found, (METRIC,), wanted, questions, tool) == ""


@needs_tools
def test_promtool_would_notice_a_difference(engines):
    """A value that is off by a millionth, or a firing more, is told."""
    found = busy_service(2 * HOUR)
    run(engines.ours, found, 2 * HOUR, (PAGE,))
    name = "slo:sli_error:ratio_rate1h"
    record, page = found.series[name][0], found.series[PAGE][0]
    rng = np.random.default_rng(1)
    off = Series(record.grid, record.values * (1 + 1e-6), record.present)
    assert "FAILED" in disagreement(engines.ours, found, (METRIC,), (PAGE,), sampled(off, name, 5, rng), "promtool3")
    more = page.present.copy()
    more[np.flatnonzero(~more)[0]] = True
    questions = firings(Series(page.grid, page.values, more), ALERT, "page", rng)
    assert "FAILED" in disagreement(engines.ours, found, (METRIC,), (PAGE,), questions, "promtool3")


def cut(found, start, end):
    """The counters of *found* between two times in seconds, as if they had begun to be scraped at the first."""
    part = Database()
    for series in found.series[METRIC]:
        first, last = (int(series.grid.before(np.int64(at * 1000))) for at in (start, end))
        grid = Grid(0, series.grid.step, last - first)
        part.add(METRIC, Series.full(grid, series.values[first:last], series.labels))
    return part


def crowded(found):
    """(start, end) in whole minutes, as seconds: each three failures within a window of the page, and one before."""
    failed = found.series[METRIC][1]
    times = failed.grid.times[1:][np.diff(failed.values) > 0] // 1000
    stretches = []
    for first, third in zip(times[:-2].tolist(), times[2:].tolist(), strict=True):
        if third - first > 6.2 * HOUR:
            continue
        start, end = max(0, first // 60 * 60 - 390 * 60), third // 60 * 60 + HOUR
        if stretches and start < stretches[-1][1]:
            start = stretches.pop()[0]
        stretches.append((start, end))
    return stretches


@needs_tools
@pytest.mark.parametrize("seed", MONTHS)
def test_five_months_agree_with_promtool(engines, seed):
    """Wherever failures lie close enough for a page, promtool pages at the evaluations that were simulated."""
    found = false_pages.month(seed, 60)
    run(engines.ours, found, false_pages.DAYS * traffic.DAY, (PAGE,))
    pages = starts(found.series[PAGE][0].present)
    rng = np.random.default_rng(seed)
    paged = 0
    for start, end in crowded(found):
        part = cut(found, start, end)
        run(engines.ours, part, end - start, (PAGE,))
        page = part.series[PAGE][0]
        paged += starts(page.present)
        questions = firings(page, ALERT, "page", rng)
        assert disagreement(engines.ours, part, (METRIC,), (PAGE,), questions) == ""
    assert paged == pages, "a page stands outside the stretches that promtool has seen"


@needs_tools
def test_the_five_months_hold_pages_and_silence(engines):
    """Agreement on months of silence alone would prove little."""
    pages = [false_pages.counts(false_pages.month(seed, 60), engines.ours, (PAGE,))[0] for seed in MONTHS]
    assert sum(pages) >= 2
    assert 0 in pages


@needs_tools
def test_a_month_with_sloth_agrees_with_promtool(engines):
    """Half a day in which sloth pages for single failures: the same firings in promtool."""
    found = false_pages.month(585, 60)
    start, _ = crowded(found)[0]
    part = cut(found, start, start + 8 * HOUR)
    run(engines.sloth, part, 8 * HOUR, (PAGE,))
    page = part.series[PAGE][0]
    assert starts(page.present)
    questions = firings(page, ALERT, "page", np.random.default_rng(1))
    assert disagreement(engines.sloth, part, (METRIC,), (PAGE,), questions) == ""


@needs_tools
@pytest.mark.full
@pytest.mark.parametrize("seed", [MONTHS[0], MONTHS[-1]])  # four minutes of promtool each
def test_whole_months_agree_with_promtool(engines, seed):
    """Every evaluation of a month with a near-page, and of one with a page: the same firings."""
    found = false_pages.month(seed, 60)
    run(engines.ours, found, false_pages.DAYS * traffic.DAY, (PAGE,))
    questions = firings(found.series[PAGE][0], ALERT, "page", np.random.default_rng(seed))
    assert disagreement(engines.ours, found, (METRIC,), (PAGE,), questions) == ""


def test_only_what_is_needed_is_evaluated(engines):
    """The page needs no period and no ticket window."""
    needed = needs(engines.ours, (PAGE,))
    assert "slo:sli_events_bad:rate5m" in needed
    assert not any("30d" in name or "3d" in name for name in needed)


def test_an_unknown_rule_is_an_error(engines):
    """A name that no rule has is told, with the names that there are."""
    with pytest.raises(KeyError, match="slo:sli_error:ratio_rate5m"):
        needs(engines.ours, ("slo:nothing",))


def test_how_far_back_an_expression_reads():
    """Ranges, subqueries and offsets add up."""
    reads = dict(ranges_read("sum_over_time(avg_over_time(a[2m])[1h:1m] offset 5m) + b offset 30m"))
    assert reads == {"a": 2 * 60 + HOUR + 5 * 60, "b": 30 * 60}
