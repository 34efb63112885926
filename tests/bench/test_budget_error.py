"""The shown budget against the events that were really counted."""

import pytest

from bench import budget_error
from bench.budget_error import CASES, mean_error, month
from bench.engines import both, spec
from tools.install import find

pytestmark = pytest.mark.skipif(not find("sloth"), reason="run tools/install.py install sloth")


@pytest.fixture(scope="module")
def engines():
    """Both engines' rules."""
    return both(spec())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("scrape_seconds", budget_error.SCRAPES)
def test_the_budget_is_within_one_per_cent(engines, case, scrape_seconds):
    """30 days of daily traffic with an outage at peak or trough, and of sparse traffic."""
    assert mean_error(case, engines.ours, scrape_seconds) <= 0.01


def test_the_peer_averages_ratios(engines):
    """sloth's period rule shows less than the truth for an outage at peak, more than it at the trough."""
    assert mean_error(CASES[0], engines.sloth, 15) == pytest.approx(0.412, abs=0.01)
    assert mean_error(CASES[1], engines.sloth, 15) == pytest.approx(2.34, abs=0.02)


def test_the_truth_counts_the_outage():
    """Half of an hour's requests at peak, of 30 days at 100 a second, and the base share of all others."""
    _, truth = month(CASES[0], 60)
    hour = 3600 * 100 * (1 + 19 / 21 * 0.997)  # the mean of the sine over the hour around its peak
    total = 100 * 30 * 86_400
    assert truth == pytest.approx((0.5 * hour + 0.0002 * (total - hour)) / total, rel=0.001)
