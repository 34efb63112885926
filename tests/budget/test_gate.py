"""Canned facts in, a decision out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from budget.answers import Sample
from budget.gate import decide, dependencies
from budget.gate_decision import Decision, Request
from budget.gate_document import document, passed
from budget.gate_facts import BAD, RATIO, TOTAL, Facts, Measurements
from budget.gate_rules import Finding
from budget.policy import Change, Outcome, RuleName
from budget.readings import HOUR_EVENTS, NEWEST, Readings
from slo import conventions
from slo.catalogue import Catalogue
from slo.load import load
from tests.budget.canned import DAY, FIGURES, NOW, UP, group, readings, sample

CALM = FIGURES | {conventions.CURRENT_BURN_RATE: 0.5}
PAGE = {"alertname": "ShopUp", "alertstate": "firing", conventions.SEVERITY: "page"}
RARE = {conventions.ID: "shop-rare", conventions.SERVICE: "shop", conventions.SLO: "rare"}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The shop, which calls the bank, which calls the vault."""
    return promised(tmp_path_factory.mktemp("specs"), shop=["bank"], bank=["vault"], vault=[])


def promised(folder: Path, **services: list[str]) -> Catalogue:
    """One SLO called up of each service, with what it depends on."""
    for name, others in services.items():
        query = {"error_query": "sum(rate(bad[{{.window}}]))", "total_query": "sum(rate(all[{{.window}}]))"}
        slo = {"name": "up", "objective": 99.9, "sli": {"events": query}, "alerting": {"name": f"{name}Up"}}
        written = {"version": "prometheus/v1", "service": name, "slos": [slo], "depends_on": others}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(written))
    return load([str(folder)])


def facts(*alerts: Mapping[str, str], figures: Mapping[str, float] = CALM, now: float = NOW, **changes: Any) -> Facts:
    """What is known of the shop's only SLO; the bank and the vault are well."""
    given = readings(*alerts, figures=figures, **changes)
    return Facts(now=now, readings=joined(given, well("bank"), well("vault")))


def well(service: str, **figures: float) -> Readings:
    """A service that nothing is wrong with, but for *figures*."""
    ids = {conventions.ID: f"{service}-up", conventions.SERVICE: service, conventions.SLO: "up"}
    records = {name: (sample(ids, value),) for name, value in (CALM | figures).items()}
    return Readings(records=records, at=NOW)


def joined(first: Readings, *others: Readings) -> Readings:
    """All of it as one server's."""
    names = {name for each in (first, *others) for name in each.records}
    records = {
        name: tuple(found for each in (first, *others) for found in each.records.get(name, ())) for name in names
    }
    return replace(first, records=records)


def told(
    given: Facts, catalogue: Catalogue | None, change: str = "release", environment: str = "production"
) -> Decision:
    """What a change of the shop is told."""
    return decide(Request(service="shop", environment=environment, change=Change(change)), given, catalogue)


def rules(decision: Decision) -> list[str]:
    """The rules that apply, the worst first."""
    return [reason.rule.value for reason in decision.reasons]


def test_nothing_speaks_against_it(catalogue: Catalogue) -> None:
    """Budget left, no burn, figures of now."""
    decision = told(facts(), catalogue)
    assert (decision.outcome, decision.reasons) == (Outcome.GO, ())


@pytest.mark.parametrize(
    ("changes", "outcome", "rule"),
    [
        pytest.param({conventions.BUDGET_REMAINING: 0}, Outcome.FREEZE, "budget-spent", id="nothing left"),
        pytest.param({conventions.BUDGET_REMAINING: 0.249}, Outcome.SLOW, "little-left", id="less than a quarter"),
        pytest.param({conventions.BUDGET_REMAINING: 0.25}, Outcome.GO, None, id="a quarter"),
        pytest.param(
            {conventions.CURRENT_BURN_RATE: 15, conventions.sli_ratio("1h"): 0.015},
            Outcome.HOLD,
            "burning",
            id="five minutes and an hour beyond the quick page's 14.4",
        ),
        pytest.param({conventions.CURRENT_BURN_RATE: 15}, Outcome.GO, None, id="five minutes alone"),
        pytest.param(
            {conventions.sli_ratio("1h"): 0.007, conventions.recent_ratio("6h"): 0.0061},
            Outcome.HOLD,
            "burning",
            id="hours beyond the slow page's 6",
        ),
        pytest.param(
            {conventions.sli_ratio("1h"): 0.004, conventions.recent_ratio("6h"): 0.0031},
            Outcome.SLOW,
            "burning-for-hours",
            id="hours beyond the quick ticket's 3",
        ),
        pytest.param({NEWEST: NOW - 301}, Outcome.HOLD, "stale", id="measured five minutes ago"),
        pytest.param({HOUR_EVENTS: 69}, Outcome.HOLD, "low-traffic", id="too few events in an hour"),
    ],
)
def test_figures_decide(catalogue: Catalogue, changes: Mapping[str, float], outcome: Outcome, rule: str | None) -> None:
    """Each at its threshold."""
    decision = told(facts(figures=CALM | changes), catalogue)
    assert (decision.outcome, rules(decision)) == (outcome, [] if rule is None else [rule])


@pytest.mark.parametrize("record", [conventions.BUDGET_REMAINING, conventions.CURRENT_BURN_RATE])
def test_a_figure_that_is_missing_holds(catalogue: Catalogue, record: str) -> None:
    """A young SLO has no budget yet; one whose SLI has just gone has no burn rate."""
    figures = {name: value for name, value in CALM.items() if name != record}
    assert rules(told(facts(figures=figures), catalogue)) == ["no-data"]


@pytest.mark.parametrize(
    ("alert", "outcome", "rule"),
    [
        pytest.param(PAGE, Outcome.HOLD, "page-firing", id="a page"),
        pytest.param(PAGE | {conventions.SEVERITY: "ticket"}, Outcome.SLOW, "ticket-firing", id="a ticket"),
        pytest.param(PAGE | {"alertstate": "pending"}, Outcome.SLOW, "ticket-firing", id="one that waits"),
        pytest.param(PAGE | {"alertname": "ShopUpAbsent"}, Outcome.HOLD, "sli-absent", id="the SLI is gone"),
    ],
)
def test_alerts_decide(catalogue: Catalogue, alert: Mapping[str, str], outcome: Outcome, rule: str) -> None:
    """Whatever the figures say."""
    decision = told(facts(alert), catalogue)
    assert (decision.outcome, rules(decision)) == (outcome, [rule])


def test_the_gravest_comes_first(catalogue: Catalogue) -> None:
    """All of it is said."""
    decision = told(facts(PAGE, figures=CALM | {conventions.BUDGET_REMAINING: -0.5, NEWEST: NOW - 600}), catalogue)
    assert rules(decision) == ["budget-spent", "page-firing", "stale"]
    assert decision.outcome is Outcome.FREEZE
    assert decision.reasons[0].says == "150% of the error budget of 30d is spent"


def test_a_page_of_the_service_that_is_no_slos_holds(catalogue: Catalogue) -> None:
    """ServiceDown names a service and no SLO; another's is nothing to the shop, unless it calls it."""
    down = {"alertname": "ServiceDown", "service": "shop"}
    assert rules(told(replace(facts(), pages=(sample(down),)), catalogue)) == ["page-firing"]
    assert told(replace(facts(), pages=(sample({**down, "service": "vault"}),)), catalogue).outcome is Outcome.GO
    assert told(replace(facts(), pages=(sample({**down, "service": "bank"}),)), catalogue).outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("figures", "outcome"),
    [
        pytest.param({conventions.BUDGET_REMAINING: -1.0}, Outcome.SLOW, id="spent"),
        pytest.param({conventions.CURRENT_BURN_RATE: 20, conventions.sli_ratio("1h"): 0.02}, Outcome.HOLD, id="burns"),
        pytest.param({conventions.BUDGET_REMAINING: 0.1}, Outcome.GO, id="has little left"),
        pytest.param({NEWEST: NOW - 900}, Outcome.HOLD, id="is stale"),
        pytest.param({HOUR_EVENTS: 5}, Outcome.SLOW, id="has few calls"),
    ],
)
def test_a_dependency_never_freezes(catalogue: Catalogue, figures: Mapping[str, float], outcome: Outcome) -> None:
    """Its owner does that; whoever calls it waits while it burns, and goes with care afterwards."""
    given = joined(readings(figures=CALM), well("bank", **figures), well("vault"))
    assert told(Facts(now=NOW, readings=given), catalogue).outcome is outcome


def test_what_a_dependency_depends_on_is_not_looked_at(catalogue: Catalogue) -> None:
    """The bank's own SLOs say whether the vault's failures reach the shop."""
    burns = well("vault", **{conventions.CURRENT_BURN_RATE: 20, conventions.sli_ratio("1h"): 0.02})
    given = joined(readings(figures=CALM), well("bank"), burns)
    assert told(Facts(now=NOW, readings=given), catalogue).outcome is Outcome.GO
    assert dependencies(catalogue, "shop") == ("bank",)


@pytest.mark.parametrize(
    ("rare_events", "busy_events", "outcome"),
    [
        pytest.param(900, 5000, Outcome.GO, id="rare all month, and another SLO is busy"),
        pytest.param(900, 5, Outcome.HOLD, id="no SLO is busy"),
        pytest.param(900_000, 5000, Outcome.HOLD, id="usually frequent: its silence is news"),
    ],
)
def test_what_is_always_rare_holds_nothing(
    catalogue: Catalogue, rare_events: float, busy_events: float, outcome: Outcome
) -> None:
    """Payments without an answer are few on a good day: their budget counts, their quiet hour does not."""
    rare = CALM | {HOUR_EVENTS: 0, conventions.total_increase("30d"): rare_events}
    records = {name: (sample(RARE, value),) for name, value in rare.items()}
    busy = readings(figures=CALM | {HOUR_EVENTS: busy_events})
    given = joined(busy, Readings(records=records, at=NOW), well("bank"))
    decision = told(Facts(now=NOW, readings=given), catalogue)
    assert decision.outcome is outcome
    assert {"rare-events", "low-traffic"} & set(rules(decision))


def test_the_worst_copy_decides_and_is_named(catalogue: Catalogue) -> None:
    """East is well, west pages."""
    east, west = {**UP, "cluster": "east"}, {**UP, "cluster": "west"}
    records = {name: (sample(east, value), sample(west, value)) for name, value in CALM.items()}
    given = Readings(records=records, alerts=(sample({**west, **PAGE}),), at=NOW)
    decision = told(Facts(now=NOW, readings=joined(given, well("bank"))), catalogue)
    assert [(reason.rule.value, reason.labels) for reason in decision.reasons] == [("page-firing", {"cluster": "west"})]
    assert [(row.labels["cluster"], decision.of(row)) for row in decision.slos] == [
        ("east", Outcome.GO),
        ("west", Outcome.HOLD),
    ]


def test_a_copy_that_was_lost_an_hour_ago_holds(catalogue: Catalogue) -> None:
    """Its rules still write of the others; an SLO that is gone as a whole is none of it."""
    east, west = {**UP, "cluster": "east"}, {**UP, "cluster": "west"}
    records = {name: (sample(east, value),) for name, value in CALM.items()}
    seen = (sample(east, NOW - 20), sample(west, NOW - 3600), sample({**west, conventions.ID: "shop-gone"}, NOW - 60))
    given = Facts(now=NOW, readings=joined(Readings(records=records, at=NOW), well("bank")), seen=seen)
    (reason,) = told(given, catalogue).reasons
    assert (reason.rule, reason.slo, reason.labels) == (RuleName.STALE, "shop-up", {"cluster": "west"})
    assert reason.says == "this copy of it was last measured 1h ago"


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [("production", Outcome.FREEZE), ("staging", Outcome.GO), ("prod", Outcome.HOLD)],
)
def test_copies_of_other_environments_do_not_count(catalogue: Catalogue, environment: str, outcome: Outcome) -> None:
    """One Prometheus knows both; a name that it does not know is not taken for well."""
    production, staging = {**UP, "environment": "production"}, {**UP, "environment": "staging"}
    spent = {conventions.BUDGET_REMAINING: -1.0}
    records = {name: (sample(production, (CALM | spent)[name]), sample(staging, value)) for name, value in CALM.items()}
    given = Facts(now=NOW, readings=joined(Readings(records=records, at=NOW), well("bank")))
    assert told(given, catalogue, environment=environment).outcome is outcome


@pytest.mark.parametrize("seconds", [-301, 301])
def test_clocks_that_differ_hold(catalogue: Catalogue, seconds: float) -> None:
    """An answer of before may come from a cache; which clock is right nobody knows."""
    assert rules(told(facts(now=NOW + seconds), catalogue)) == ["clocks-differ"]
    assert told(facts(now=NOW + seconds * 0.9), catalogue).outcome is Outcome.GO


def test_rules_that_fail_hold(catalogue: Catalogue) -> None:
    """What they recorded before says nothing of now."""
    (reason,) = told(facts(groups=(group(UP, health="err"),)), catalogue).reasons
    assert (reason.rule, reason.says) == (RuleName.STALE, "r fails: many-to-many")


def test_a_service_that_nobody_promised_anything_of_holds(catalogue: Catalogue) -> None:
    """With the name that was perhaps meant."""
    (reason,) = decide(Request(service="shopp", environment="production"), facts(), catalogue).reasons
    assert (reason.rule, reason.decision) == (RuleName.UNKNOWN_SERVICE, Outcome.HOLD)
    assert reason.says == "no spec has an SLO of shopp: did you mean shop?"


def test_one_slo_without_rules_holds_and_is_named(tmp_path: Path) -> None:
    """That another is well does not stand for it."""
    records = {name: (sample(RARE, value),) for name, value in CALM.items()}
    given = Facts(now=NOW, readings=Readings(records=records, at=NOW))
    (reason,) = told(given, promised(tmp_path, shop=[])).reasons
    assert reason.rule is RuleName.NO_RULES
    assert reason.says.startswith("this Prometheus has no rules of shop-up: load")


def test_what_cannot_be_read_holds(catalogue: Catalogue) -> None:
    """Neither a server that is away nor specs that are broken are a go."""
    away = (Finding(rule=RuleName.UNREADABLE, says="it is away"),)
    assert told(Facts(now=NOW, faults=away), catalogue).outcome is Outcome.HOLD
    assert told(replace(facts(), faults=away), None).outcome is Outcome.HOLD


# --- seeded ---------------------------------------------------------------------------------------------------------


def _seeded(hours_ago: float, sums: Mapping[str, float], **changes: Any) -> Facts:
    """Facts of a shop whose past is seeded until so long ago, with *sums* over what was measured since."""
    given = facts(seeded=(NOW - 35 * DAY, NOW - hours_ago * 3600), **changes)
    names = [
        {conventions.ID: f"{name}-up", conventions.SERVICE: name, conventions.SLO: "up"} for name in ("shop", "bank")
    ]
    measured = {name: tuple(sample(ids, value) for ids in names) for name, value in sums.items()}
    return replace(given, measured={30: Measurements(seconds=hours_ago * 3600 - 600, sums=measured)})


@pytest.mark.parametrize(
    ("hours_ago", "sums", "outcome"),
    [
        pytest.param(10, {BAD: 5, TOTAL: 10_000}, Outcome.GO, id="half of what ten hours allow"),
        pytest.param(10, {BAD: 11, TOTAL: 10_000}, Outcome.FREEZE, id="more than they allow"),
        pytest.param(10, {RATIO: 0.0011}, Outcome.FREEZE, id="rules that count no events"),
        pytest.param(10, {BAD: 0, TOTAL: 0}, Outcome.HOLD, id="nothing was measured"),
        pytest.param(10, {}, Outcome.HOLD, id="nothing was recorded"),
        pytest.param(0.9, {BAD: 0, TOTAL: 10_000}, Outcome.HOLD, id="less than an hour"),
    ],
)
def test_outside_local_only_what_was_measured_counts(
    catalogue: Catalogue, hours_ago: float, sums: Mapping[str, float], outcome: Outcome
) -> None:
    """The seeded part says three quarters are left, whatever was measured."""
    assert told(_seeded(hours_ago, sums), catalogue).outcome is outcome
    assert told(_seeded(hours_ago, sums), catalogue, environment="local").outcome is Outcome.GO


def test_six_hours_that_are_partly_seeded_do_not_count(catalogue: Catalogue) -> None:
    """Two hours after the seeded past their burn rate is mostly made up."""
    ratios = {conventions.sli_ratio("1h"): 0.004, conventions.recent_ratio("6h"): 0.004}
    calm = {BAD: 0, TOTAL: 10_000}
    assert told(_seeded(2, calm, figures=CALM | ratios), catalogue).outcome is Outcome.GO
    assert told(_seeded(7, calm, figures=CALM | ratios), catalogue).outcome is Outcome.SLOW


def test_a_seeded_past_before_the_period_is_nothing(catalogue: Catalogue) -> None:
    """The whole period was measured."""
    given = facts(seeded=(NOW - 80 * DAY, NOW - 31 * DAY))
    assert told(given, catalogue).outcome is Outcome.GO


# --- changes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figures", "alerts", "outcome"),
    [
        pytest.param({conventions.BUDGET_REMAINING: -1.0}, (), Outcome.SLOW, id="a freeze"),
        pytest.param({}, (PAGE,), Outcome.SLOW, id="a page that it may end"),
        pytest.param({conventions.BUDGET_REMAINING: -1.0}, (PAGE,), Outcome.SLOW, id="both"),
        pytest.param({HOUR_EVENTS: 3}, (), Outcome.SLOW, id="few events are data"),
        pytest.param({}, (), Outcome.GO, id="nothing at all"),
        pytest.param({conventions.BUDGET_REMAINING: -1.0, NEWEST: NOW - 900}, (), Outcome.HOLD, id="stale data"),
    ],
)
def test_a_fix_passes_what_is_known(
    catalogue: Catalogue, figures: Mapping[str, float], alerts: tuple[Mapping[str, str], ...], outcome: Outcome
) -> None:
    """And never what is not."""
    assert told(facts(*alerts, figures=CALM | figures), catalogue, "fix").outcome is outcome


def test_reasons_of_a_rollback_say_what_they_would_have_been(catalogue: Catalogue) -> None:
    """It goes; the document keeps both."""
    decision = told(facts(figures=CALM | {conventions.BUDGET_REMAINING: -1.0}), catalogue, "rollback")
    found = document(decision)
    assert (found["decision"], found["as_release"], found["exit_code"]) == ("go", "freeze", 0)
    assert found["warning"] == "this rollback passes; a release of shop would be told FREEZE"
    assert [(each["decision"], each["as_release"]) for each in found["reasons"]] == [("go", "freeze")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param("rollback", "proves neither that going back works", id="it passes unasked"),
        pytest.param("fix", None, id="a fix is judged"),
        pytest.param("release", None, id="and so is a release"),
    ],
)
def test_a_rollback_is_warned_of_also_where_a_release_would_go(
    catalogue: Catalogue, change: str, says: str | None
) -> None:
    """Its go is no finding; no log line is kept, for nothing was passed over."""
    decision = told(facts(figures=CALM), catalogue, change)
    assert decision.as_release is Outcome.GO
    warned = document(decision)["warning"]
    assert (warned is None) if says is None else (says in warned)
    assert passed(decision) is None


def test_names_of_strangers_are_told_as_they_are(catalogue: Catalogue) -> None:
    """A label may hold anything; the document is data."""
    strange = {**UP, "cluster": "<b>\x1b[2J"}
    records = {name: (Sample(labels=strange, value=value, at=NOW),) for name, value in CALM.items()}
    given = Facts(now=NOW, readings=joined(Readings(records=records, at=NOW), well("bank")))
    assert document(told(given, catalogue))["slos"][0]["labels"] == {"cluster": "<b>\x1b[2J"}
