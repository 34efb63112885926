"""Turns the shapes of a spec into the model, sugar resolved and labels merged."""

from __future__ import annotations

import json
from typing import Any

from slo import promql, query, scalars, spec
from slo.document import Plain
from slo.model import Alerting, Events, Kpi, KpiAlert, Latency, Notice, Pairs, Plugin, RawRatio, Sli, Slo, Spec, pairs

_NO_LABELS: Pairs = ()
_PLAIN_NOTICE = Notice(enabled=True, labels=(), annotations=())


def to_spec(shape: spec.ServiceShape, dialect: str) -> Spec:
    """One document as the model has it. *dialect* is what `sloth_slo_info` calls its format."""
    labels = pairs(shape.labels)
    return Spec(
        service=shape.service,
        team=shape.team,
        labels=labels,
        depends_on=tuple(shape.depends_on),
        slos=tuple(_slo(slo, shape, dialect) for slo in shape.slos),
        kpis=tuple(_kpi(kpi, shape) for kpi in shape.kpis),
        slo_plugins=_json(shape.slo_plugins),
        serves_http=shape.serves_http,
    )


def _slo(slo: spec.SloShape, service: spec.ServiceShape, dialect: str) -> Slo:
    latency = slo.sli.latency
    return Slo(
        service=service.service,
        name=slo.name,
        objective=slo.objective,
        description=slo.description,
        labels=pairs(service.labels, slo.labels) if slo.labels or service.labels else _NO_LABELS,
        sli=_sli(slo.sli),
        latency=None
        if latency is None
        else Latency(histogram=latency.histogram, below=promql.number(latency.below), selector=latency.selector),
        alerting=_alerting(slo.alerting),
        period_days=slo.window,
        team=service.team,
        journey=slo.journey,
        dialect=dialect,
        plugins=_json(slo.plugins),
    )


def _sli(shape: spec.SliShape) -> Sli:
    # Validators have replaced the query texts by what was read from them.
    if shape.events is not None:
        return Events(bad=shape.events.error_query, total=shape.events.total_query)  # type: ignore[arg-type]
    if shape.raw is not None:
        return RawRatio(ratio=shape.raw.error_ratio_query)  # type: ignore[arg-type]
    if shape.plugin is not None:
        return Plugin(id=shape.plugin.id, options=pairs(shape.plugin.options))
    assert shape.latency is not None  # the shape holds exactly one
    bad, total = _latency_queries(shape.latency)
    return Events(bad=bad, total=total)


def _alerting(shape: spec.AlertingShape) -> Alerting:
    return Alerting(
        name=shape.name,
        labels=pairs(shape.labels),
        annotations=pairs(shape.annotations),
        page=_notice(shape.page_alert),
        ticket=_notice(shape.ticket_alert),
        min_failures=shape.min_failures,
        absent_after_seconds=shape.absent_after,
        muted_by_dependencies=shape.muted_by_dependencies,
    )


def _notice(shape: spec.NoticeShape | None) -> Notice:
    if shape is None:
        return _PLAIN_NOTICE
    return Notice(enabled=not shape.disable, labels=pairs(shape.labels), annotations=pairs(shape.annotations))


def _json(plugins: dict[str, Any] | None) -> str:
    """sloth's SLO plugins as JSON, numbers and booleans as YAML means them; "" where there are none."""
    return json.dumps(_typed(plugins), sort_keys=True) if plugins else ""


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return scalars.typed(value) if isinstance(value, Plain) else value


def _kpi(shape: spec.KpiShape, service: spec.ServiceShape) -> Kpi:
    return Kpi(
        service=service.service,
        name=shape.name,
        title=shape.title,
        query=shape.query,  # type: ignore[arg-type]
        unit=shape.unit,
        better=shape.better,
        team=service.team,
        alert=None if shape.alert is None else _kpi_alert(shape.alert),
    )


def _kpi_alert(shape: spec.KpiAlertShape) -> KpiAlert:
    return KpiAlert(
        name=shape.name,
        severity=shape.severity,
        for_seconds=getattr(shape, "for"),
        deviation=shape.deviation,
        above=shape.above,
        below=shape.below,
        least_baseline=shape.least_baseline,
        description=shape.description,
        dashboard=shape.dashboard,
    )


def _latency_queries(shape: spec.LatencyShape) -> tuple[query.Query, query.Query]:
    """Bad and total query of the sugar, summed over every series.

    A missing bucket makes every event bad instead of none: a wrong `below` must not look like perfection.
    """
    below = promql.number(shape.below)
    bound = f'le=~"{below}(\\\\.0)?"' if "." not in below else f'le="{below}"'
    inside = f"{shape.selector.strip().rstrip(',')}," if shape.selector.strip() else ""
    total = f"sum(rate({shape.histogram}_count{{{inside.rstrip(',')}}}[{{{{.window}}}}]))"
    good = f"sum(rate({shape.histogram}_bucket{{{inside}{bound}}}[{{{{.window}}}}]))"
    return query.parse(f"{total} - ({good} or vector(0))"), query.parse(total)
