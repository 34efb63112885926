"""Each probe journey has a promise, each promise of journeys a probe; both name what the real probe counts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from slo.load import load
from slo.model import Events, Slo
from synthetics.journey import Journey, RunIn
from synthetics.journeys import of
from synthetics.probe_metrics import SERVICE
from tests.contract.selectors import Exposed

SPECS = Path(__file__).resolve().parents[2] / "slo" / "specs"


@pytest.fixture(scope="module")
def slos() -> tuple[Slo, ...]:
    """Every promise of the shop."""
    return load([str(SPECS)]).slos


@pytest.fixture(scope="module")
def probes() -> tuple[Journey, ...]:
    """Every journey that may be walked as a probe."""
    return of(RunIn.PROBE)


def faults(slos: Iterable[Slo], probes: Iterable[Journey]) -> set[str]:
    """What keeps journeys and promises apart."""
    judged = {slo.journey: slo for slo in slos if slo.journey}
    names = {journey.name for journey in probes}
    found = {f"{name}: a probe without an SLO" for name in names - judged.keys()}
    found |= {f"{slo.id}: no probe is called {name}" for name, slo in judged.items() if name not in names}
    found |= {
        f"{slo.id}: is of {SERVICE} and names no journey" for slo in slos if slo.service == SERVICE and not slo.journey
    }
    return found | {fault for name, slo in judged.items() if (fault := _fault(name, slo))}


def _fault(name: str, slo: Slo) -> str:
    """An SLO is named for its journey, as its alert is, and counts no other one."""
    alert = "Journey" + "".join(part.title() for part in name.split("-"))
    if (slo.service, slo.name, slo.alerting.name) != (SERVICE, name, alert):
        return f"{slo.id}: expected {SERVICE}-{name}, and an alert {alert}"
    assert isinstance(slo.sli, Events)
    queries = (slo.sli.bad.at("5m"), slo.sli.total.at("5m"))
    counted = {each for query in queries for each in re.findall(r'[{,]journey="([^"]*)"', query)}
    return "" if counted == {name} else f"{slo.id}: counts {', '.join(sorted(counted)) or 'none'}"


def test_each_probe_has_a_promise_and_each_promise_a_probe(slos: tuple[Slo, ...], probes: tuple[Journey, ...]) -> None:
    """A journey that nobody judges is walked in vain; an SLO without a journey never burns."""
    assert faults(slos, probes) == set()
    assert len(probes) == 10


def test_a_probe_without_a_promise_is_told(slos: tuple[Slo, ...], probes: tuple[Journey, ...]) -> None:
    """Also where its name differs by one letter."""
    more = replace(probes[0], name="brows")
    assert faults(slos, (*probes, more)) == {"brows: a probe without an SLO"}


def test_a_promise_without_a_probe_is_told(slos: tuple[Slo, ...], probes: tuple[Journey, ...]) -> None:
    """As when a journey is renamed."""
    left = [journey for journey in probes if journey.name != "buy"]
    assert faults(slos, left) == {"journeys-buy: no probe is called buy"}


def test_a_promise_that_counts_another_journey_is_told(slos: tuple[Slo, ...], probes: tuple[Journey, ...]) -> None:
    """What is copied and half changed."""
    browse, buy = (next(slo for slo in slos if slo.id == f"{SERVICE}-{name}") for name in ("browse", "buy"))
    others = [slo for slo in slos if slo is not buy]
    assert faults([*others, replace(buy, sli=browse.sli)], probes) == {"journeys-buy: counts browse"}


def test_every_outcome_is_counted_from_the_start(exposed: Exposed, probes: tuple[Journey, ...]) -> None:
    """By the real process, so that the first failure is one that rate() sees."""
    shown = {(each["journey"], each["outcome"]) for each in exposed.series["journey_attempts_total"]}
    assert shown == {(journey.name, outcome) for journey in probes for outcome in ("passed", "slow", "failed")}


def test_the_probe_shows_its_steps_and_what_it_cleared_away(exposed: Exposed, probes: tuple[Journey, ...]) -> None:
    """Every step of every journey; clean-ups of those that buy; its own figures and what is running."""
    steps = {(each["journey"], each["step"]) for each in exposed.series["journey_step_duration_seconds_count"]}
    assert steps == {(journey.name, step.name) for journey in probes for step in (*journey.steps, *journey.clean_up)}
    cleaned = {each["journey"] for each in exposed.series["journey_clean_ups_total"]}
    assert cleaned == {journey.name for journey in probes if journey.clean_up}
    for name in ("journey_last_attempt_timestamp_seconds", "journey_attempts_skipped_total"):
        assert {each["journey"] for each in exposed.series[name]} == {journey.name for journey in probes}
    assert any(each["job"] == SERVICE for each in exposed.series["process_resident_memory_bytes"])
    assert any(each["service"] == SERVICE for each in exposed.series["app_build_info"])
    bounds = {each["le"] for each in exposed.series["journey_freshness_seconds_bucket"]}
    assert bounds == {"0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0", "+Inf"}
