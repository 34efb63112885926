"""Settings of fields and annotations that grafanalib has no place for: Grafana's JSON from our model."""

from __future__ import annotations

from typing import Any

from dashboards.model import SOURCES, Annotation, Column, Link, Panel

Json = dict[str, Any]


def source(kind: str) -> Json:
    """The data source of *kind* that is chosen at the top of the dashboard."""
    return {"type": kind, "uid": SOURCES[kind]}


def defaults(panel: Panel) -> Json:
    """What fields have by default and grafanalib has no place for."""
    found: Json = {
        "unit": panel.unit,
        "min": panel.lowest,
        "max": panel.highest,
        "decimals": panel.decimals,
        "noValue": panel.no_value,
        "mappings": mappings(panel),
        "links": [_link(each) for each in panel.links],
    }
    return {"fieldConfig": {"defaults": {name: value for name, value in found.items() if value not in (None, [])}}}


def mappings(panel: Panel) -> list[Json]:
    """Values that are shown as words."""
    if not panel.meanings:
        return []
    options = {
        str(each.value): {"text": each.text, "color": each.colour, "index": place}
        for place, each in enumerate(panel.meanings)
    }
    return [{"type": "value", "options": options}]


def column_name(column: Column, panel: Panel) -> str:
    """What Grafana calls the column: a label by its name, a value by its query where there are several."""
    if not column.source.isupper():
        return column.source
    return "Value" if len(panel.queries) == 1 else f"Value #{column.source}"


def override(column: Column) -> Json:
    """Unit, limits and links of one column of a table."""
    properties: list[Json] = [{"id": "unit", "value": column.unit}]
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.limits:
        steps: list[Json] = [{"color": column.base, "value": None}]
        steps += [{"color": each.colour, "value": each.least} for each in column.limits]
        properties.append({"id": "thresholds", "value": {"mode": "absolute", "steps": steps}})
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    if column.links:
        properties.append({"id": "links", "value": [_link(each) for each in column.links]})
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def _link(link: Link) -> Json:
    return {"title": link.title, "url": link.url, "targetBlank": link.new_tab}


def annotation(drawn: Annotation) -> Json:
    """An annotation, with the options of Prometheus."""
    return {
        "name": drawn.name,
        "datasource": source("prometheus"),
        "enable": drawn.shown,
        "hide": False,
        "iconColor": drawn.colour,
        "expr": drawn.expression,
        "titleFormat": drawn.title,
        "textFormat": drawn.text,
        "tagKeys": ",".join(drawn.tags),
        "useValueForTime": False,
        "step": "60s",
    }
