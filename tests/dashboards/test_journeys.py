"""The journeys' page: what it says of journeys that pass, are slow, fail or are not walked, and where it comes from."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import index, journeys
from dashboards.model import Dashboard, Panel
from dashboards.queries import queries
from slo.catalogue import Catalogue
from slo.conventions import VISITS_BY_OUTCOME
from synthetics.journey import Outcome
from synthetics.probe_visit import Visited
from tools.install import find

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "alerts/runbooks"
TABLE, STATES = "Every journey, the worst first", "Each journey, over time"


@pytest.fixture
def board(catalogue: Catalogue) -> Dashboard:
    """The page."""
    return journeys.build(catalogue)


def panel(board: Dashboard, title: str) -> Panel:
    """The first one of this title."""
    return next(each for each in board.panels if each.title == title)


def without(catalogue: Catalogue) -> Catalogue:
    """*catalogue* without any promise about a journey."""
    files = tuple(file for file in catalogue.files if not any(slo.journey for slo in file.slos))
    assert len(files) == len(catalogue.files) - 1
    return replace(catalogue, files=files)


def with_gifts(catalogue: Catalogue) -> Catalogue:
    """*catalogue* with a promise more, about a journey `wrap.gift`."""
    (file,) = [file for file in catalogue.files if any(slo.journey for slo in file.slos)]
    (spec,) = file.specs
    alerting = replace(spec.slos[0].alerting, name="JourneyWrapGift")
    gifts = replace(spec.slos[0], name="wrap.gift", journey="wrap.gift", alerting=alerting)
    longer = replace(file, specs=(replace(spec, slos=(*spec.slos, gifts)),))
    return replace(catalogue, files=tuple(longer if each is file else each for each in catalogue.files))


# --- for whom ---------------------------------------------------------------------------------------------------


def test_only_who_has_journeys_has_their_page(catalogue: Catalogue, strangers: Catalogue) -> None:
    """Neither whoever brings specs of other things, nor a shop that is not probed."""
    for each, there in ((catalogue, True), (without(catalogue), False), (strangers, False)):
        assert (journeys.UID in {board.uid for board in index.dashboards(each)}) is there


def test_user_experience_shows_probes_where_there_are_any(catalogue: Catalogue) -> None:
    """Shares of visits, the steps to an order, how fresh prices are; a row of their own, or none."""
    (page,) = [each for each in index.dashboards(catalogue) if each.uid == "tw-user-experience"]
    (row,) = [each for each in page.rows if "probes" in each.title]
    assert [each.title for each in row.panels] == [
        "Visits of probes that passed",
        "p95 of the steps to an order",
        "A new price is seen after",
    ]
    (page,) = [each for each in index.dashboards(without(catalogue)) if each.uid == "tw-user-experience"]
    asked = [query.expression for each in page.panels for query in each.queries]
    assert [each for each in asked if "journey" in each] == []
    addresses = {link.url for each in page.panels for link in each.links}
    assert [each for each in addresses if journeys.UID in each] == []


def test_a_new_journey_appears_by_itself(catalogue: Catalogue) -> None:
    """Its promise suffices: in the table with its own alert, in the count of what is not walked, in the budgets."""
    for known, there in ((catalogue, False), (with_gifts(catalogue), True)):
        page = journeys.build(known)
        for title in (TABLE, "Journeys not walked", "Burn rate", "Budget left"):
            for query in panel(page, title).queries:
                assert ("wrap[.]gift" in query.expression) is there, title
        for query in panel(page, TABLE).queries:
            assert ('"alert", "JourneyWrapGift", "journey", "wrap[.]gift"' in query.expression) is there


def test_each_journey_leads_to_a_runbook_that_is_there(board: Dashboard, catalogue: Catalogue) -> None:
    """By the name of its alert, which the table shows."""
    table = panel(board, TABLE)
    (column,) = [each for each in table.columns if each.source == "alert"]
    assert [link.url for link in column.links] == [
        "https://runbooks.tillwatch.example/${__data.fields.alert:percentencode}"
    ]
    alerts = dict(re.findall(r'"alert", "(\w+)", "journey", "([\w-]+)"', table.queries[0].expression))
    assert alerts == {slo.alerting.name: slo.journey for slo in journeys.judged(catalogue)}
    assert [name for name in alerts if not (RUNBOOKS / f"{name}.md").exists()] == []


# --- what it says -----------------------------------------------------------------------------------------------


def visits(journey: str, outcome: str, values: str) -> dict[str, str]:
    """Recorded visits a second, in promtool's notation, a minute apart."""
    return {f'{VISITS_BY_OUTCOME}{{job="journeys",journey="{journey}",outcome="{outcome}"}}': values}


WALKED = {
    **visits("buy", "passed", "0.01x20"),
    **visits("buy", "slow", "0.002x20"),
    **visits("buy", "failed", "0.008x20"),
    **visits("refund", "passed", "0.01x20"),
    **visits("refund", "slow", "0x20"),
    **visits("refund", "failed", "0.01x20"),
    **visits("browse", "passed", "0.02x20"),
    **visits("browse", "slow", "0x20"),
    **visits("browse", "failed", "0x20"),
    **visits("search", "passed", "0.015x20"),
    **visits("search", "slow", "0.005x20"),
    **visits("search", "failed", "0x20"),
    **visits("account", "passed", "0x20"),
    **visits("account", "slow", "0x20"),
    **visits("account", "failed", "0x20"),
    **{
        f'journey_last_attempt_timestamp_seconds{{job="journeys",journey="{journey}"}}': f"{at}x20"
        for journey, at in (("buy", 590), ("browse", 540), ("search", 580), ("account", 120))
    },
    'slo:period_error_budget_remaining:ratio{sloth_service="journeys",sloth_slo="buy"}': "-0.5x20",
    'slo:period_error_budget_remaining:ratio{sloth_service="orders",sloth_slo="buy"}': "0.9x20",
}
"""At ten minutes: buying and refunds fail, browsing passes, searching is slow, accounts are not walked."""


def told(
    board: Dashboard, title: str, place: int, expected: Mapping[str, float], tmp_path: Path, alert: str = ""
) -> str:
    """promtool's word on a query after ten minutes of WALKED; "" where it answers *expected*, by journey.

    Args:    alert: with which each series is labelled as well, `{}` for the name of its journey.
    """
    asked = [each for each in queries([board]) if each.panel == title][place]
    samples = [
        {"labels": f'{{journey="{journey}"{alert.format(journey.capitalize())}}}', "value": value}
        for journey, value in expected.items()
    ]
    expression = f"round({asked.expression}, 0.001)"
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in WALKED.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": "10m", "exp_samples": samples}],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [case]}), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_a_journey_is_failed_before_it_is_slow_and_not_walked_before_it_passed(
    board: Dashboard, tmp_path: Path
) -> None:
    """0 passed, 1 slow, 2 failed, 3 not walked: what does not happen is not right."""
    expected = {"browse": 0, "search": 1, "buy": 2, "refund": 2, "account": 3}
    assert told(board, STATES, 0, expected, tmp_path) == ""
    assert "FAILED" in told(board, STATES, 0, expected | {"account": 0}, tmp_path)
    meant = {each.value: each.text for each in panel(board, STATES).meanings}
    assert meant == {0: "passed", 1: "slow", 2: "failed", 3: "not walked"}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Passed", {"buy": 0.5, "browse": 1, "search": 0.75}),
        ("Budget left", {"buy": -0.5}),
        ("Last visit", {"buy": 10, "browse": 60, "search": 20, "account": 480}),
    ],
)
def test_the_table_has_a_line_for_each_journey(
    board: Dashboard, tmp_path: Path, column: str, expected: dict[str, float]
) -> None:
    """Every number with the same labels, so that they stand in one line; none of another service's promise."""
    (source,) = [each.source for each in panel(board, TABLE).columns if each.title == column]
    said = told(board, TABLE, ord(source) - ord("A"), expected, tmp_path, ',alert="Journey{}"')
    assert said == ""


def test_slow_visits_have_not_passed(board: Dashboard) -> None:
    """As the promises count: the page and the budget must not disagree."""
    for title in (TABLE, "Journeys that do not pass", "Visits that did not pass"):
        assert 'outcome=~"slow|failed"' in panel(board, title).queries[0].expression


# --- where it comes from ----------------------------------------------------------------------------------------


def test_what_is_drawn_is_read_recorded(dashboards: dict[str, Dashboard]) -> None:
    """Of raw histograms there are a thousand series: none is read for a line; no window is longer than is recorded."""
    for uid in (journeys.UID, "tw-user-experience"):
        for each in queries([dashboards[uid]]):
            if each.instant or "journey_" not in each.expression:
                continue
            assert not re.search(r"_bucket\{[^}]*\}\[(?!1ms)", each.expression), each.panel
            assert set(re.findall(r"\[(\w+)\]", each.expression)) <= {"5m", "2m", "1ms"}, each.panel


def test_lines_of_visits_lead_to_their_traces(board: Dashboard) -> None:
    """The probes' own line has the fields that the page asks for, and the id that Grafana makes a link of."""
    visited = Visited(journey="buy", outcome=Outcome.FAILED, seconds=1.0, trace_id="0" * 31 + "a", step="check out")
    line = visited.line(datetime.now(UTC), "local")
    (logs,) = [each for each in board.panels if each.kind == "logs"]
    (asked,) = re.findall(r"\| json \| (\w+)=~", logs.queries[0].expression)
    assert asked in json.loads(line)
    sources: dict[str, Any] = yaml.safe_load(
        (ROOT / "local/compose/grafana/datasources/tillwatch.yaml").read_text(encoding="utf-8")
    )
    (loki,) = [each for each in sources["datasources"] if each["type"] == "loki"]
    (trace,) = loki["jsonData"]["derivedFields"]
    found = re.search(trace["matcherRegex"], line)
    assert found is not None
    assert found[1] == visited.trace_id
