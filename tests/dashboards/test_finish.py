"""Each of grafanalib's gaps is mended: what it writes for today's Grafana, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards import finish, layout, panels
from dashboards.model import (
    GREEN,
    LOKI,
    RED,
    Annotation,
    Column,
    Dashboard,
    Limit,
    Link,
    Meaning,
    Panel,
    Query,
    Row,
    Variable,
)

KINDS = ("timeseries", "stat", "gauge", "bar_gauge", "table", "heatmap", "state_timeline", "logs", "text")


def panel(kind: Any, **fields: Any) -> Panel:
    """A panel of that kind, with everything that a panel can have."""
    asked = () if kind == "text" else (Query(expression="up", legend="{{job}}", exemplars=True),)
    known: dict[str, Any] = {
        "kind": kind,
        "title": kind,
        "description": "Shows something. Do something.",
        "unit": "percentunit",
        "queries": asked,
        "limits": (Limit(value=0.999, colour=RED),),
        "lowest": 0.5,
        "highest": 0.999,
        "links": (Link(title="There", url="/d/tw-oncall"),),
        "columns": (
            Column(source="job", title="Job"),
            Column(source="A", title="Up", limits=(Limit(value=1, colour=GREEN),)),
        ),
    }
    return Panel(**known | fields)


def board(*drawn: Panel, collapsed: bool = False) -> Dashboard:
    """A dashboard of one row."""
    return Dashboard(
        uid="tw-a",
        title="A",
        description="A.",
        rows=(Row(title="Row", panels=drawn, collapsed=collapsed),),
        variables=(
            Variable(name="datasource", label="Data source", query="prometheus", datasource=True),
            Variable(name="job", label="Job", query="label_values(up, job)", everything=".+", multiple=True),
        ),
        annotations=(Annotation(name="Down", expression="up == 0", colour=RED, title="{{job}}"),),
        tags=("tillwatch",),
    )


def raw(dashboard: Dashboard) -> dict[str, Any]:
    """As grafanalib has it."""
    return panels.draw(dashboard, layout.place(dashboard.rows))


def finished(dashboard: Dashboard) -> dict[str, Any]:
    """As Grafana gets it."""
    return finish.dashboard(raw(dashboard))


def only(kind: str, **fields: Any) -> dict[str, Any]:
    """The one panel of a dashboard, finished."""
    (_, drawn) = finished(board(panel(kind, **fields)))["panels"]
    return dict(drawn)


def test_the_dashboards_schema_is_todays() -> None:
    """grafanalib writes version 12, and keys that no longer mean anything."""
    before, after = raw(board(panel("stat"))), finished(board(panel("stat")))
    assert before["schemaVersion"] == 12
    assert after["schemaVersion"] == 39
    assert {"__inputs", "rows", "style", "hideControls", "sharedCrosshair", "gnetId"} <= before.keys()
    assert not {"__inputs", "rows", "style", "hideControls", "sharedCrosshair", "gnetId", "id"} & after.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_no_panel_keeps_a_key_of_the_past(kind: str) -> None:
    """Nor one without a value."""
    drawn = only(kind)
    allowed = {"id", "type", "title", "description", "datasource", "gridPos", "targets", "fieldConfig", "options"}
    assert drawn.keys() <= allowed | {"transformations", "links"}
    assert drawn["fieldConfig"].keys() == {"defaults", "overrides"}
    assert None not in drawn["fieldConfig"]["defaults"].values()


@pytest.mark.parametrize(
    ("kind", "type_"), [("gauge", "gauge"), ("bar_gauge", "bargauge"), ("heatmap", "heatmap"), ("table", "table")]
)
def test_panels_of_the_past_have_todays_shape(kind: str, type_: str) -> None:
    """grafanalib's GaugePanel, BarGauge and Heatmap are those from before Grafana 8."""
    drawn = only(kind)
    assert drawn["type"] == type_
    assert "fieldOptions" not in drawn["options"]
    if kind in ("gauge", "bar_gauge"):
        assert drawn["options"]["reduceOptions"] == {"calcs": ["lastNotNull"], "fields": "", "values": False}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("text", "logs")])
def test_limits_are_values_that_begin_with_null(kind: str) -> None:
    """Not the word "null"; whole numbers and fractions alike."""
    for value in (1, 0.999):
        steps = only(kind, limits=(Limit(value=value, colour=RED),))["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps == [{"color": GREEN, "value": None}, {"color": RED, "value": float(value)}]


def test_a_number_is_the_last_one_and_says_when_there_is_none() -> None:
    """grafanalib's Stat shows the mean, and the word "none"."""
    drawn = only("stat", no_value="nothing measured")
    assert drawn["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert drawn["fieldConfig"]["defaults"]["noValue"] == "nothing measured"


def test_a_table_has_its_columns_in_order_and_no_key_of_the_past() -> None:
    """Only those that are named, by their titles; links and limits on the cell."""
    drawn = only("table", sort_by="Up", descending=True)
    (_, kept, order) = drawn["transformations"]
    assert kept["options"] == {"include": {"names": ["job", "Value"]}}
    assert order["options"]["renameByName"] == {"job": "Job", "Value": "Up"}
    assert drawn["options"]["sortBy"] == [{"displayName": "Up", "desc": True}]
    assert "displayMode" not in drawn["fieldConfig"]["defaults"]["custom"]
    (_, up) = drawn["fieldConfig"]["overrides"]
    assert {each["id"] for each in up["properties"]} == {"unit", "thresholds", "custom.cellOptions"}


def test_columns_of_several_queries_are_told_apart() -> None:
    """As Grafana names them: by the query, where there is more than one."""
    several = (Query(expression="up", instant=True), Query(expression="down", instant=True))
    columns = (Column(source="A", title="Up"), Column(source="B", title="Down"))
    (_, kept, _) = only("table", queries=several, columns=columns)["transformations"]
    assert kept["options"]["include"]["names"] == ["Value #A", "Value #B"]


def test_queries_have_exemplars_and_range() -> None:
    """grafanalib's Target knows neither, and asks for every second point."""
    (target,) = only("timeseries")["targets"]
    assert (target["exemplar"], target["range"], target["instant"]) == (True, True, False)
    assert not {"intervalFactor", "query", "target", "metric", "step"} & target.keys()


def test_loki_is_asked_in_its_own_words() -> None:
    """It refuses what grafanalib writes for all: `query` and `instant`."""
    lines = Query(expression='{service="a"}', source=LOKI)
    drawn = only("logs", queries=(lines,))
    assert drawn["datasource"] == {"type": "loki", "uid": "${loki}"}
    (target,) = drawn["targets"]
    assert target.keys() == {"refId", "datasource", "expr", "legendFormat", "queryType", "maxLines", "editorMode"}


def test_lines_have_links_fractions_as_ends_and_all_points() -> None:
    """grafanalib's TimeSeries has no links, only whole numbers as ends, and at most a hundred points."""
    drawn = only("timeseries")
    defaults = drawn["fieldConfig"]["defaults"]
    assert (defaults["min"], defaults["max"]) == (0.5, 0.999)
    assert defaults["links"] == [{"title": "There", "url": "/d/tw-oncall", "targetBlank": False}]
    assert "maxDataPoints" not in drawn
    assert defaults["custom"]["scaleDistribution"] == {"type": "linear"}


def test_values_can_be_words() -> None:
    """A state that is a number."""
    drawn = only("stat", meanings=(Meaning(value=2, text="page", colour=RED),))
    assert drawn["fieldConfig"]["defaults"]["mappings"] == [
        {"type": "value", "options": {"2": {"text": "page", "color": RED, "index": 0}}}
    ]


def test_a_row_holds_its_panels_only_where_it_is_collapsed() -> None:
    """With keys of a row alone, and a place."""
    (row, drawn) = finished(board(panel("stat")))["panels"]
    assert row.keys() == {"id", "type", "title", "gridPos", "collapsed", "panels"}
    assert (row["panels"], drawn["type"]) == ([], "stat")
    (row,) = finished(board(panel("stat"), collapsed=True))["panels"]
    assert [each["type"] for each in row["panels"]] == ["stat"]
    assert row["panels"][0]["gridPos"]["y"] == row["gridPos"]["y"] + 1


def test_variables_have_a_value_from_the_start() -> None:
    """grafanalib writes null, which Grafana shows as an empty choice."""
    source, job = finished(board(panel("stat")))["templating"]["list"]
    assert (source["type"], source["query"], source["current"]) == ("datasource", "prometheus", {})
    assert (job["allValue"], job["includeAll"], job["multi"], job["refresh"]) == (".+", True, True, 2)
    assert job["current"] == {"text": ["All"], "value": ["$__all"]}
    assert job["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_annotations_are_prometheus_and_grafanas_own_stay() -> None:
    """Grafana would add its own, and then say that the dashboard has changed."""
    own, down = finished(board(panel("stat")))["annotations"]["list"]
    assert own["builtIn"] == 1
    assert (down["expr"], down["datasource"]["type"], down["enable"]) == ("up == 0", "prometheus", True)
