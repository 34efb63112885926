"""Turns the shapes of a file of alerts into the model: parameters filled in, one alert for each service where asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from slo import promql
from slo.alert_model import AlertCase, ExpectedAlert, ThresholdAlert
from slo.model import Spec, pairs
from slo.threshold_spec import CaseShape, ThresholdFileShape, ThresholdShape

_PARAMETER = re.compile(r"\{\{-?\s*\.([a-z][a-z0-9_]*)\s*-?\}\}")
SERVICE = "service"


class UnknownParameter(ValueError):
    """A text names a parameter that the alert does not have: `where` is its path below the alert."""

    def __init__(self, where: tuple[str | int, ...], name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{name!r} is not a parameter of this alert; known here: {', '.join(known) or 'none'}")
        self.where = where


def alerts(file: ThresholdFileShape, index: int, services: Mapping[str, Spec]) -> Iterator[ThresholdAlert]:
    """The alerts that entry *index* of *file* declares: one, or one for each service that it is about.

    Args:    services: each service's spec.
    Raises:  UnknownParameter.
    """
    shape = file.alerts[index]
    if not shape.per_service:
        service = shape.service or file.service
        yield _alert(shape, service, shape.team or file.team, _parameters(shape, service))
        return
    for service, spec in services.items():
        if spec.serves_http or not shape.serves_http:
            yield _alert(shape, service, shape.team or file.team or spec.team, _parameters(shape, service))


def _parameters(shape: ThresholdShape, service: str) -> dict[str, str]:
    known = dict(shape.parameters)
    if service:
        known[SERVICE] = service
    for name in ("above", "below"):
        limit: Decimal | None = getattr(shape, name)
        if limit is not None:
            known |= {name: promql.number(limit), f"{name}_percent": promql.number(limit * 100)}
    return known


def _alert(shape: ThresholdShape, service: str, team: str, parameters: Mapping[str, str]) -> ThresholdAlert:
    def filled(text: str, *where: str | int) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in parameters:
                raise UnknownParameter(where, match[1], tuple(parameters))
            return parameters[match[1]]

        return _PARAMETER.sub(value, text)

    return ThresholdAlert(
        name=shape.name,
        service=service,
        team=team,
        severity=shape.severity,
        query=filled(shape.query, "query").strip(),
        above=shape.above,
        below=shape.below,
        only_if=tuple(filled(text, "only_if", number).strip() for number, text in enumerate(shape.only_if)),
        for_seconds=getattr(shape, "for"),
        keep_firing_for_seconds=shape.keep_firing_for,
        unit=shape.unit,
        summary=filled(shape.summary, "summary"),
        description=filled(shape.description, "description"),
        dashboard=shape.dashboard,
        variables=pairs({name: filled(text, "variables", name) for name, text in shape.variables.items()}),
        labels=pairs({name: filled(text, "labels", name) for name, text in shape.labels.items()}),
        step_seconds=shape.evaluate_every,
        cases=tuple(_case(case, number, filled) for number, case in enumerate(shape.cases)),
    )


def _case(shape: CaseShape, number: int, filled: object) -> AlertCase:
    assert callable(filled)

    def text(value: str, *where: str | int) -> str:
        return str(filled(value, "cases", number, *where))

    return AlertCase(
        name=shape.name,
        every_seconds=shape.every,
        series=tuple(
            (text(series, "series", series), text(values, "series", series)) for series, values in shape.series.items()
        ),
        alerts=tuple(
            ExpectedAlert(
                labels=pairs(
                    {name: text(value, "alerts", place, "labels", name) for name, value in one.labels.items()}
                ),
                summary=text(one.summary, "alerts", place, "summary"),
            )
            for place, one in enumerate(shape.alerts)
        ),
        fires_seconds=shape.fires_at,
        resolves_seconds=shape.resolves_at,
        silent_seconds=tuple(shape.silent_at),
    )
