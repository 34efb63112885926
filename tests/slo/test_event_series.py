"""Finding series that make a query count one good or one bad event."""

from __future__ import annotations

import pytest

from slo import event_series
from slo.event_series import EventSeries
from slo.model import Events
from slo.query import parse

W = "[{{.window}}]"


def _find(bad: str, total: str) -> EventSeries | None:
    return event_series.find(Events(bad=parse(bad), total=parse(total)))


def _spelled(found: EventSeries | None) -> tuple[list[str], list[str]] | None:
    return found and ([event_series.spell(s) for s in found.good], [event_series.spell(s) for s in found.bad])


FOUND = {
    "a label that marks bad events": (
        f'sum(rate(x{{job="a",code=~"5.."}}{W}))',
        f'sum(rate(x{{job="a"}}{W}))',
        (['x{job="a"}'], ['x{code="500", job="a"}']),
    ),
    "good events subtracted from all": (
        f'sum(rate(x{W})) - sum(rate(x{{code=~"2..|3.."}}{W}))',
        f"sum(rate(x{W}))",
        (['x{code="200"}'], ["x"]),
    ),
    "a latency bucket": (
        f'sum(rate(x_count{W})) - (sum(rate(x_bucket{{le="0.5"}}{W})) or vector(0))',
        f"sum(rate(x_count{W}))",
        (['x_bucket{le="0.5"}', "x_count"], ["x_count"]),
    ),
    "increase, and a metric of its own for errors": (
        f"sum(increase(errors{W}))",
        f"sum(increase(errors{W})) + sum(increase(successes{W}))",
        (["successes"], ["errors"]),
    ),
    "a constant factor on both": (f"60 * sum(rate(e{W}))", f"60 * (sum(rate(e{W})) + sum(rate(o{W})))", None),
    "an offset": (f"sum(rate(e{W} offset 5m))", f"sum(rate(t{W} offset 5m))", None),
    "a metric by its __name__": (f'sum(rate({{__name__="e"}}{W}))', f"sum(rate(t{W}))", None),
    "a bare vector, whose labels are unknown": (f"rate(e{W})", f"rate(t{W})", None),
    "a grouping by the label that marks bad events": (
        f'sum by (code) (rate(x{{code="500"}}{W}))',
        f"sum by (code) (rate(x{W}))",
        None,
    ),
    "not additive": (f"max(rate(e{W}))", f"max(rate(t{W}))", None),
    "a pattern that Python cannot read": (f'sum(rate(x{{c=~"\\\\p{{L}}"}}{W}))', f"sum(rate(x{W}))", None),
}


@pytest.mark.parametrize(("bad", "total", "expected"), FOUND.values(), ids=FOUND.keys())
def test_series_are_found_where_the_query_is_linear(
    bad: str, total: str, expected: tuple[list[str], list[str]] | None
) -> None:
    """The series count one good and one bad event, or none are given."""
    assert _spelled(_find(bad, total)) == expected


PATTERNS = {
    "5..": "500",
    "(5..|429)": "500",
    "a+b?c*": "abc",
    "[^/]+": None,
    "prod-[0-9]{2}": "prod-00",
    "(?i:get)": "get",
    "": "",
}


@pytest.mark.parametrize(("pattern", "value"), PATTERNS.items())
def test_values_fit_their_patterns(pattern: str, value: str | None) -> None:
    """Whatever value is invented for a pattern, the pattern matches it."""
    found = _find(f'sum(rate(x{{c=~"{pattern}",bad="1"}}{W}))', f'sum(rate(x{{c=~"{pattern}"}}{W}))')
    assert found is not None
    labels = dict(found.bad[0][1])
    if value is not None:
        assert labels.get("c", "") == value


def test_the_output_keeps_the_grouping_labels() -> None:
    """Labels that both queries group by are those of the series."""
    found = _find(f'sum by (job) (rate(x{{job="a",ok="0"}}{W}))', f'sum by (job) (rate(x{{job="a"}}{W}))')
    assert found is not None
    assert found.labels == (("job", "a"),)
