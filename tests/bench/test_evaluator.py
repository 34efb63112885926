"""The part of PromQL that SLO rules speak, evaluated on arrays."""

import numpy as np
import pytest

from bench.evaluator import Database, evaluate
from bench.grid import Grid, Series

AT = Grid(0, 60_000, 11)


@pytest.fixture
def database():
    """`up` counts the minutes, `gone` ends after five of them, `broken` is never a number."""
    found = Database()
    minutes = np.arange(11, dtype=np.float64)
    found.add("up", Series.full(AT, minutes))
    found.add("gone", Series(AT, minutes, minutes <= 5))
    found.add("broken", Series.full(AT, np.full(11, np.nan)))
    for code in ("200", "500"):
        found.add("requests", Series.full(AT, minutes * int(code), (("code", code),)))
    return found


@pytest.mark.parametrize(
    ("expr", "at", "expected"),
    [
        pytest.param("up * 2 + 1", 3, 7, id="arithmetic"),
        pytest.param("up > 3", 3, None, id="a comparison drops what is not so"),
        pytest.param("up > 3", 4, 4, id="a comparison keeps the value"),
        pytest.param("gone or up * 10", 5, 5, id="or takes the left side"),
        pytest.param("gone or up * 10", 6, 60, id="or takes the right side where the left has nothing"),
        pytest.param("up and gone", 6, None, id="and needs both"),
        pytest.param("up unless gone", 6, 6, id="unless needs the right side gone"),
        pytest.param("gone + up", 6, None, id="one side alone gives nothing"),
        pytest.param("300 * gone + (up or 0 * up)", 6, None, id="precedence is the parser's"),
        pytest.param("broken > 0", 3, None, id="NaN is not more than anything"),
        pytest.param("up offset 2m", 5, 3, id="offset"),
        pytest.param("sum_over_time(up[3m:1m])", 5, 12, id="subquery"),
        pytest.param("sum_over_time(up[4m:2m] offset 1m)", 6, 6, id="subquery steps are multiples of the step"),
        pytest.param("count_over_time(gone[3m])", 7, 1, id="a range holds what was there"),
        pytest.param('sum(requests{code=~"5.."})', 2, 1000, id="matcher"),
        pytest.param('sum(requests{code!~"5.."})', 2, 400, id="negative matcher"),
        pytest.param("sum(requests)", 2, 1400, id="sum"),
        pytest.param("max(up > 2) without (x)", 4, 4, id="max of one series"),
        pytest.param("vector(7)", 0, 7, id="vector"),
    ],
)
def test_expressions(database, expr, at, expected):
    """Each expression gives what Prometheus gives."""
    found = evaluate(expr, AT, database)
    assert (float(found.values[at]) if found.present[at] else None) == expected


def test_what_is_not_simulated_is_refused(database):
    """An unknown function is an error, never a guess."""
    with pytest.raises(ValueError, match="not simulated"):
        evaluate("deriv(up[5m])", AT, database)


def test_several_series_are_refused(database):
    """One SLO is simulated at a time: an expression that yields two series is an error."""
    with pytest.raises(ValueError, match="2 series"):
        evaluate("requests + up", AT, database)
