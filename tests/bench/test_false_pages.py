"""Pages and tickets for nothing, while the SLO is met."""

import numpy as np
import pytest

from bench import false_pages, traffic
from bench.engines import METRIC, PAGE, both, spec
from tools.install import find

pytestmark = pytest.mark.skipif(not find("sloth"), reason="run tools/install.py install sloth")


def test_a_month_is_a_function_of_its_seed():
    """The same seed gives the same counters, another one others."""
    one, again, other = (false_pages.month(seed, 60).series[METRIC][0].values for seed in (15, 15, 30))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_months_have_the_traffic_that_they_should():
    """60 requests an hour, of which one in two thousand fails."""
    total = failed = 0.0
    for seed in range(20):
        good, bad = (series.values[-1] - series.values[0] for series in false_pages.month(seed, 60).series[METRIC])
        total, failed = total + good + bad, failed + bad
    assert total == pytest.approx(20 * false_pages.DAYS * 24 * 60, rel=0.01)
    assert failed / total == pytest.approx(false_pages.SHARE, rel=0.15)


@pytest.mark.parametrize(
    ("months", "most"), [pytest.param(8, 0.13, id="short"), pytest.param(500, 0.1, id="full", marks=pytest.mark.full)]
)
def test_ours_stays_quiet_where_sloth_does_not(months, most):
    """At 60 requests/h ours pages at most once in ten months (once in the eight of the short form), sloth some
    twenty times a month."""
    engines = both(spec())
    pages = {
        side: np.mean([false_pages.counts(false_pages.month(seed, 60), groups, (PAGE,))[0] for seed in range(months)])
        for side, groups in engines
    }
    assert pages["ours"] <= most
    assert 15 < pages["sloth"] < 25


def test_the_warm_up_does_not_count():
    """A failure in the first three days is no page of the month."""
    engines = both(spec())
    grid = traffic.scrapes(false_pages.DAYS * traffic.DAY)
    total = np.floor(grid.times / 60_000)
    failed = np.minimum(np.maximum(total - 2000, 0), 30)  # an outage of half an hour on the second day
    found = traffic.database(grid, total, failed, METRIC)
    assert false_pages.counts(found, engines.ours, (PAGE,)) == [0]
    assert found.series[PAGE][0].present.any()
