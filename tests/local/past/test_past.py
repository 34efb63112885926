"""What was laid down is what the rules would have recorded of what the counters say, asked of a real Prometheus."""

import math
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.past import contents, model
from local.past.timeline import DAY, PAST_SECONDS, RAW_SECONDS
from local.settings import ROOT
from slo import conventions, request_records
from slo.windows import read_seconds
from tests.contract.selectors import named

GENERATED = sorted((ROOT / "generated" / "prometheus" / "rules").glob("*.yaml"))
RULES = [file for file in GENERATED if (ROOT / "slo" / "specs" / file.name).exists()]
BACK_SECONDS = (600, DAY + 3_600, 2 * DAY + 7_200)
# What lies so far back has two weeks before it, one, or none, and is there every two minutes.
KPI_BACK_SECONDS = (8 * DAY, 18 * DAY + 600, 25 * DAY + 3_600, 32 * DAY)


def records(file: Path) -> list[dict[str, Any]]:
    """Recording rules of one generated file."""
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "record" in rule]


def selector(rule: dict[str, Any]) -> str:
    """The series that *rule* writes."""
    return rule["record"] + "{" + ",".join(f'{name}="{value}"' for name, value in rule["labels"].items()) + "}"


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_every_record_is_what_its_rule_makes_of_the_rest(past: Any, file: Path) -> None:
    """Its own expression, evaluated over the past at several moments: raw ones at a full minute, where rate() has
    nothing to extrapolate, derived ones a second later, where a subquery has as many steps as at any other time.
    """
    wrong = []
    for back in BACK_SECONDS:
        at = (past.seeded.end - back) // 120 * 120
        for rule in records(file):
            asked = at if "rate(" in rule["expr"] else at + 1
            made, found = past.server.instant(rule["expr"], at=asked), sample(past, rule, at)
            if is_kpi(rule) and not made and not found:
                continue  # hardly anything happened: there was no share
            if not (len(made) == len(found) == 1 and close(made[0].value, found[0].value) and same(rule, made, found)):
                wrong.append((rule["record"], rule["labels"], back, made, found))
    assert wrong == []


REQUESTS = ROOT / "generated/prometheus/rules" / f"{request_records.STEM}.yaml"
# Recorded here of what is drawn: nothing draws statements of databases, calls between services, nor times of steps.
NOT_DRAWN = {
    conventions.STATEMENTS_IN_TIME,
    conventions.CALLS_BY_OUTCOME,
    conventions.CALLS_IN_TIME,
    conventions.STEPS_IN_TIME,
    conventions.CHANGES_SEEN_IN_TIME,
}
WHOLE = (conventions.REQUESTS_BY_CODE, conventions.ANSWERS, conventions.ANSWERS_IN_TIME)


def test_every_record_of_requests_is_the_rate_of_what_is_there(past: Any) -> None:
    """Each series that the rule would write of the raw ones, at a full minute, and no other."""
    wrong, compared = [], 0
    for rule, back in product(records(REQUESTS), BACK_SECONDS):
        at = (past.seeded.end - back) // 120 * 120
        made = {by_labels(each, rule): each.value for each in past.server.instant(rule["expr"], at=at)}
        asked = f"last_over_time({rule['record']}[59s])"
        found = {by_labels(each, rule): each.value for each in past.server.instant(asked, at=at + 1)}
        compared += len(found)
        if bool(found) is (rule["record"] in NOT_DRAWN) or made.keys() != found.keys():
            wrong.append((rule["record"], back, made.keys() ^ found.keys()))
        wrong += [(rule["record"], back, key) for key in made.keys() & found.keys() if not close(made[key], found[key])]
    assert wrong == []
    assert compared > 500


def by_labels(sample: Any, rule: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """What tells the series of *rule* apart, with the labels that the rule writes."""
    labels = {**sample.labels, **rule.get("labels", {}), "__name__": rule["record"]}
    return frozenset(labels.items())


@pytest.mark.parametrize("record", WHOLE)
def test_services_have_been_looked_at_for_five_weeks(past: Any, record: str) -> None:
    """By job, as long as budgets reach back; by route, as long as the raw series do."""
    jobs = f"count(sum by (job) ({record}))"
    for back in (KPI_BACK_SECONDS[0], PAST_SECONDS - 3_600):
        at = (past.seeded.end - back) // 120 * 120
        (found,) = past.server.instant(jobs, at=at)
        assert found.value == 6


def test_every_kpi_is_compared_with_as_many_weeks_as_there_are(past: Any) -> None:
    """What is usual is told by the same expressions where history is short, and so is how short."""
    wrong, weeks, there = [], set(), 0
    for rule in (rule for file in RULES for rule in records(file) if is_kpi(rule) and "rate(" not in rule["expr"]):
        for back in KPI_BACK_SECONDS:
            at = (past.seeded.end - back) // 120 * 120
            made, found = past.server.instant(rule["expr"], at=at + 1), sample(past, rule, at)
            if not (len(made) == len(found) <= 1 and all(map(close, values(made), values(found)))):
                wrong.append((rule["record"], rule["labels"], back, made, found))
            there += len(found)
            weeks |= set(values(found)) if rule["record"] == conventions.KPI_WEEKS else set()
    assert wrong == []
    assert weeks == {0, 1, 2, 3}
    assert there > 0.9 * 3 * len(KPI_BACK_SECONDS) * len(kpis())


def test_every_kpi_was_nearly_always_there(past: Any) -> None:
    """Every one has a value in the last days, a share but for a few minutes of the night; none is NaN."""
    end = past.seeded.end
    minutes = past.server.instant(f"count_over_time({conventions.KPI_VALUE}[3d])", at=end)
    assert {(each.labels[conventions.KPI_SERVICE], each.labels[conventions.KPI]) for each in minutes} == kpis()
    assert min(values(minutes)) > 0.9 * 3 * DAY / 60
    assert past.server.instant(f"{conventions.KPI_VALUE} != {conventions.KPI_VALUE}", at=end) == ()


def kpis() -> set[tuple[str, str]]:
    """Service and name of each."""
    labels = [rule["labels"] for file in RULES for rule in records(file) if rule["record"] == conventions.KPI_VALUE]
    return {(each[conventions.KPI_SERVICE], each[conventions.KPI]) for each in labels}


def is_kpi(rule: dict[str, Any]) -> bool:
    """Whether *rule* is a KPI's, which may have nothing to record."""
    return conventions.KPI in rule["labels"]


def sample(past: Any, rule: dict[str, Any], at: int) -> Any:
    """What was laid down for *rule* at that minute, and not one of before: a KPI's may be missing."""
    return past.server.instant(f"last_over_time({selector(rule)}[59s])", at=at + 1)


def values(samples: Any) -> list[float]:
    """Their numbers."""
    return [each.value for each in samples]


def same(rule: dict[str, Any], made: Any, found: Any) -> bool:
    """Whether the series is the very one that the rule goes on writing: else both would stand side by side."""
    return {**made[0].labels, **rule["labels"], "__name__": rule["record"]} == dict(found[0].labels)


def close(left: float, right: float) -> bool:
    """Equal but for the order in which sums were made."""
    return math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-9)


def test_it_reaches_back_for_five_weeks_and_not_into_the_future(past: Any) -> None:
    """Recorded series all the way, raw ones for four days at least; the marker says from when to when."""
    end = past.seeded.end
    budget = f"count({conventions.BUDGET_REMAINING})"
    assert past.server.instant(budget, at=end - PAST_SECONDS + 3_600)
    assert past.server.instant('count(http_server_requests_total{traffic="user"})', at=end - RAW_SECONDS + 60)
    marks = [past.server.instant(f"{which}_over_time({contents.MARKER}[60d])", at=end + 1) for which in ("min", "max")]
    assert [mark[0].value for mark in marks] == [past.seeded.start, end - end % 60]
    assert past.server.instant(f"max(timestamp({contents.MARKER}))", at=end + 299)[0].value <= end


def test_budgets_differ_as_incidents_did(past: Any) -> None:
    """Most are well, one is overspent, one has about a quarter left; none of it is anybody's guess."""
    found = past.server.instant(conventions.BUDGET_REMAINING, at=past.seeded.end)
    left = {sample.labels[conventions.ID]: sample.value for sample in found}
    assert left["orders-event-delivery"] < 0
    assert 0.1 < left["payments-availability"] < 0.5
    assert sum(value > 0.5 for value in left.values()) > 0.7 * len(left)
    assert past.seeded.uncounted == ()


def test_nothing_fires_at_the_end(past: Any) -> None:
    """The own condition of each alert that reads records, for as long as it has to hold before the past ends."""
    fired, looked_at = [], 0
    for rule in (rule for file in GENERATED for rule in alerts(file)):
        looked_at += 1
        held = read_seconds(rule.get("for", "0s"))
        moments = range(past.seeded.end - held, past.seeded.end + 1, 60)
        if all(past.server.instant(rule["expr"], at=moment) for moment in moments):
            fired.append((rule["alert"], rule["labels"]))
    assert fired == []
    assert looked_at > 2 * len(RULES)


def alerts(file: Path) -> list[dict[str, Any]]:
    """Alerting rules of one generated file that read recorded series alone: others ask what the past does not have."""
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    told = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return [rule for rule in told if {":" in each.metric for each in named(rule["expr"])} == {True}]


@pytest.mark.parametrize("hour", [0, 9.5, 23.99])
def test_every_incident_would_have_been_seen(hour: float) -> None:
    """None so late that it still burns, none so early that it is not in the past, at whatever hour it is built."""
    anchor = 20_000 * DAY + hour * 3_600
    for incident in model.load().incidents:
        assert anchor - incident.began(anchor) - 60 * incident.minutes >= 4 * DAY
        assert anchor - incident.began(anchor) < PAST_SECONDS
        assert incident.began(anchor) == incident.began(20_000 * DAY)
        assert incident.errors or incident.slow or incident.visits != 1
