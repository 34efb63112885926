"""`POST /rum`: what browsers measured of our pages. Anybody can send it, so it is believed within narrow bounds."""

from typing import Annotated, Literal

from apiflask import APIBlueprint
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.shared.auth import public
from services.shared.limits import Limiter
from services.storefront.domain.ports import CLS, PageCounts

# A page reports twice or three times, and somebody may open many.
LIMIT = "120/minute"
MAX_VITALS = 5
MAX_ERRORS = 20
# Ten minutes, in milliseconds: what took longer was a suspended computer.
MAX_TIME = 600_000
MAX_SHIFT = 100


class VitalBody(BaseModel):
    """One measurement: milliseconds, for CLS a score."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Literal["LCP", "CLS", "INP", "FCP", "TTFB"]
    value: float = Field(ge=0, le=MAX_TIME, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_a_score(self) -> "VitalBody":
        if self.name == CLS and self.value > MAX_SHIFT:
            raise PydanticCustomError("shift", "Expected a score")
        return self


def _each_once(vitals: list[VitalBody]) -> list[VitalBody]:
    if len({each.name for each in vitals}) < len(vitals):
        raise PydanticCustomError("once", "Expected each vital once")
    return vitals


def rum_pages(metrics: PageCounts, limiter: Limiter) -> APIBlueprint:
    """The route; the pages that may be reported are those that *metrics* knows."""
    blueprint = APIBlueprint("rum", __name__, enable_openapi=False)

    def _is_page(rule: str) -> str:
        if rule not in metrics.pages:
            raise PydanticCustomError("page", "Not a page of this shop")
        return rule

    class ReportBody(BaseModel):
        """What one page has measured since its last report."""

        model_config = ConfigDict(extra="forbid", strict=True)

        page: Annotated[str, AfterValidator(_is_page)]
        vitals: Annotated[list[VitalBody], Field(max_length=MAX_VITALS), AfterValidator(_each_once)] = []
        errors: int = Field(0, ge=0, le=MAX_ERRORS)

    @blueprint.post("/rum")
    @public
    @limiter.limit(LIMIT)
    @blueprint.input(ReportBody, arg_name="report")
    def receive(report: ReportBody) -> tuple[str, int]:
        for vital in report.vitals:
            metrics.vital(vital.name, vital.value, page=report.page)
        if report.errors:
            metrics.failed(report.errors, page=report.page)
        return "", 204

    return blueprint
