"""Makes of grafanalib's JSON what Grafana ≥ 10 expects: drops what it no longer reads, and adds what it misses.

grafanalib 0.7.1 was last released in January 2024. Each function names what it mends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

SCHEMA_VERSION = 39
"""Grafana 10's; later ones migrate from it."""
_DASHBOARD = (
    "annotations description editable graphTooltip links panels refresh schemaVersion tags templating time"
    " timepicker timezone title uid version"
).split()
_PANEL = (
    "id type title description datasource gridPos targets fieldConfig options transformations links transparent"
    " collapsed panels"
).split()
_OPTIONAL = ("targets", "transformations", "links", "datasource", "description", "transparent")
_ROW = ("id", "type", "title", "gridPos", "collapsed", "panels")
_VARIABLE = ("name", "label", "type", "query", "datasource", "hide", "current", "options", "regex", "refresh")
_QUERIED = ("allValue", "includeAll", "multi", "sort")
_INTERVALS = ["30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d"]


def dashboard(drawn: Mapping[str, Any]) -> Json:
    """The whole: no `__inputs`, `rows`, `style`, `hideControls`, `sharedCrosshair`, `gnetId`, and today's schema."""
    found = {name: drawn[name] for name in _DASHBOARD}
    found |= {
        "schemaVersion": SCHEMA_VERSION,
        "timepicker": {"refresh_intervals": _INTERVALS},
        "panels": [panel(each) for each in drawn["panels"]],
        "templating": {"list": [variable(each) for each in drawn["templating"]["list"]]},
        "annotations": {"list": [_OWN_ANNOTATIONS, *drawn["annotations"]["list"]]},
    }
    return found


_OWN_ANNOTATIONS: Json = {
    "name": "Annotations & Alerts",
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "type": "dashboard",
}
"""Grafana adds these itself where they are missing, and would then say that a dashboard has changed."""


def panel(drawn: Mapping[str, Any]) -> Json:
    """One panel: only keys that Grafana reads. A row has none of data; it holds panels where it is collapsed."""
    if drawn["type"] == "row":
        row = {name: drawn[name] for name in _ROW}
        return row | {"panels": [panel(each) for each in drawn["panels"]]}
    found = {name: drawn[name] for name in _PANEL if name in drawn and name not in _ROW[4:]}
    found = {name: value for name, value in found.items() if value or name not in _OPTIONAL}
    if "targets" in found:
        found["targets"] = [target(each) for each in drawn["targets"]]
    found["fieldConfig"] = _field_config(drawn["fieldConfig"])
    found["options"] = found.get("options", {})
    return found


def _field_config(drawn: Mapping[str, Any]) -> Json:
    """Limits whose base is null, as a value and not a word; no settings that say nothing."""
    defaults = {name: value for name, value in drawn["defaults"].items() if value not in (None, [], {})}
    defaults["thresholds"] = {"mode": "absolute", "steps": [_step(each) for each in defaults["thresholds"]["steps"]]}
    if "custom" in defaults:
        defaults["custom"] = _custom(defaults["custom"])
    defaults.setdefault("color", {"mode": "thresholds"})
    return {"defaults": defaults, "overrides": drawn.get("overrides", [])}


def _custom(drawn: Mapping[str, Any]) -> Json:
    """Settings of lines and cells; `displayMode` of a table is another since Grafana 9."""
    found = {name: value for name, value in drawn.items() if value is not None}
    if "displayMode" in found:
        found["cellOptions"] = {"type": found.pop("displayMode")}
    scale = found.get("scaleDistribution")
    if scale and scale["type"] == "linear":
        found["scaleDistribution"] = {"type": "linear"}
    return found


def _step(drawn: Mapping[str, Any]) -> Json:
    """grafanalib writes the base as the word "null", and keys of the alerts of long ago."""
    return {"color": drawn["color"], "value": None if drawn["value"] == "null" else drawn["value"]}


def target(drawn: Mapping[str, Any]) -> Json:
    """One query: asked for an instant or a range. Loki refuses some of Prometheus' keys, and neither needs the rest."""
    kind = drawn["datasource"]["type"]
    found = {name: drawn[name] for name in ("refId", "datasource", "expr", "legendFormat")}
    if kind == "loki":
        return found | {"queryType": "range", "maxLines": 200, "editorMode": "code"}
    instant = drawn["instant"]
    return found | {
        "format": drawn["format"],
        "instant": instant,
        "range": not instant,
        "exemplar": drawn["exemplar"] and not instant,
        "editorMode": "code",
    }


def variable(drawn: Mapping[str, Any]) -> Json:
    """One variable: a current value that is none of null, and the pattern that All stands for."""
    found = {name: drawn[name] for name in _VARIABLE}
    found |= {"options": [], "regex": drawn["regex"] or "", "current": {}}
    if drawn["type"] == "datasource":
        del found["datasource"]
        found["refresh"] = 1
        return found | {"includeAll": False, "multi": False}
    found |= {name: drawn[name] for name in _QUERIED if drawn[name] is not None}
    found["query"] = {"query": drawn["query"], "refId": f"variable-{drawn['name']}"}
    if drawn["includeAll"]:
        several = drawn["multi"]
        found["current"] = {"text": ["All"] if several else "All", "value": ["$__all"] if several else "$__all"}
    return found
