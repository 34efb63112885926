"""The shapes of a file of threshold alerts, as people write it: limits as data, and the cases that prove them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from slo import alert_scalars, conventions, scalars
from slo.spec import AlertLabels, Duration, Shape, Switch, held_for, optional_name

VERSION = "tillwatch/alerts/v1"


def _pace(seconds: int) -> int:
    if not seconds:
        raise ValueError("0 is no pace; expected a duration such as 1m")
    return seconds


Pace = Annotated[Duration, AfterValidator(_pace)]
Number = Annotated[Decimal, BeforeValidator(scalars.finite)]
Moment = Annotated[int, BeforeValidator(alert_scalars.moment_seconds)]
AlertName = Annotated[str, AfterValidator(alert_scalars.alert_name)]
Template = Annotated[str, AfterValidator(alert_scalars.template)]
Parameters = Annotated[dict[str, str], BeforeValidator(alert_scalars.parameters)]
Texts = Annotated[dict[str, str], BeforeValidator(scalars.text_map)]
Severity = Literal["page", "ticket", "info"]


class ExpectedShape(Shape):
    """An alert that fires in a case."""

    labels: Texts = Field(default_factory=dict, description="the labels that tell it from others of its name")
    summary: str = Field(description="its summary as people read it, number and unit included")


class CaseShape(Shape):
    """Series in; when it fires, is over, and stays silent out."""

    name: str = Field(min_length=1, description="a sentence that says what happens")
    every: Pace = Field(60, description="time between samples: 1m")
    series: Annotated[Texts, Field(min_length=1)] = Field(description="series and promtool's values: 0+54x30")
    fires_at: Moment | None = Field(None, description="the first evaluation at which it fires: 21m")
    alerts: list[ExpectedShape] = Field(default_factory=list, description="every alert that fires then")
    resolves_at: Moment | None = Field(None, description="the first evaluation at which it is over: 40m")
    silent_at: list[Moment] = Field(default_factory=list, description="moments at which nothing fires: [5m, 10m]")

    @model_validator(mode="after")
    def _says_something(self) -> CaseShape:
        if (self.fires_at is None) != (not self.alerts):
            raise ValueError("fires_at and alerts belong together: when it fires, and what it then says")
        if self.fires_at is None and not self.silent_at:
            raise ValueError("expected fires_at or silent_at: a case without a moment proves nothing")
        if self.resolves_at is not None and (self.fires_at is None or self.resolves_at <= self.fires_at):
            raise ValueError("resolves_at comes after fires_at")
        return self


class ThresholdShape(held_for(0)):  # type: ignore[misc]
    """One alert."""

    name: AlertName = Field(description="the alert's name: CamelCase")
    service: str = Field("", description="the service with the problem; the file's, where it is left out")
    team: Annotated[str, AfterValidator(optional_name)] = Field("", description="who is told; the file's by default")
    severity: Severity = Field(description="page, ticket or info")
    query: str = Field(min_length=1, description="PromQL; {{.parameter}} is replaced by parameters and above, below")
    above: Number | None = Field(None, description="fires above this number")
    below: Number | None = Field(None, description="fires below this number")
    only_if: list[str] = Field(default_factory=list, description="PromQL that begins with and, or, unless")
    parameters: Parameters = Field(default_factory=dict, description="further numbers and durations of the query")
    per_service: Switch = Field(False, description="one alert for each service; {{.service}} is its name")
    serves_http: Switch = Field(False, description="with per_service: only for services that answer requests")
    keep_firing_for: Duration = Field(0, description="how long it stays on after its condition is over: 5m")
    unit: str = Field(min_length=1, description="what one of the number is: ratio, seconds, orders/min")
    summary: Template = Field(min_length=1, description="one sentence with the number and its unit")
    description: str = Field(min_length=1, description="why it matters; {{ $labels.name }} is the only template")
    dashboard: Annotated[str, AfterValidator(alert_scalars.dashboard)] = Field(
        description=f"one of {', '.join(conventions.DASHBOARDS)}"
    )
    variables: Texts = Field(default_factory=dict, description="variables of the dashboard, {{ $labels.name }} allowed")
    labels: AlertLabels = Field(default_factory=dict, description="further labels")
    evaluate_every: Pace = Field(60, description="how often the cases are evaluated: 1m")
    cases: Annotated[list[CaseShape], Field(min_length=1)] = Field(description="cases in which it fires and is silent")

    @model_validator(mode="after")
    def _proved(self) -> ThresholdShape:
        if self.above is not None and self.below is not None:
            raise ValueError("expected above or below, got both")
        if self.serves_http and not self.per_service:
            raise ValueError("serves_http says for which services one is made, and belongs to per_service: true")
        if self.severity != "info" and not any(case.fires_at is not None for case in self.cases):
            raise ValueError("no case in which it fires: one that cannot be seen to fire is none")
        if not any(case.fires_at is None for case in self.cases):
            raise ValueError("no case in which it stays silent: one that always fires wakes people for nothing")
        return self


class ThresholdFileShape(Shape):
    """A file of threshold alerts."""

    version: Literal["tillwatch/alerts/v1"] = Field(description=VERSION)
    service: str = Field("", description="the service of the alerts below, unless they name another")
    team: Annotated[str, AfterValidator(optional_name)] = Field("", description="who is told of the alerts below")
    alerts: Annotated[list[ThresholdShape], Field(min_length=1)] = Field(description="a list of one or more alerts")
