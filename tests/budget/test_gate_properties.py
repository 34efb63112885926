"""Worse inputs never give a milder decision, and a rollback never waits, whatever the figures."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.answers import Sample
from budget.gate import decide
from budget.gate_decision import Request
from budget.gate_facts import Facts
from budget.policy import Change, Outcome
from budget.readings import HOUR_EVENTS, NEWEST, Readings
from slo import conventions
from slo.catalogue import Catalogue
from tests.budget.canned import NOW, sample
from tests.budget.test_gate import promised

SLOS = (("shop", "up"), ("shop", "rare"), ("bank", "up"))
BURNS = (0.0, 0.9, 3.1, 6.1, 14.5, 900.0)
# Each figure's values from good to bad, on both sides of every threshold.
AXES: Mapping[str, tuple[float, ...]] = {
    conventions.CURRENT_BURN_RATE: BURNS,
    conventions.sli_ratio("1h"): tuple(burn / 1000 for burn in BURNS),
    conventions.recent_ratio("6h"): tuple(burn / 1000 for burn in BURNS),
    conventions.BUDGET_REMAINING: (1.0, 0.25, 0.1, 0.001, 0.0, -3.0),
    HOUR_EVENTS: (1e6, 70.0, 69.0, 1.0, 0.0),
    NEWEST: (NOW, NOW - 299, NOW - 301, NOW - 1000),
}
PERIOD_EVENTS = conventions.total_increase("30d")  # few are not worse: they tell what is rare from what has stopped
CALM = {name: values[0] for name, values in AXES.items()} | {PERIOD_EVENTS: 1e6}
CHANGE = st.one_of(
    *(st.tuples(st.just(name), st.sampled_from(values)) for name, values in AXES.items()),
    st.tuples(st.just(PERIOD_EVENTS), st.just(10.0)),
)
# Mostly calm, or what one figure does would be lost among what the others have done already.
FIGURES = st.lists(CHANGE, max_size=2).map(lambda changes: {**CALM, **dict(changes)})
ALERTS = st.sampled_from(["", "", "", "page", "ticket", "absent"]).map(lambda name: {name} - {""})
STATES = st.tuples(*[st.tuples(FIGURES, ALERTS)] * len(SLOS))
ENVIRONMENTS = st.sampled_from(["local", "production"])
State = tuple[tuple[Mapping[str, float], set[str]], ...]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The shop, which calls the bank."""
    return promised(tmp_path_factory.mktemp("specs"), shop=["bank"], bank=[])


QUIET: Mapping[str, float] = {**CALM, HOUR_EVENTS: 0.0}
BASES = (
    pytest.param((CALM, CALM, CALM), id="all is well"),
    pytest.param((CALM, {**QUIET, PERIOD_EVENTS: 10.0}, CALM), id="one is quiet, as always"),
    pytest.param((CALM, QUIET, CALM), id="one is quiet, unusually"),
    pytest.param((QUIET, QUIET, QUIET), id="all are quiet"),
)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("change", [Change.RELEASE, Change.FIX])
def test_a_figure_that_alone_gets_worse_step_by_step(
    catalogue: Catalogue, base: tuple[Mapping[str, float], ...], change: Change
) -> None:
    """Over each threshold, one SLO after the other."""
    for place, name in itertools.product(range(len(SLOS)), AXES):
        outcomes = []
        for value in AXES[name]:
            figures = [dict(each) for each in base]
            figures[place][name] = value
            states = tuple((each, set[str]()) for each in figures)
            outcomes.append(_told(catalogue, states, change, "production"))
        assert outcomes == sorted(outcomes), (SLOS[place], name)


@given(states=STATES, data=st.data(), change=st.sampled_from([Change.RELEASE, Change.FIX]), environment=ENVIRONMENTS)
def test_worse_is_never_milder(
    catalogue: Catalogue, states: State, data: Any, change: Change, environment: str
) -> None:
    """One figure or one alert of one SLO gets worse, the shop's own or the bank's."""
    place = data.draw(st.integers(0, len(SLOS) - 1))
    figures, alerts = states[place]
    name = data.draw(st.sampled_from([*AXES, "alert"]))
    if name == "alert":
        better, worse = (
            (figures, alerts),
            (figures, alerts | {data.draw(st.sampled_from(["page", "ticket", "absent"]))}),
        )
    else:
        first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(AXES[name]) - 1)] * 2)))
        better, worse = (({**figures, name: AXES[name][index]}, alerts) for index in (first, last))
    before = (*states[:place], better, *states[place + 1 :])
    after = (*states[:place], worse, *states[place + 1 :])
    assert _told(catalogue, before, change, environment) <= _told(catalogue, after, change, environment)


@given(states=STATES, environment=ENVIRONMENTS, lost=st.sets(st.sampled_from([*AXES])))
def test_a_rollback_never_waits(catalogue: Catalogue, states: State, environment: str, lost: set[str]) -> None:
    """Whatever is known, and whatever is not."""
    left = tuple(({name: value for name, value in figures.items() if name not in lost}, a) for figures, a in states)
    assert _told(catalogue, left, Change.ROLLBACK, environment) is Outcome.GO


@given(states=STATES, change=st.sampled_from([Change.RELEASE, Change.FIX]), place=st.sampled_from([0, 1]))
def test_an_slo_without_figures_never_goes(catalogue: Catalogue, states: State, change: Change, place: int) -> None:
    """Neither a release nor a fix passes what nobody can see."""
    constants: dict[str, float] = {conventions.total_increase("30d"): 1e6}
    after = (*states[:place], (constants, set[str]()), *states[place + 1 :])
    assert _told(catalogue, after, change, "local") >= Outcome.HOLD


@given(states=STATES, change=st.sampled_from(Change), environment=ENVIRONMENTS)
def test_the_decision_is_that_of_its_worst_reason(
    catalogue: Catalogue, states: State, change: Change, environment: str
) -> None:
    """And the worst stands first."""
    request = Request(service="shop", environment=environment, change=change)
    decision = decide(request, _facts(states), catalogue)
    found = [reason.decision for reason in decision.reasons]
    assert found == sorted(found, reverse=True)
    assert decision.outcome == (found[0] if found else Outcome.GO)


def _told(catalogue: Catalogue, states: State, change: Change, environment: str) -> Outcome:
    return decide(Request(service="shop", environment=environment, change=change), _facts(states), catalogue).outcome


def _facts(states: State) -> Facts:
    records: dict[str, list[Sample]] = {}
    alerts: list[Sample] = []
    for (service, slo), (figures, firing) in zip(SLOS, states, strict=True):
        ids = {conventions.ID: f"{service}-{slo}", conventions.SERVICE: service, conventions.SLO: slo}
        constants = {
            conventions.OBJECTIVE: 0.999,
            conventions.PERIOD_DAYS: 30.0,
            conventions.BUDGET_EVENTS_REMAINING: 1,
        }
        for name, value in {**constants, **figures}.items():
            records.setdefault(name, []).append(sample(ids, value))
        for severity in firing:
            name = conventions.absent_alert("Up") if severity == "absent" else "Up"
            labels = {**ids, "alertname": name, "alertstate": "firing", conventions.SEVERITY: severity}
            alerts.append(sample(labels))
    found = {name: tuple(samples) for name, samples in records.items()}
    return Facts(now=NOW, readings=Readings(records=found, alerts=tuple(alerts), at=NOW))
