"""Which queries are additive over time, in which unit their value is, and why the others are not additive."""

from __future__ import annotations

import pytest

from slo.query import Unit, parse

W = "{{.window}}"
PER_SECOND, PER_WINDOW, UNKNOWN = Unit.PER_SECOND, Unit.PER_WINDOW, Unit.UNKNOWN

ADDITIVE = {
    f"rate(x[{W}])": PER_SECOND,
    f"rate((x[{W}]))": PER_SECOND,
    f"-rate(x[{W}])": PER_SECOND,
    f"increase(x[{W}])": PER_WINDOW,
    f"sum_over_time(x[{W}])": PER_WINDOW,
    f"count_over_time(x[{W}])": PER_WINDOW,
    f"sum_over_time((count(x < 0.75))[{W}:])": PER_WINDOW,
    f"sum_over_time((count(x < 0.75))[{W}:]) OR on() vector(0)": PER_WINDOW,
    f"sum(rate(x[{W}]))": PER_SECOND,
    f"sum by (a) (rate(x[{W}]))": PER_SECOND,
    f"sum without (a) (increase(x[{W}]))": PER_WINDOW,
    f"rate(x[{W}] offset 5m)": PER_SECOND,
    f"sum(rate(x[{W}])) - sum(rate(y[{W}]))": PER_SECOND,
    f"sum(rate(x[{W}])) - (sum(rate(y[{W}])) or vector(0))": PER_SECOND,
    f"rate(x[{W}]) + 0": PER_SECOND,
    f"1 * rate(x[{W}])": PER_SECOND,
    f"rate(x[{W}]) / 1": PER_SECOND,
    f"60 * rate(x[{W}])": UNKNOWN,
    f"rate(x[{W}]) / 60": UNKNOWN,
    f"rate(x[{W}]) * (2 - 1)": PER_SECOND,
    f"rate(x[{W}]) * -1": UNKNOWN,
    f"0 * rate(x[{W}])": UNKNOWN,
    f"histogram_count(rate(x[{W}]))": PER_SECOND,
    f'label_replace(rate(x[{W}]), "a", "b", "c", "d")': PER_SECOND,
    f"(rate(x[{W}]))": PER_SECOND,
}
NOT_ADDITIVE = {
    f"irate(x[{W}])": ("irate() sees only the last two samples", PER_SECOND),
    f"avg(rate(x[{W}]))": ("avg() of events is not a sum of events", PER_SECOND),
    f"count(rate(x[{W}]))": ("count() of events is not a sum of events", UNKNOWN),
    f"quantile(0.9, increase(x[{W}]))": ("quantile() of events is not a sum of events", PER_WINDOW),
    f"clamp_min(rate(x[{W}]), 0)": ("clamp_min() of a sum is not the sum of clamp_min()", PER_SECOND),
    f"avg_over_time(x[{W}])": ("avg_over_time() is not known to be additive over time", UNKNOWN),
    f"histogram_quantile(0.9, rate(x[{W}]))": ("histogram_quantile() is not known to be additive over time", UNKNOWN),
    f"rate(x[{W}]) > 1": ("`>` keeps other series for a long window than for its parts", PER_SECOND),
    f"rate(x[{W}]) > bool 1": ("`>` is not additive over time", UNKNOWN),
    f"rate(x[{W}]) and y": ("`and` keeps other series for a long window than for its parts", PER_SECOND),
    f"rate(x[{W}]) unless y": ("`unless` keeps other series for a long window than for its parts", PER_SECOND),
    f"rate(x[{W}]) or rate(y[{W}])": ("`or` may take another side for a long window than for its parts", PER_SECOND),
    f"rate(x[{W}]) ^ 2": ("`^` is not additive over time", UNKNOWN),
    f"rate(x[{W}]) / rate(y[{W}])": ("a product or quotient of two series is not additive over time", UNKNOWN),
    f"1 / rate(x[{W}])": ("a product or quotient of two series is not additive over time", UNKNOWN),
    f"rate(x[{W}]) / 0": ("a product or quotient of two series is not additive over time", UNKNOWN),
    f"rate(x[{W}]) + 1": ("a constant does not grow with the window", UNKNOWN),
    f"rate(x[{W}]) + increase(y[{W}])": ("it mixes values per second and per window", UNKNOWN),
    f"rate(x[{W}]) - y": ("a bare selector is a value at one moment, not events in a window", UNKNOWN),
    f"irate(x[{W}]) or vector(0)": ("irate() sees only the last two samples", PER_SECOND),
    f"rate(x[5m]) + 0 * rate(x[{W}])": ("its range is not {{.window}}", UNKNOWN),
    f"rate(x[{W}] @ end())": ("an @ modifier pins it to one moment", PER_SECOND),
    f"sum_over_time((x @ 5)[{W}:])": ("an @ modifier pins it to one moment", PER_WINDOW),
    f"rate(x[{W}] offset {W})": ("the window also stands outside the ranges that are summed", PER_SECOND),
    f"sum_over_time(rate(x[{W}])[{W}:])": ("the window also stands outside the ranges that are summed", PER_WINDOW),
    f"job:errors:rate{W}": ("a bare selector is a value at one moment, not events in a window", UNKNOWN),
    f"rate(x[{W}]) * {W}": ("the window also stands outside the ranges that are summed", UNKNOWN),
    f"time() - {W}": ("time() is not known to be additive over time", UNKNOWN),
}


@pytest.mark.parametrize(("text", "unit"), ADDITIVE.items())
def test_additive(text: str, unit: Unit) -> None:
    """A sum, difference or constant multiple of events is additive, and its unit is that of its events."""
    query = parse(text)
    assert (query.additive, query.why_not, query.unit) == (True, "", unit)


@pytest.mark.parametrize(("text", "why_not", "unit"), [(text, *rest) for text, rest in NOT_ADDITIVE.items()])
def test_not_additive(text: str, why_not: str, unit: Unit) -> None:
    """Anything else is not, and says why; the unit is told where it still holds."""
    query = parse(text)
    assert (query.additive, query.why_not, query.unit) == (False, why_not, unit)
