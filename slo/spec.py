"""The shapes of a spec file, as people write it: sloth's `prometheus/v1` and CRD, with our additions.

The only pydantic of the generators. A shape is converted into `slo.model` at once; nothing else sees it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from slo import query, scalars
from slo.errors import QueryError
from slo.scalars import METRIC

_JSON_NUMBER = WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100})
_JSON_DURATION = WithJsonSchema({"type": ["string", "integer"], "pattern": r"^(0|\d+[smhdw])$"})

Name = Annotated[str, AfterValidator(scalars.name)]
QueryText = Annotated[
    str,
    AfterValidator(scalars.query_text),
    WithJsonSchema({"type": "string", "description": "PromQL with {{.window}}"}),
]
Objective = Annotated[Decimal, BeforeValidator(scalars.number), AfterValidator(scalars.objective), _JSON_NUMBER]
Switch = Annotated[bool, BeforeValidator(scalars.switch)]
Labels = Annotated[dict[str, str], BeforeValidator(scalars.text_map), AfterValidator(scalars.labels)]
AlertLabels = Annotated[dict[str, str], BeforeValidator(scalars.text_map), AfterValidator(scalars.alert_labels)]
Annotations = Annotated[dict[str, str], BeforeValidator(scalars.text_map), AfterValidator(scalars.annotation_texts)]
Count = Annotated[int, BeforeValidator(scalars.count)]
Duration = Annotated[int, BeforeValidator(scalars.duration_seconds), _JSON_DURATION]
Period = Annotated[
    int, BeforeValidator(scalars.period_days), WithJsonSchema({"type": "string", "pattern": r"^\d+[dw]$"})
]


# --- shapes -----------------------------------------------------------------------------------------------------


class Shape(BaseModel):
    """What every shape shares: unknown keys are faults; the CRD spells the same keys in camelCase."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, validate_by_name=True, defer_build=True)


class EventsShape(Shape):
    """Bad events among all events."""

    error_query: QueryText
    total_query: QueryText

    @model_validator(mode="after")
    def _comparable(self) -> EventsShape:
        bad: Any = self.error_query
        total: Any = self.total_query
        if bad.parts == total.parts:
            raise ValueError("error and total query are the same, so every event would be bad")
        reason = query.never_match(bad, total)
        if reason:
            raise ValueError(f"the labels of error and total query can never match: {reason}")
        return self


class RawShape(Shape):
    """A query that is the error ratio already."""

    error_ratio_query: QueryText


class PluginShape(Shape):
    """A sloth SLI plugin."""

    id: str = Field(min_length=1)
    options: Annotated[dict[str, str], BeforeValidator(scalars.text_map)] = {}


class LatencyShape(Shape):
    """Sugar for events: everything slower than `below` seconds is bad."""

    histogram: str
    below: Annotated[
        Decimal, BeforeValidator(scalars.number), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
    ]
    selector: str = ""

    @model_validator(mode="after")
    def _readable(self) -> LatencyShape:
        if not METRIC.fullmatch(self.histogram):
            raise ValueError(f"histogram: {self.histogram!r} is not a metric name")
        if not self.below.is_finite() or self.below <= 0:
            raise ValueError(f"below: {self.below} is not a positive number of seconds")
        try:
            query.parse(f"rate({self.histogram}{{{self.selector}}}[{{{{.window}}}}])")
        except QueryError as error:
            raise ValueError(f"selector: {self.selector!r} {error}") from None
        return self


class SliShape(Shape):
    """Exactly one way to measure."""

    events: EventsShape | None = None
    raw: RawShape | None = None
    plugin: PluginShape | None = None
    latency: LatencyShape | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> SliShape:
        given = [name for name in ("events", "raw", "plugin", "latency") if getattr(self, name) is not None]
        if len(given) != 1:
            got = " and ".join(given) or "none"
            raise ValueError(f"expected exactly one of events, raw, plugin, latency; got {got}")
        return self


class NoticeShape(Shape):
    """The page or the ticket."""

    disable: Switch = False
    labels: AlertLabels = {}
    annotations: Annotations = {}


NAMELESS = "name is missing; an alert needs one unless page and ticket are both disabled"


class AlertingShape(Shape):
    """What is sent when the budget burns too fast, or the SLI disappears."""

    name: str = ""
    labels: AlertLabels = {}
    annotations: Annotations = {}
    page_alert: NoticeShape | None = None
    ticket_alert: NoticeShape | None = None
    min_failures: Count = 3
    absent_after: Duration = 600

    @model_validator(mode="after")
    def _named(self) -> AlertingShape:
        silent = all(notice is not None and notice.disable for notice in (self.page_alert, self.ticket_alert))
        if not self.name and not silent:
            raise ValueError(NAMELESS)
        if not self.name.isprintable():
            raise ValueError(f"name: {self.name!r} is not an alert name: it must be printable, on one line")
        return self


class SloShape(Shape):
    """One objective."""

    name: Name
    objective: Objective
    description: str = ""
    labels: Labels = {}
    plugins: dict[str, Any] | None = None
    sli: SliShape
    alerting: AlertingShape | None = None
    window: Period = 30
    journey: str = ""

    @model_validator(mode="after")
    def _tells_somebody(self) -> SloShape:
        if self.alerting is None:
            raise ValueError(f"alerting: {NAMELESS}")
        return self


class KpiShape(Shape):
    """A number to watch; its alerts come with thresholds of their own."""

    name: Name
    title: str
    query: QueryText
    unit: str
    better: Literal["higher", "lower"]


class ServiceShape(Shape):
    """What the plain document and the CRD's `spec` share."""

    service: Name
    labels: Labels = {}
    slo_plugins: dict[str, Any] | None = None
    slos: Annotated[list[SloShape], Field(min_length=1)]
    team: str = ""
    depends_on: list[Name] = []
    kpis: list[KpiShape] = []


class PlainShape(ServiceShape):
    """A sloth `prometheus/v1` document."""

    version: Literal["prometheus/v1"]


class CrdShape(Shape):
    """A `sloth.slok.dev/v1` PrometheusServiceLevel, as applied to Kubernetes."""

    api_version: Literal["sloth.slok.dev/v1"]
    kind: Literal["PrometheusServiceLevel"]
    metadata: dict[str, Any] = {}
    spec: ServiceShape
    status: dict[str, Any] | None = None


class TeamShape(Shape):
    """Who owns services."""

    description: str


class RoutingShape(Shape):
    """`alerts/routing.yaml`: who can be woken."""

    teams: Annotated[dict[str, TeamShape], Field(min_length=1)]


AnyShape = TypeVar("AnyShape", bound=Shape)


def read(shape: type[AnyShape], value: Any, *, camel: bool = False) -> AnyShape | list[dict[str, Any]]:
    """*value* as *shape*, or everything that is wrong with it: pydantic's findings (`type, loc, msg, input, ctx`).

    Args:    camel: keys are spelled as in the CRD.
    """
    try:
        return shape.model_validate(value, by_alias=camel, by_name=not camel)
    except ValidationError as error:
        return [dict(found) for found in error.errors(include_url=False)]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a plain document, for editors."""
    return PlainShape.model_json_schema(by_alias=False)
