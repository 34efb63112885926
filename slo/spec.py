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
    ValidationInfo,
    WithJsonSchema,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from slo import alert_scalars, conventions, query, scalars

_JSON_NUMBER = WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100})
_JSON_SECONDS = WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
_JSON_DURATION = WithJsonSchema({"type": ["string", "integer"], "pattern": r"^(0|[0-9]+[smhdw])$", "minimum": 0})
_JSON_PERIOD = WithJsonSchema({"type": "string", "pattern": r"^[0-9]+[smhdw]$"})
_JSON_NAME = WithJsonSchema({"type": "string", "pattern": f"^{scalars.NAME.pattern}$"})
_JSON_QUERY = WithJsonSchema({"type": "string", "pattern": r"\{\{-?\s*\.window\s*-?\}\}"})
_JSON_TEXTS = WithJsonSchema(
    {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}  # YAML's `tier: 2`
)

Name = Annotated[str, AfterValidator(scalars.name), _JSON_NAME]
optional_name = scalars.team
QueryText = Annotated[str, AfterValidator(scalars.query_text), _JSON_QUERY]
Objective = Annotated[Decimal, BeforeValidator(scalars.number), AfterValidator(scalars.objective), _JSON_NUMBER]
Seconds = Annotated[Decimal, BeforeValidator(scalars.seconds), _JSON_SECONDS]
Switch = Annotated[bool, BeforeValidator(scalars.switch)]
Labels = Annotated[dict[str, str], BeforeValidator(scalars.labels), _JSON_TEXTS]
AlertLabels = Annotated[dict[str, str], BeforeValidator(scalars.alert_labels), _JSON_TEXTS]
Annotations = Annotated[dict[str, str], BeforeValidator(scalars.alert_annotations), _JSON_TEXTS]
Count = Annotated[int, BeforeValidator(scalars.count)]
Duration = Annotated[int, BeforeValidator(scalars.duration_seconds), _JSON_DURATION]
Period = Annotated[int, BeforeValidator(scalars.period_days), _JSON_PERIOD]


# --- shapes -----------------------------------------------------------------------------------------------------


class Shape(BaseModel):
    """What every shape shares: unknown keys are faults; the CRD spells the same keys in camelCase.

    A field's description is what a fault says was expected where the field is missing, and what editors show.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, validate_by_name=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, value: Any) -> Any:
        """`labels:` with nothing behind it is as good as no labels, for sloth as for us."""
        if type(value) is not dict or None not in value.values():
            return value
        fields = cls.model_fields
        known = {*fields, *(field.alias for field in fields.values())}
        return {key: item for key, item in value.items() if item is not None or key not in known}


class EventsShape(Shape):
    """Bad events among all events."""

    error_query: QueryText = Field(description="PromQL with {{.window}} that counts bad events")
    total_query: QueryText = Field(description="PromQL with {{.window}} that counts all events")

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

    error_ratio_query: QueryText = Field(description="PromQL with {{.window}}, the share of bad events: 0–1")


class PluginShape(Shape):
    """A sloth SLI plugin."""

    id: str = Field(min_length=1, description="the id of a sloth plugin")
    options: Annotated[dict[str, str], BeforeValidator(scalars.text_map), _JSON_TEXTS] = Field(
        default_factory=dict, description="what the plugin asks for"
    )


class LatencyShape(Shape):
    """Sugar for events: everything slower than `below` seconds is bad."""

    histogram: Annotated[str, AfterValidator(scalars.metric)] = Field(
        description="a histogram's name, without _bucket or _count"
    )
    below: Seconds = Field(description="a bucket boundary of the histogram, in seconds: 0.25")
    selector: Annotated[str, AfterValidator(scalars.selector)] = Field(
        "", description='label matchers, without braces: job="orders"'
    )


class SliShape(Shape):
    """Exactly one way to measure."""

    events: EventsShape | None = Field(None, description="bad events among all events")
    raw: RawShape | None = Field(None, description="a query that is the error ratio already")
    plugin: PluginShape | None = Field(None, description="a sloth SLI plugin; needs --engine sloth")
    latency: LatencyShape | None = Field(None, description="events slower than a bucket boundary are bad")

    @model_validator(mode="after")
    def _exactly_one(self) -> SliShape:
        given = [name for name in ("events", "raw", "plugin", "latency") if getattr(self, name) is not None]
        if len(given) != 1:
            got = " and ".join(given) or "none"
            raise ValueError(f"expected exactly one of events, raw, plugin, latency; got {got}")
        return self


class NoticeShape(Shape):
    """The page or the ticket."""

    disable: Switch = Field(False, description="whether nobody is told")
    labels: AlertLabels = Field(default_factory=dict, description="labels of this alert alone; templates are allowed")
    annotations: Annotations = Field(
        default_factory=dict, description="annotations of this alert alone; templates are allowed"
    )


class AlertingShape(Shape):
    """What is sent when the budget burns too fast, or the SLI disappears."""

    labels: AlertLabels = Field(
        default_factory=dict, description="labels of every alert of this SLO; templates are allowed"
    )
    annotations: Annotations = Field(
        default_factory=dict, description="annotations of every alert of this SLO; templates are allowed"
    )
    page_alert: NoticeShape | None = Field(None, description="what wakes somebody")
    ticket_alert: NoticeShape | None = Field(None, description="what can wait for the morning")
    min_failures: Count = Field(3, description="no page below so many bad events; 0 turns this off")
    absent_after: Duration = Field(600, description="alert when the SLI is gone for so long: 10m; 0 turns this off")
    muted_by_dependencies: Switch = Field(
        True, description="whether its page is held back while a service of depends_on is down"
    )
    # Last, for whether it is needed depends on the others.
    name: str = Field("", validate_default=True, description="the name of the alerts: CamelCase")

    @field_validator("name")
    @classmethod
    def _named(cls, name: str, info: ValidationInfo) -> str:
        if not name.isprintable():
            raise ValueError(f"{name!r} is not an alert name: it must be printable, on one line")
        if not name and "page_alert" in info.data and "ticket_alert" in info.data:
            notices = (info.data["page_alert"], info.data["ticket_alert"])
            if not all(notice is not None and notice.disable for notice in notices):
                raise ValueError("is missing; an alert needs a name, unless page and ticket are both disabled")
        return name


class SloShape(Shape):
    """One objective."""

    name: Name = Field(description="a name, unique within the service")
    objective: Objective = Field(description="per cent of events that must be good: 99.9")
    description: str = Field("", description="what is promised, for people")
    labels: Labels = Field(default_factory=dict, description="labels of every series of this SLO")
    plugins: dict[str, Any] | None = Field(None, description="sloth's SLO plugins")
    sli: SliShape = Field(description="one of events, raw, plugin, latency")
    alerting: AlertingShape = Field(description="an alert's name, or page_alert and ticket_alert with disable: true")
    window: Period = Field(30, description="the rolling period: 1d to 90d")
    journey: str = Field("", description="the synthetic journey that this SLO judges")


def held_for(default_seconds: int) -> type[Shape]:
    """A shape with the key `for`, which no class body can name."""
    field = Field(default_seconds, description="how long it must hold before it fires: 10m")
    return create_model("HeldShape", __base__=Shape, **{"for": (Duration, field)})  # type: ignore[call-overload, no-any-return]


class KpiAlertShape(held_for(900)):  # type: ignore[misc]
    """When somebody is told of a KPI."""

    name: Annotated[str, AfterValidator(alert_scalars.alert_name)] = Field(
        description="what its alerts are called: CamelCase"
    )
    severity: Literal["page", "ticket", "info"] = Field("ticket", description="page, ticket or info")
    deviation: Annotated[Decimal, BeforeValidator(scalars.positive)] | None = Field(
        None, description="share of the baseline by which it may be worse: 0.5"
    )
    above: Annotated[Decimal, BeforeValidator(scalars.finite)] | None = Field(None, description="told above this")
    below: Annotated[Decimal, BeforeValidator(scalars.finite)] | None = Field(None, description="told below this")
    least_baseline: Annotated[Decimal, BeforeValidator(scalars.finite)] = Field(
        Decimal(0), validate_default=False, description="no deviation is told where as little as this is usual"
    )
    description: str = Field(min_length=1, description="why it matters, for people")
    dashboard: str = Field("tw-business", description=f"one of {', '.join(conventions.DASHBOARDS)}")

    @field_validator("dashboard")
    @classmethod
    def _known(cls, uid: str) -> str:
        return alert_scalars.dashboard(uid)

    @model_validator(mode="after")
    def _says_when(self) -> KpiAlertShape:
        if self.deviation is None and self.above is None and self.below is None:
            raise ValueError("expected one or more of deviation, above, below: when is somebody told?")
        if self.above is not None and self.below is not None and self.below >= self.above:
            raise ValueError("below is not less than above: every number is beyond one of them")
        return self


class KpiShape(Shape):
    """A number to watch."""

    name: Name = Field(description="a name, unique within the service")
    title: str = Field(description="what it is called on screens")
    query: QueryText = Field(description="PromQL with {{.window}}")
    unit: str = Field(description="what one of it is: orders/min, EUR, ratio")
    better: Literal["higher", "lower"] = Field(description="higher or lower")
    alert: KpiAlertShape | None = Field(None, description="when somebody is told")

    @model_validator(mode="after")
    def _can_deviate(self) -> KpiShape:
        deviation = self.alert.deviation if self.alert is not None else None
        if deviation is not None and deviation >= 1 and self.better == "higher":
            raise ValueError("alert.deviation: nothing falls by more than the whole of its baseline; expected below 1")
        return self


class ServiceShape(Shape):
    """What the plain document and the CRD's `spec` share."""

    service: Name = Field(description="the service's name")
    labels: Labels = Field(default_factory=dict, description="labels of every series of every SLO")
    slo_plugins: dict[str, Any] | None = Field(None, description="sloth's SLO plugins")
    slos: Annotated[list[SloShape], Field(min_length=1)] = Field(description="a list of one or more objectives")
    team: Annotated[str, AfterValidator(optional_name)] = Field(
        "", description="who owns the service: a team of alerts/routing.yaml"
    )
    depends_on: list[Name] = Field(default_factory=list, description="services that this one calls")
    serves_http: Switch = Field(True, description="whether it answers requests; false for what only asks, like probes")
    kpis: list[KpiShape] = Field(default_factory=list, description="numbers to watch")


class PlainShape(ServiceShape):
    """A sloth `prometheus/v1` document."""

    version: Literal["prometheus/v1"] = Field(description="prometheus/v1")


class CrdShape(Shape):
    """A `sloth.slok.dev/v1` PrometheusServiceLevel, as applied to Kubernetes."""

    api_version: Literal["sloth.slok.dev/v1"] = Field(description="sloth.slok.dev/v1")
    kind: Literal["PrometheusServiceLevel"] = Field(description="PrometheusServiceLevel")
    metadata: dict[str, Any] = Field(default_factory=dict)
    spec: ServiceShape = Field(description="service and slos")
    status: dict[str, Any] | None = None


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
