"""Writes a spec back as sloth's plain `prometheus/v1`: our sugar resolved, our own keys left out."""

from __future__ import annotations

import json
from typing import Any

from slo.model import Events, Notice, Pairs, Plugin, Slo, Spec

_WINDOW = "{{.window}}"


def to_sloth(spec: Spec) -> dict[str, Any]:
    """One document as sloth reads it, `version` first: plain dicts, lists, texts, numbers and booleans.

    A latency SLI comes out as events; `team`, `depends_on`, `kpis`, `window`, `journey`, `min_failures` and
    `absent_after` have no counterpart in sloth.
    """
    document: dict[str, Any] = {"version": "prometheus/v1", "service": spec.service}
    _put(document, "labels", dict(spec.labels))
    _put(document, "slo_plugins", _plugins(spec.slo_plugins))
    document["slos"] = [_slo(slo, spec.labels) for slo in spec.slos]
    return document


def _slo(slo: Slo, inherited: Pairs) -> dict[str, Any]:
    out: dict[str, Any] = {"name": slo.name, "objective": float(slo.objective)}
    _put(out, "description", slo.description)
    _put(out, "labels", dict(pair for pair in slo.labels if pair not in inherited))
    _put(out, "plugins", _plugins(slo.plugins))
    out["sli"] = _sli(slo)
    out["alerting"] = _alerting(slo)
    return out


def _sli(slo: Slo) -> dict[str, Any]:
    match slo.sli:
        case Events(bad=bad, total=total):
            return {"events": {"error_query": bad.at(_WINDOW), "total_query": total.at(_WINDOW)}}
        case Plugin(id=plugin, options=options):
            return {"plugin": {"id": plugin, "options": dict(options)}}
        case raw:
            return {"raw": {"error_ratio_query": raw.ratio.at(_WINDOW)}}


def _alerting(slo: Slo) -> dict[str, Any]:
    alerting = slo.alerting
    out: dict[str, Any] = {}
    _put(out, "name", alerting.name)
    _put(out, "labels", dict(alerting.labels))
    _put(out, "annotations", dict(alerting.annotations))
    _put(out, "page_alert", _notice(alerting.page))
    _put(out, "ticket_alert", _notice(alerting.ticket))
    return out


def _notice(notice: Notice) -> dict[str, Any]:
    out: dict[str, Any] = {}
    _put(out, "disable", not notice.enabled)
    _put(out, "labels", dict(notice.labels))
    _put(out, "annotations", dict(notice.annotations))
    return out


def _plugins(text: str) -> Any:
    return json.loads(text) if text else None


def _put(out: dict[str, Any], key: str, value: Any) -> None:
    """Keys that hold nothing are left out."""
    if value:
        out[key] = value
