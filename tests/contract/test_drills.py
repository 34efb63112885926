"""The drills and what they meet: parts and faults that there are, alerts that are generated, metrics that are shown."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from budget import drill_forecast, drill_spec, rule_closure
from budget.drill_spec import FROM_OUTSIDE, Break, Drill
from budget.series_selector import Selector
from local import faults, part_processes
from local.choice import Choice
from local.drill_strikes import GUESS_PASSWORDS, RUN
from local.parts import platform
from local.settings import Settings
from local.shop_parts import JOBS
from local.shop_run import SECRETS
from local.telemetry import Telemetry
from services.inventory import faults as of_inventory
from services.payments import fault_kinds as of_payments
from services.shared.fault_models import Kinds
from tests.contract.selectors import Exposed, Named
from tests.contract.selectors import faults as faults_of
from tools.install import find

ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = {
    "payment-outage",
    "timeout-after-charge",
    "inventory-down",
    "slow-database",
    "stock-drift",
    "catalog-latency",
    "traffic-drop",
    "login-attack",
    "alertmanager-down",
    "prometheus-restart",
}
OWN_KINDS = {"inventory": of_inventory.KINDS, "payments": of_payments.KINDS}
# What comes with the event itself: any status, any end of a call.
POSSIBLE = {"http_response_status_code": r"[1-5](?:\.\.|\d\d)"}
CALLS = {"outcome": r"\dxx"}
ATTACK = {"per_second", "addresses"}
"""What the attack may be told, beside how long it lasts."""
OF_PROMETHEUS = {"up": {"job", "instance"}}


@lru_cache(maxsize=1)
def drills() -> tuple[Drill, ...]:
    """Those of the project."""
    return drill_spec.load(ROOT / "local" / "drills")


def each_drill() -> Any:
    """A test for each of them."""
    return pytest.mark.parametrize("drill", drills(), ids=lambda drill: drill.name)


@lru_cache(maxsize=1)
def alerts() -> tuple[dict[str, str], ...]:
    """The labels of every alert that is generated, with its name."""
    made = []
    for file in sorted((ROOT / "generated" / "prometheus" / "rules").glob("*.yaml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            made += [{**rule["labels"], "alertname": rule["alert"]} for rule in group["rules"] if "alert" in rule]
    return tuple(made)


def parts(settings: Settings) -> set[str]:
    """The parts of a platform that a person may halt or kill: nginx hides which part it is."""
    made = platform(
        settings,
        Choice(),
        binaries={name: Path(name) for name in ("prometheus", "promtool", "alertmanager")},
        secrets=SECRETS,
        telemetry=Telemetry(settings=settings, otlp_endpoint="", loki_url=""),
        placing=False,
    )
    return {part.name for part in made if part.every_seconds is None and not part.once} - {"front-door", "balancer"}


def strange(what: Break, settings: Settings) -> Iterator[str]:
    """What is wrong with one thing that a drill does."""
    if what.fault in part_processes.SIGNALS:
        if what.target not in parts(settings):
            yield f"{what.target} is no part"
    elif what.fault == RUN:
        if what.target not in JOBS:
            yield f"{what.target} is no job"
    elif what.fault == GUESS_PASSWORDS:
        if what.target != "front-door" or set(what.body) - {"fault", "share", "seconds"} - ATTACK:
            yield f"{what}: no such attack"
    elif what.target not in faults.TARGETS:
        yield f"{what.target} takes no fault"
    else:
        Kinds(OWN_KINDS.get(what.target, ())).parse(dict(what.body))


def test_what_was_asked_for_is_there() -> None:
    """The ten subjects; and `make drill` runs three of them."""
    assert {each.name for each in drills()} >= SUBJECTS
    assert sum(each.short for each in drills()) == 3


@each_drill()
def test_each_thing_that_it_does_can_be_done(drill: Drill, tmp_path: Path) -> None:
    """A part that runs, a job that there is, or a fault that its service takes, with what that fault wants."""
    settings = Settings(run=tmp_path)
    assert [fault for what in (*drill.faults, *drill.mend) for fault in strange(what, settings)] == []


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(Break(target="inventories", fault="halt", body={}), id="a part that there is not"),
        pytest.param(Break(target="front-door", fault="halt", body={}), id="one that hides its name"),
        pytest.param(Break(target="inventory-count", fault="run", body={}), id="a job that there is not"),
        pytest.param(Break(target="users", fault="guess-passwords", body={}), id="another door"),
        pytest.param(Break(target="shoppers", fault="errors", body={}), id="one that takes no fault"),
    ],
)
def test_what_cannot_be_done_is_told(what: Break, tmp_path: Path) -> None:
    """Each kind of it."""
    assert list(strange(what, Settings(run=tmp_path))) != []


@pytest.mark.parametrize(
    ("target", "body"),
    [
        pytest.param("catalog", {"fault": "outage"}, id="another service's fault"),
        pytest.param("payments", {"fault": "outage", "units": 3}, id="another fault's setting"),
        pytest.param("inventory", {"fault": "database-slow"}, id="a setting that is missing"),
    ],
)
def test_a_fault_that_its_service_does_not_take_is_told(target: str, body: dict[str, Any], tmp_path: Path) -> None:
    """By the service's own models."""
    what = Break(target=target, fault=body["fault"], body={"share": 1.0, "seconds": 60, **body})
    with pytest.raises(ValidationError):
        list(strange(what, Settings(run=tmp_path)))


def test_what_is_done_from_outside_is_known_there() -> None:
    """No service is asked for it, and no service has a fault of that name."""
    assert set(FROM_OUTSIDE) == {*part_processes.SIGNALS, RUN, GUESS_PASSWORDS}
    assert set(FROM_OUTSIDE).isdisjoint(Kinds([*of_payments.KINDS, *of_inventory.KINDS]).names)


@each_drill()
def test_each_alert_that_it_names_is_made(drill: Drill) -> None:
    """A page is one alert and no more, with its service and promise; one that may come is told to somebody at once."""
    for page in drill.pages:
        wanted = {"alertname": page.alert, "service": page.service, "severity": page.severity}
        wanted |= {"slo": page.slo} if page.slo else {}
        assert sum(wanted.items() <= each.items() for each in alerts()) == 1, wanted
    for may in drill.may:
        wanted = {"alertname": may.alert, "service": may.service, "severity": "page"}
        assert any(wanted.items() <= each.items() for each in alerts()), wanted
        assert (may.alert, may.service) not in {(page.alert, page.service) for page in drill.pages}


@each_drill()
def test_each_series_that_it_changes_is_shown(drill: Drill, exposed: Exposed) -> None:
    """By the running shop, with the labels that are asked for; what moves gets labels that the metric has."""
    found: list[str] = []
    for effect in drill.effects:
        found += _unknown(effect.series, exposed)
        shown = _labels(effect.series.name, exposed)
        found += [f"{effect.series.name}: no label {label}" for label in effect.moves_to if label not in shown]
        if effect.value is not None and exposed.types.get(effect.series.name, "gauge") != "gauge":
            found.append(f"{effect.series.name}: a value of a counter")
    assert found == []


@each_drill()
def test_each_page_reads_what_the_drill_changes(drill: Drill) -> None:
    """Else its forecast would be that of a shop in which all is well."""
    changed = {effect.series.name for effect in drill.effects}
    promtool = find("promtool")
    assert promtool is not None
    rules = drill_forecast.read_rules(ROOT / "generated", promtool)
    for page in drill.pages:
        labels = {"service": page.service, "severity": page.severity} | ({"slo": page.slo} if page.slo else {})
        horizon = drill_forecast.HISTORY_SECONDS
        closure = rule_closure.of(rules.groups, page.alert, labels, horizon_seconds=horizon)
        assert changed & {selector.name for selector in closure.read}, page.alert


def _unknown(selector: Selector, exposed: Exposed) -> Iterator[str]:
    if selector.name in OF_PROMETHEUS:
        yield from (
            f"{selector}: {each[0]}" for each in selector.matchers if each[0] not in _labels(selector.name, exposed)
        )
        return
    calls = CALLS if selector.name.startswith("http_client_") else {}
    asked = Named(metric=selector.name, matchers=selector.matchers, rated=False)
    yield from faults_of(asked, exposed, POSSIBLE | calls)


def _labels(name: str, exposed: Exposed) -> set[str]:
    return OF_PROMETHEUS.get(name) or set().union(*exposed.series.get(name, []))
