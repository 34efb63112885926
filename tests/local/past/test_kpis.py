"""A KPI's past is reckoned from its own query, or it is said that it has none."""

import io
from pathlib import Path

import numpy as np
import pytest

from local.past import blocks, kpis, model
from local.past.blocks import Written
from local.past.draw import Floats, Series, draw
from slo import conventions
from slo.catalogue import Catalogue
from slo.load import load
from slo.model import Kpi

SPEC = """\
version: prometheus/v1
service: orders
slos:
  - name: availability
    objective: 99.9
    sli: {events: {error_query: 'sum(rate(r{c="5"}[{{.window}}]))', total_query: 'sum(rate(r[{{.window}}]))'}}
    alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
kpis:
  - {name: it, title: T, query: '%s', unit: x, better: higher}
"""
MINUTES = 5 * 7 * 24 * 60
ASKED = "sum(rate(asked[{{.window}}]))"
BOUGHT = 'sum(rate(bought{job="a"}[{{.window}}]))'


def catalogue(folder: Path, query: str) -> Catalogue:
    """One KPI."""
    (folder / "orders.yaml").write_text(SPEC % query)
    return load([str(folder / "orders.yaml")])


def the_kpi(folder: Path, query: str) -> Kpi:
    """The same, which can be counted."""
    (found,), others = kpis.countable(catalogue(folder, query))
    assert others == []
    return found


def records(kpi: Kpi, asked: Floats, bought: Floats) -> dict[str, Floats]:
    """What is recorded of so many events in each minute."""
    series = [Series("a", "asked", (), asked), Series("a", "bought", (), bought), Series("b", "bought", (), asked)]
    return {each.name: each.values for each in kpis.recorded(kpi, kpis.count(kpi, series))}


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (ASKED, 2.0),
        (f"60 * {ASKED} - 20", 100.0),
        (f"{BOUGHT} / {ASKED}", 0.25),
        (f"{BOUGHT} / ({ASKED} > 1.9)", 0.25),
        (f"{BOUGHT} / ({ASKED} > 2.1)", None),
        (f"{BOUGHT} / ({ASKED} < 2.1)", 0.25),
        (f"{BOUGHT} / (1.9 >= {ASKED})", None),
        ("sum(rate(nothing[{{.window}}]))", None),
        (f"(sum(rate(nothing[{{{{.window}}}}])) or 0 * {ASKED}) + 3", 3.0),
        (f"({ASKED} - {ASKED}) / ({BOUGHT} - {BOUGHT})", None),
        (f"{ASKED} / ({BOUGHT} - {BOUGHT})", None),
    ],
)
def test_the_value_is_what_the_query_makes_of_rates(tmp_path: Path, query: str, value: float | None) -> None:
    """Two asked a second, half of one bought; what Prometheus would not answer is not there."""
    found = records(the_kpi(tmp_path, query), np.full(60, 120.0), np.full(60, 30.0))
    last = found[conventions.KPI_VALUE][-1]
    assert np.isnan(last) if value is None else last == pytest.approx(value)


@pytest.mark.parametrize(
    "query",
    [
        "sum by (job) (rate(asked[{{.window}}]))",
        "max(rate(asked[{{.window}}]))",
        "sum(increase(asked[{{.window}}]))",
        "sum(rate(asked[{{.window}}] offset 1h))",
        "rate(asked[{{.window}}])",
        f"{ASKED} > bool 1",
        f"{ASKED} unless {BOUGHT}",
        f"{ASKED} + on () {BOUGHT}",
        f"{ASKED} ^ 2",
    ],
)
def test_what_is_not_known_is_named(tmp_path: Path, query: str) -> None:
    """A KPI without a past is said, and not made up."""
    assert kpis.countable(catalogue(tmp_path, query)) == ([], ["orders-it"])


def test_weeks_are_those_that_are_there(tmp_path: Path) -> None:
    """Of a history of 35 days: none, then one, two and three; before the first, the day's average is told."""
    asked = np.concatenate([np.full(MINUTES // 5, 60.0 * level) for level in (1, 5, 2, 4, 8)])
    found = records(the_kpi(tmp_path, ASKED), asked, asked)
    days = [day * 24 * 60 for day in (5, 8, 15, 22, 29)]
    assert found[conventions.KPI_WEEKS][days].tolist() == [0, 1, 2, 3, 3]
    assert found[conventions.KPI_BASELINE][days] == pytest.approx([1, 1, 3, 2, 4])
    assert found[conventions.KPI_DEVIATION][days] == pytest.approx([0, 4, -1 / 3, 1, 1])


def test_before_a_week_the_last_day_is_averaged(tmp_path: Path) -> None:
    """Over its samples, one each two minutes; the first hours over what there is."""
    asked = np.arange(3.0 * 24 * 60)
    found = records(the_kpi(tmp_path, ASKED), asked, asked)
    value, baseline = found[conventions.KPI_VALUE], found[conventions.KPI_BASELINE]
    assert baseline[-2] == pytest.approx(value[-1440::2].mean())
    assert baseline[120] == pytest.approx(value[:121:2].mean())


def test_nothing_usual_is_no_deviation(tmp_path: Path) -> None:
    """As the rule has it: one of none is no number."""
    asked = np.concatenate([np.full(720, 7.3), np.zeros(10_080), np.full(60, 60.0)])
    found = records(the_kpi(tmp_path, ASKED), asked, asked)
    assert found[conventions.KPI_BASELINE][-1] == 0
    assert np.isnan(found[conventions.KPI_DEVIATION][-1])


def test_what_was_not_there_is_not_written() -> None:
    """A gap in the past is one: no NaN that averages would spread."""
    file = io.StringIO()
    blocks.write(file, [Written("a", (), np.array([1.0, np.nan, 3.0]))], [60, 120, 180])
    assert file.getvalue() == "a 1.0 60\na 3.0 180\n# EOF\n"


def test_steps_of_one_way_follow_the_same_visits() -> None:
    """Who pays has gone to the checkout: a share of the past is no quotient of two unrelated chances."""
    found = draw(model.load(), 8_000, 8_000 * 54 * 3_600)
    growth = {dict(each.labels)["step"]: each.growth for each in found if each.name == "shop_funnel_total"}
    assert (growth["confirmed"] <= growth["payment"]).all()
    assert (growth["payment"] == growth["checkout"]).all()
    assert np.abs(growth["checkout"] - growth["cart"]).max() <= 5
    assert growth["cart"].max() > 15
