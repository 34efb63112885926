"""Every question of every dashboard: it parses, reads few samples, and names what its page has."""

from __future__ import annotations

import re
from collections import Counter

import promql_parser as pq
import pytest

from dashboards import alert_panels, index, oncall
from dashboards.model import Dashboard, Variable, ref_id
from dashboards.queries import Asked, filled, moments, offered, queries, values_of
from slo.catalogue import Catalogue
from slo.windows import read_seconds

RANGE = re.compile(r"\[((?:[0-9]+[wdhms])+)(?::[0-9a-z]*)?\]")
BESIDE_PANELS = ("annotation", "variable")
RECORDED = re.compile(r"^(slo|kpi):|^ALERTS|^sloth_slo_info$")


@pytest.fixture(scope="module")
def asked(dashboards: dict[str, Dashboard]) -> list[Asked]:
    """All of them, annotations and what variables offer as well."""
    boards = dashboards.values()
    return [*queries(boards), *moments(boards), *offered(boards)]


def test_each_is_promql(asked: list[Asked]) -> None:
    """As Prometheus' own grammar has it."""
    found = []
    for each in asked:
        if each.datasource == "prometheus":
            try:
                pq.parse(each.expression)
            except ValueError as error:
                found.append(f"{each.dashboard}: {each.panel} {each.ref_id}: {error}")
    assert found == []
    assert len(asked) > 400


def test_each_is_asked_of_a_known_source(asked: list[Asked]) -> None:
    """Of Prometheus or of Loki, and each of them somewhere."""
    assert {each.datasource for each in asked} == {"prometheus", "loki"}


def test_no_variable_is_left(asked: list[Asked]) -> None:
    """But what label_replace itself names so."""
    assert [each.expression for each in asked if re.search(r"\$(?!\d)", each.expression)] == []


def test_an_unknown_variable_is_told() -> None:
    """It would be sent as it is, and match nothing."""
    with pytest.raises(KeyError, match="nobody"):
        filled('up{job=~"$nobody"}', {"service": "a"})


@pytest.mark.parametrize(
    ("series", "everything", "expression"),
    [
        ("up", ".*", "group by (zone) (up)"),
        ("up", ".+", 'group by (zone) (up{zone!=""})'),
        ('up{job="a"}', "", 'group by (zone) (up{job="a",zone!=""})'),
        ("up{}", ".+", 'group by (zone) (up{zone!=""})'),
    ],
    ids=["a label that may be missing", "one that must be there", "among others", "of no others"],
)
def test_what_a_variable_offers(series: str, everything: str, expression: str) -> None:
    """The values of its label, which must be there unless its `All` lets it be missing."""
    zone = Variable(name="zone", label="Zone", query=f"label_values({series}, zone)", everything=everything)
    page = Dashboard(uid="tw-x", title="X", description="d", rows=(), variables=(zone,))
    (found,) = offered([page])
    assert (found.kind, found.panel, found.expression) == ("variable", "Zone", expression)


def test_another_kind_of_choice_is_told() -> None:
    """It would be passed over, and nobody would check it."""
    with pytest.raises(ValueError, match=r"zone: 'query_result\(up\)' is not label_values"):
        values_of(Variable(name="zone", label="Zone", query="query_result(up)"))


def test_choices_reach_the_questions(dashboards: dict[str, Dashboard]) -> None:
    """Of the one SLO that a page links to."""
    chosen = {"service": "orders", "slo": "latency"}
    found = {each.expression for each in queries([dashboards["tw-slo-detail"]], chosen, month=11)}
    assert all('sloth_service="orders",sloth_slo="latency"' in each for each in found)
    assert any("month() == bool 11" in each for each in found)


def test_long_windows_read_recorded_series(catalogue: Catalogue, asked: list[Asked]) -> None:
    """Beyond five minutes; but an alert's own number, and a version's age, which are asked for one moment alone."""
    numbers = {"Deploys, the newest first"} | {
        panel.title for uid in _uids(catalogue) for panel in alert_panels.of_dashboard(catalogue, uid)
    }
    for spec in catalogue.specs:
        numbers |= {panel.title for panel in alert_panels.of_service(catalogue, spec.service)}
    found = []
    for each in asked:
        if each.datasource != "prometheus" or each.kind in BESIDE_PANELS:
            continue
        longest = max((read_seconds(window) for window in RANGE.findall(each.expression)), default=0)
        metrics = set(re.findall(r"[a-zA-Z_:][\w:]*(?=[{\[])", each.expression))
        raw = {name for name in metrics if not RECORDED.search(name)}
        if longest > 300 and raw and not (each.panel in numbers and each.instant):
            found.append(f"{each.dashboard}: {each.panel}: {each.expression}")
    assert found == []


def _uids(catalogue: Catalogue) -> set[str]:
    return {alert.dashboard for alert in catalogue.alerts}


def test_a_page_asks_no_more_than_a_glance_is_worth(asked: list[Asked]) -> None:
    """On-call's, that everybody opens at once, no more than 25; no page more than 60 before somebody opens a row."""
    open_ = Counter(each.dashboard for each in asked if not each.collapsed and each.kind not in BESIDE_PANELS)
    assert open_["tw-oncall"] <= oncall.MOST_QUERIES
    assert {uid: number for uid, number in open_.items() if number > 60} == {}


def test_pages_of_thousands_of_slos_are_no_larger(strangers: Catalogue) -> None:
    """One overview and detail for all of them: as many questions for one SLO as for a thousand."""
    from dataclasses import replace

    spec = strangers.specs[0]
    many = tuple(replace(spec.slos[0], name=f"slo-{number}") for number in range(1000))
    file = replace(strangers.files[0], specs=(replace(spec, slos=many),))
    for few, all_ in zip(index.dashboards(strangers), index.dashboards(replace(strangers, files=(file,))), strict=True):
        assert few == all_


def test_lines_of_logs_are_selected_by_labels_that_are_shipped(asked: list[Asked]) -> None:
    """`service` and `level`, as the shipper has them; that they are LogQL is tests/dashboards/test_logql.py's."""
    matcher = r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"'
    lines = [each.expression for each in asked if each.datasource == "loki"]
    assert lines
    for expression in lines:
        selector = expression.partition(" | ")[0]
        assert re.fullmatch(rf"\{{{matcher}(,{matcher})*\}}", selector), expression
        assert {name for name, _, _ in re.findall(matcher, selector)} <= {"service", "level"}


@pytest.mark.parametrize(("place", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ")])
def test_ref_ids_count_as_grafanas_do(place: int, name: str) -> None:
    """A to Z, then AA."""
    assert ref_id(place) == name
