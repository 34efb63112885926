"""Draws panels and dashboards with grafanalib: the only importer of it.

What it writes is for the Grafana of its day; `finish` makes of it what today's expects.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from grafanalib import core as grafana  # type: ignore[import-untyped]

from dashboards import fields
from dashboards.layout import Place, PlacedRow
from dashboards.model import Dashboard, Limit, Link, Panel, Query, Variable, ref_id

Json = dict[str, Any]
_REFRESH_WITH_TIME = 2
_SHARED_CROSSHAIR = 1


def draw(dashboard: Dashboard, rows: tuple[PlacedRow, ...]) -> Json:
    """*dashboard* as grafanalib writes it, with ids that count from 1."""
    drawn = grafana.Dashboard(
        title=dashboard.title,
        uid=dashboard.uid,
        description=dashboard.description,
        tags=list(dashboard.tags),
        editable=False,
        graphTooltip=_SHARED_CROSSHAIR,
        refresh=dashboard.refresh,
        time=grafana.Time(dashboard.since, "now"),
        timezone="browser",
        panels=_numbered(rows),
        templating=grafana.Templating([_variable(each) for each in dashboard.variables]),
        annotations=grafana.Annotations([fields.annotation(each) for each in dashboard.annotations]),
        links=[_dashboards_link(dashboard), *(_dashboard_link(each) for each in dashboard.links)],
    )
    plain: Json = json.loads(json.dumps(drawn, default=lambda each: each.to_json_data()))
    return plain


# --- rows and panels --------------------------------------------------------------------------------------------


def _numbered(rows: tuple[PlacedRow, ...]) -> list[Any]:
    drawn: list[Any] = []
    number = 0
    for placed in rows:
        number += 1
        heading = number
        inside = []
        for panel, where in placed.panels:
            number += 1
            inside.append(_panel(panel, where, number))
        collapsed = placed.row.collapsed
        drawn.append(
            grafana.RowPanel(
                title=placed.row.title,
                id=heading,
                gridPos=_grid(placed.heading),
                collapsed=collapsed,
                panels=inside if collapsed else [],
            )
        )
        drawn += [] if collapsed else inside
    return drawn


def _panel(panel: Panel, where: Place, number: int) -> Any:
    common = {
        "title": panel.title,
        "description": panel.description,
        "id": number,
        "gridPos": _grid(where),
        "dataSource": fields.source(panel.queries[0].source) if panel.queries else None,
        "targets": [_target(query, ref_id(place), panel) for place, query in enumerate(panel.queries)],
        "thresholds": _limits(panel.base, panel.limits),
        "maxDataPoints": None,
    }
    return _KINDS[panel.kind](panel, common)


def timeseries(panel: Panel, common: Json) -> Any:
    """Lines over time; limits are drawn as dashed lines with what lies beyond them tinted."""
    return grafana.TimeSeries(
        **common,
        unit=panel.unit,
        legendPlacement="bottom",
        legendCalcs=["lastNotNull", "max"],
        legendDisplayMode="table" if len(panel.queries) > 1 or "{{" in panel.queries[0].legend else "list",
        tooltipMode="multi",
        tooltipSort="desc",
        showPoints="never",
        fillOpacity=30 if panel.stacked else 8,
        lineWidth=2,
        stacking={"mode": "normal" if panel.stacked else "none", "group": "A"},
        thresholdsStyleMode="dashed+area" if panel.limits else "off",
        extraJson=fields.defaults(panel),
    )


def stat(panel: Panel, common: Json) -> Any:
    """One large number, coloured as a whole when it is beyond its limit."""
    return grafana.Stat(
        **common,
        format=panel.unit,
        reduceCalc="lastNotNull",
        noValue=panel.no_value,
        colorMode="background" if panel.limits or panel.meanings else "value",
        graphMode="none" if all(query.instant for query in panel.queries) else "area",
        textMode="value_and_name" if len(panel.queries) > 1 or "{{" in panel.queries[0].legend else "value",
        extraJson=fields.defaults(panel),
    )


class _Plain(grafana.Panel):  # type: ignore[misc]
    """A panel whose shape grafanalib only knows from before Grafana 8."""

    def __init__(self, kind: str, options: Json, **common: Any) -> None:
        super().__init__(**common)
        self._shape = {"type": kind, "options": options}

    def to_json_data(self) -> Json:
        """As `json.dumps` asks grafanalib's own panels."""
        drawn: Json = self.panel_json(self._shape)
        return drawn


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def gauge(panel: Panel, common: Json) -> Any:
    """A dial with its limits on the rim."""
    options = {
        "reduceOptions": _LAST,
        "orientation": "auto",
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
    }
    return _Plain(**common, kind="gauge", options=options, extraJson=fields.defaults(panel))


def bar_gauge(panel: Panel, common: Json) -> Any:
    """One bar a series."""
    options = {
        "reduceOptions": _LAST,
        "orientation": "horizontal",
        "displayMode": "basic",
        "valueMode": "color",
        "showUnfilled": True,
    }
    return _Plain(**common, kind="bargauge", options=options, extraJson=fields.defaults(panel))


def table(panel: Panel, common: Json) -> Any:
    """The latest values of several questions side by side, one line for each set of labels."""
    shown = [fields.column_name(column, panel) for column in panel.columns]
    titles = {field: column.title for field, column in zip(shown, panel.columns, strict=True)}
    transformations = [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": shown}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {field: place for place, field in enumerate(shown)},
                "renameByName": titles,
            },
        },
    ]
    return grafana.Table(
        **{**common, "transformations": transformations},
        unit=panel.unit,
        overrides=[fields.override(column) for column in panel.columns],
        sortBy=[grafana.TableSortByField(panel.sort_by, panel.descending)] if panel.sort_by else [],
        extraJson=fields.defaults(panel),
    )


def heatmap(panel: Panel, common: Json) -> Any:
    """A histogram over time: the darker, the more."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"unit": panel.unit, "axisPlacement": "left", "reverse": False},
    }
    return _Plain(**common, kind="heatmap", options=options, extraJson=fields.defaults(panel))


def state_timeline(panel: Panel, common: Json) -> Any:
    """What was so from when to when, one line a series."""
    drawn = fields.defaults(panel)
    drawn["fieldConfig"]["defaults"]["unit"] = panel.unit
    return grafana.StateTimeline(
        **common, mappings=fields.mappings(panel), showValue="never", rowHeight=0.8, mergeValues=True, extraJson=drawn
    )


def logs(panel: Panel, common: Json) -> Any:
    """Lines of Loki, the youngest first."""
    return grafana.Logs(
        **common,
        showTime=True,
        wrapLogMessages=True,
        prettifyLogMessage=False,
        enableLogDetails=True,
        sortOrder="Descending",
        extraJson=fields.defaults(panel),
    )


def text(panel: Panel, common: Json) -> Any:
    """Words, as Markdown."""
    return grafana.Text(**common, content=panel.text, mode="markdown", extraJson=fields.defaults(panel))


_KINDS: dict[str, Callable[[Panel, Json], Any]] = {
    "timeseries": timeseries,
    "stat": stat,
    "gauge": gauge,
    "bar_gauge": bar_gauge,
    "table": table,
    "heatmap": heatmap,
    "state_timeline": state_timeline,
    "logs": logs,
    "text": text,
}


# --- their parts ------------------------------------------------------------------------------------------------


def _grid(where: Place) -> Any:
    return grafana.GridPos(h=where.height, w=where.width, x=where.x, y=where.y)


def _target(query: Query, name: str, panel: Panel) -> Json:
    shapes = {"table": "table", "heatmap": "heatmap"}
    target: Json = grafana.Target(
        expr=query.expression,
        legendFormat=query.legend or "__auto",
        refId=name,
        format=shapes.get(panel.kind, "time_series"),
        instant=query.instant,
        datasource=fields.source(query.source),
    ).to_json_data()
    return {**target, "exemplar": query.exemplars}


def _limits(base: str, limits: tuple[Limit, ...]) -> list[Any]:
    steps = [grafana.Threshold(base, 0, 0.0)]
    return steps + [grafana.Threshold(each.colour, place, each.least) for place, each in enumerate(limits, 1)]


# --- what stands above the panels -------------------------------------------------------------------------------


def _variable(variable: Variable) -> Any:
    if variable.datasource:
        return grafana.Template(name=variable.name, label=variable.label, query=variable.query, type="datasource")
    return grafana.Template(
        name=variable.name,
        label=variable.label,
        query=variable.query,
        dataSource=fields.source("prometheus"),
        includeAll=bool(variable.everything),
        allValue=variable.everything or None,
        multi=variable.multiple,
        refresh=_REFRESH_WITH_TIME,
    )


def _dashboards_link(dashboard: Dashboard) -> Any:
    """The other dashboards, with the time range and what is chosen."""
    return grafana.DashboardLink(
        asDropdown=True,
        includeVars=True,
        keepTime=True,
        tags=[dashboard.tags[0]] if dashboard.tags else [],
        title="Dashboards",
        type="dashboards",
    )


def _dashboard_link(link: Link) -> Any:
    """Somewhere else; to a page of ours go the time range and what is chosen as well."""
    ours = link.url.startswith("/d/")
    return grafana.DashboardLink(
        title=link.title, uri=link.url, type="link", keepTime=ours, includeVars=ours, targetBlank=link.new_tab
    )
