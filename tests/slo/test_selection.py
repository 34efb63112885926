"""Which kinds `--only` selects, and what a build of them alone would lose."""

from __future__ import annotations

import pytest

from slo import selection
from slo.artifact import ALERTS, FOLDERS, ROUTES, RULES, TESTS
from slo.rule import Alert, Group, Record, to_yaml

RECORDS = to_yaml([Group("g", 30, (Record("a", "vector(1)", ()),))])
ALERTS_ALONE = to_yaml([Group("g", 30, (Alert("A", "vector(1)", (), (("summary", "a\n      - record: b"),)),))])
MIXED = RECORDS + ALERTS_ALONE.removeprefix("groups:\n")
PATH = "prometheus/rules/orders.yaml"


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (None, set(FOLDERS)),
        ("rules", {RULES}),
        ("rules,", {RULES}),
        (" ,alerts,, rules ", {RULES, ALERTS}),
        ("rules,rules", {RULES}),
        ("tests,alerts,rules", {RULES, ALERTS, TESTS}),
        ("routes", {ROUTES}),
    ],
)
def test_kinds(only: str | None, kinds: set[str]) -> None:
    """Names with commas between them; a comma too many selects nothing more."""
    assert selection.parse(only, writes_tests=True) == kinds


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("", "names no kind; known: rules, alerts, tests, routes, docs, dashboards, kubernetes"),
        (" , ", "names no kind; known: rules, alerts, tests, routes, docs, dashboards, kubernetes"),
        ("rulez", "'rulez' is not a kind, did you mean rules?"),
        ("rules,x", "'x' is not a kind; known: rules, alerts, tests, routes, docs, dashboards, kubernetes"),
        ("tests", "tests run both rules and alerts; say --only rules,alerts,tests"),
        ("rules,tests", "tests run both rules and alerts; say --only rules,alerts,tests"),
        ("tests,routes,alerts", "tests run both rules and alerts; say --only rules,alerts,tests,routes"),
    ],
)
def test_selections_that_make_no_sense(only: str, expected: str) -> None:
    """What is wrong with a selection, and what was meant."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is compared
        selection.parse(only, writes_tests=True)
    assert str(refused.value) == expected


@pytest.mark.parametrize("only", ["tests", "rules,alerts,tests"])
def test_an_engine_without_tests(only: str) -> None:
    """Tests cannot be asked of an engine that writes none; every kind can, for that asks for what there is."""
    with pytest.raises(ValueError, match="this engine writes no unit tests; leave tests out, or take --engine native"):
        selection.parse(only, writes_tests=False)
    assert selection.parse(None, writes_tests=False) == set(FOLDERS)


@pytest.mark.parametrize(
    ("kinds", "text", "expected"),
    [
        ({RULES}, RECORDS, ""),
        ({RULES}, MIXED, "also holds alerts; say --only rules,alerts, or another --out"),
        ({RULES, ROUTES}, ALERTS_ALONE, "also holds alerts; say --only rules,alerts,routes, or another --out"),
        ({ALERTS}, MIXED, "also holds rules; say --only rules,alerts, or another --out"),
        ({ALERTS}, ALERTS_ALONE, ""),
        ({ALERTS}, "groups:\n", ""),
    ],
    ids=["records for records", "records for both", "records for alerts", "alerts for both", "alerts", "nothing"],
)
def test_what_one_half_would_lose(kinds: set[str], text: str, expected: str) -> None:
    """A rule file that holds the other half is not replaced by one half alone."""
    lost = selection.lost_by(frozenset(kinds))
    assert lost is not None
    assert lost(PATH, text) == expected
    assert lost("alertmanager/alertmanager.yaml", text) == ""


@pytest.mark.parametrize("kinds", [set(FOLDERS), {RULES, ALERTS}, {ROUTES}])
def test_both_halves_or_none_lose_nothing(kinds: set[str]) -> None:
    """Then no file need be read."""
    assert selection.lost_by(frozenset(kinds)) is None
