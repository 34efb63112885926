"""alerts.conditions: the numbers that people are told are those of the rules."""

import re
from fractions import Fraction

import pytest

from alerts import burn_rate, conditions
from slo.rule_context import shared
from tests.slo.answers import EVENTS, catalogue, document, slo

PER_WINDOW = EVENTS.replace("rate(", "increase(")
RAW = "\n      raw: {error_ratio_query: 'avg_over_time(share[{{.window}}])'}"
LIMIT = re.compile(r"> \(([\d.]+) \* ([\d.]+)\)")
GUARD = re.compile(r"> ([\d.]+)\n")
WINDOW = re.compile(r"ratio_rate(\w+)\{")


@pytest.mark.parametrize("window", ["1d", "7d", "14d", "30d", "90d"])
@pytest.mark.parametrize("sli", [EVENTS, PER_WINDOW, RAW], ids=["rates", "increases", "a raw ratio"])
@pytest.mark.parametrize("failures", ["0", "3", "7"])
def test_they_are_those_of_the_rules(window, sli, failures, tmp_path):
    """Limits, windows and the least number of bad events, read from the expressions."""
    text = document(
        slo(sli=sli, objective="99.5", more=f"    window: {window}\n", alerting=f"      min_failures: {failures}\n")
    )
    found = catalogue(text, tmp_path).slos[0]
    rules = shared(found)
    told = conditions.of(found)
    for severity, alert in (("page", burn_rate.page(rules)), ("ticket", burn_rate.ticket(rules))):
        pairs = [pair for pair in told if pair.severity == severity]
        limits = [Fraction(factor) * Fraction(budget) for factor, budget in LIMIT.findall(alert.expr)]
        assert [float(ratio) for pair in pairs for ratio in (pair.ratio,) * 2] == pytest.approx(
            [float(limit) for limit in limits]
        )
        assert WINDOW.findall(alert.expr) == [name for pair in pairs for name in (pair.short, pair.long)]
        assert [pair.least for pair in pairs if pair.least] == [
            int(float(each) + 0.5) for each in GUARD.findall(alert.expr)
        ]


@pytest.mark.parametrize(("objective", "possible"), [("99.9", True), ("50", False)])
def test_a_burn_rate_beyond_every_event_is_impossible(objective, possible, tmp_path):
    """At 50 % a burn rate of 14.4 would be seven times as many bad events as there are events."""
    pair = conditions.of(catalogue(document(slo(objective=objective)), tmp_path).slos[0])[0]
    assert pair.possible is possible


@pytest.mark.parametrize(
    ("alerting", "told"),
    [
        ("", [("Burning", "page"), ("Burning", "ticket"), ("BurningAbsent", "page")]),
        ("      page_alert: {disable: true}\n", [("Burning", "ticket"), ("BurningAbsent", "ticket")]),
        ("      absent_after: 0\n", [("Burning", "page"), ("Burning", "ticket")]),
        ("      page_alert: {disable: true}\n      ticket_alert: {disable: true}\n", []),
    ],
    ids=["all", "no page", "no word when it is gone", "nobody is told anything"],
)
def test_who_is_told_of_what(alerting, told, tmp_path):
    """Page and ticket by one name; the absent SLI goes where the page goes, or the ticket."""
    assert list(conditions.told(catalogue(document(slo(alerting=alerting)), tmp_path).slos[0])) == told


@pytest.mark.parametrize(("ratio", "text"), [(Fraction(72, 5000), "1.44 %"), (0.00041666, "0.04167 %"), (1.0, "100 %")])
def test_percent(ratio, text):
    """Four digits, no more zeros than needed."""
    assert conditions.percent(ratio) == text
