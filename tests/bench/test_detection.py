"""How soon a fault pages, in every phase of the clocks."""

import pytest

from bench.detection import CASES, Case, both_sides, minutes
from bench.engines import both, spec
from tools.install import find

pytestmark = pytest.mark.skipif(not find("sloth"), reason="run tools/install.py install sloth")


@pytest.fixture(scope="module")
def engines():
    """Both engines' rules."""
    return both(spec())


@pytest.mark.parametrize("case", [case for case in CASES if case.bounded], ids=lambda case: case.name)
def test_a_full_outage_pages_no_later_than_with_sloth(engines, case):
    """By at most one evaluation of 30 s, in each phase, at 15 s and where measured at 60 s scrapes."""
    for scrape_seconds in case.scrapes:
        ours, sloth = both_sides(case, engines, scrape_seconds)
        assert (ours - sloth).max() <= 0.5


def test_a_fault_that_does_not_page_is_an_error(engines):
    """A figure is never made up: half the budget's burn has no time of detection."""
    case = Case(name="calm", per_second=100, share=0.0005, seconds=600)
    with pytest.raises(ValueError, match="no page"):
        minutes(case, engines.ours, phase=0)
