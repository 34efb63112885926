"""alerts.predictions: what the document says of an SLO is what the real promtool sees its rules do."""

import subprocess

import pytest

from alerts import predictions, rule_files
from slo import event_series, promtool, scenarios
from slo.catalogue import Catalogue
from slo.forecast import Plan
from slo.input_series import counters, vanishing
from slo.promtool import Case, samples_equal
from tests.slo.answers import BOTH_PROMTOOLS, EVENTS, catalogue, document, slo
from tools.install import find

PER_WINDOW = EVENTS.replace("rate(", "increase(")
RAW = "\n      raw: {error_ratio_query: 'avg_over_time(share[{{.window}}])'}"
SHAPES = {
    "a month at 99.9": {},
    "a month at 99": {"objective": "99"},
    "increases over a week": {"sli": PER_WINDOW, "objective": "99.5", "more": "    window: 7d\n"},
    "a day": {"objective": "99", "more": "    window: 1d\n"},
    "a quarter at 99.99, one failure is enough": {
        "objective": "99.99",
        "more": "    window: 90d\n",
        "alerting": "      min_failures: 1\n",
    },
}


def _count(severity: str) -> str:
    return f'count(ALERTS{{alertname="Burning", alertstate="firing", sloth_severity="{severity}"}}) or vector(0)'


def _passes(promtool_name: str, found: Catalogue, step: int, case: Case, folder) -> None:
    (file,) = found.files
    (made,) = rule_files.build(found, frozenset({"rules", "alerts"}))
    (folder / "rules.yaml").write_text(made.text)
    text = promtool.to_yaml("rules.yaml", step, [group.name for group in rule_files.groups_of(file)], [case])
    (folder / "test.yaml").write_text(text)
    command = [str(find(promtool_name)), "test", "rules", "test.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _case(plan: Plan, checks, series) -> Case:
    return Case("course", (), plan.sample_seconds, counters(series, plan), tuple(checks))


def _around(severity: str, step: int, begin: int, end: int, fires, over):
    """Silent just before the earliest moment and from the latest on; firing between, for every Prometheus."""
    yield samples_equal(begin + fires[0] - step, _count(severity), 0)
    yield samples_equal(begin + fires[1], _count(severity), 1)
    yield samples_equal(end + over[0] - step, _count(severity), 1)
    yield samples_equal(end + over[1], _count(severity), 0)


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
@pytest.mark.parametrize("shape", SHAPES)
def test_page_and_ticket_fire_and_end_as_predicted(shape, tool, tmp_path):
    """To the evaluation, on Prometheus 2 and 3."""
    found = catalogue(document(slo(**SHAPES[shape])), tmp_path)
    (one,) = found.slos
    series, base, course = event_series.find(one.sli), predictions.plan(one), predictions.of(one)
    outage, burn = scenarios.outage(base), predictions.burn(base)
    ends = scenarios.HISTORY + outage.phases[-2].seconds, scenarios.TICKET_HISTORY + burn.phases[1].seconds
    page = _around("page", outage.step_seconds, scenarios.HISTORY, ends[0], course.page, course.page_over)
    _passes(tool, found, outage.step_seconds, _case(outage, page, series), tmp_path)
    ticket = _around("ticket", burn.step_seconds, scenarios.TICKET_HISTORY, ends[1], course.ticket, course.ticket_over)
    _passes(tool, found, burn.step_seconds, _case(burn, ticket, series), tmp_path)


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_an_absent_sli_is_told_as_predicted(tool, tmp_path):
    """So long after the last sample; the evaluation before is silent."""
    found = catalogue(document(slo(alerting="      absent_after: 20m\n")), tmp_path)
    (one,) = found.slos
    plan = scenarios.half_burn(predictions.plan(one))
    inputs = vanishing(counters(event_series.find(one.sli), plan), 600 // plan.sample_seconds + 1)
    told = 600 + predictions.absent_after(one)
    count = 'count(ALERTS{alertname="BurningAbsent", alertstate="firing"}) or vector(0)'
    checks = (samples_equal(told - 60, count, 0), samples_equal(told, count, 1))
    _passes(tool, found, 60, Case("gone", (), plan.sample_seconds, inputs, checks), tmp_path)


@pytest.mark.parametrize(
    ("shape", "page", "ticket"),
    [
        ({"objective": "50"}, False, True),
        ({"sli": RAW}, True, True),
    ],
    ids=["an objective that no outage can page for", "a raw ratio"],
)
def test_what_does_not_happen_is_not_predicted(shape, page, ticket, tmp_path):
    """Where a burn rate is beyond 100 %, nobody is told a time."""
    course = predictions.of(catalogue(document(slo(**shape)), tmp_path).slos[0])
    assert (course.page is not None, course.ticket is not None) == (page, ticket)
    assert (course.page_over is not None) == page


def test_a_plugin_is_not_predicted(tmp_path):
    """Only the real sloth knows what it measures."""
    text = document(slo(sli="\n      plugin: {id: getting_started/availability, options: {}}"))
    assert predictions.of(catalogue(text, tmp_path).slos[0]) is None
