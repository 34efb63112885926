"""How far back a query looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slo.query import parse
from slo.query_times import offsets

W = "{{.window}}"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        (f"sum(rate(x[{W}]))", [0]),
        (f"sum(rate(x[{W}] offset 5m))", [5]),
        (f"sum(rate(x[{W}] offset -5m))", [-5]),
        (f"sum(rate(x[{W}])) - sum(rate(y[{W}] offset 1h))", [0, 60]),
        (f"(-sum(rate(x[{W}] offset 2m))) * 2", [2]),
        (f"sum_over_time((sum(x offset 2m))[{W}:1m] offset 3m)", [5]),
        (f"vector(1) + on() count_over_time(x[{W}] offset 1m)", [1]),
        (f"scalar(sum(rate(x[{W}] offset 1m)))", [1]),
    ],
)
def test_offsets(text: str, minutes: list[int]) -> None:
    """Every selector counts, with the subqueries around it; a constant has no time."""
    assert offsets(parse(text)) == tuple(timedelta(minutes=each) for each in minutes)
