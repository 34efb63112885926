"""The shape of a drill's file, as people write it: what is broken, what that does, and who must be told."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from budget import series_selector
from slo import alert_scalars, scalars
from slo.document import Plain
from slo.spec import Duration, Shape, Switch

VERSION = "tillwatch/drill/v1"
MOST_FAULTS_SECONDS = 900
MOST_SHOPPERS = 20
"""Ten visits a second at the busiest hour: less than two cores bear."""


def _selector(text: str) -> str:
    series_selector.parse(text)
    return text


def _share(value: Any) -> Any:
    read = scalars.finite(value)
    if read is None or not 0 <= read <= 1:
        raise ValueError(f"{value} is not a share: expected 0 to 1")
    return read


def _settings(value: Any) -> Any:
    """What only this fault takes: text, numbers and booleans by their names."""
    if not isinstance(value, dict):
        raise ValueError(f"expected a mapping, got {scalars.kind(value)}")
    return {str(key): scalars.typed(item) if isinstance(item, Plain) else item for key, item in value.items()}


def _not_past(seconds: int) -> int:
    if seconds >= MOST_FAULTS_SECONDS:
        raise ValueError(f"a drill has {MOST_FAULTS_SECONDS} s at most, and its last fault some of them")
    return seconds


def _shoppers(value: Any) -> Any:
    read = scalars.finite(value)
    if read is None or not 0 < read <= MOST_SHOPPERS:
        raise ValueError(f"{value} is no factor: expected more than 0, at most {MOST_SHOPPERS}")
    return read


Shoppers = Annotated[Decimal, BeforeValidator(_shoppers)]
Number = Annotated[Decimal, BeforeValidator(scalars.finite)]
Share = Annotated[Decimal, BeforeValidator(_share)]
Moment = Annotated[Duration, AfterValidator(_not_past)]
AlertName = Annotated[str, AfterValidator(alert_scalars.alert_name)]
Texts = Annotated[dict[str, str], BeforeValidator(scalars.text_map)]


class FaultShape(Shape):
    """One thing that is done to the running platform."""

    target: str = Field(min_length=1, description="a service or another part of the platform: payments")
    fault: str = Field(min_length=1, description="a fault that it knows: outage; or halt, kill, run, guess-passwords")
    share: Share = Field(Decimal(1), description="share of requests, 0 to 1")
    after: Moment = Field(0, description="so long after the first one: 20s")
    settings: Annotated[dict[str, Any], BeforeValidator(_settings)] = Field(
        default_factory=dict, description="what only this fault takes"
    )


class EffectShape(Shape):
    """How series go on while it lasts: the forecast has them go on as they did before, but for this."""

    series: Annotated[str, AfterValidator(_selector)] = Field(
        description='a selector, in quotes: http_server_requests_total{job="orders"}'
    )
    moves_to: Texts = Field(default_factory=dict, description="what grew there grows in the series with these labels")
    keeps: Share | None = Field(None, description="share of its growth that is left: 0 has it stand still")
    grows: Number | None = Field(None, description="so much a second, whatever it did before")
    value: Number | None = Field(
        None, description="a gauge shows this; one that shows a moment: so many seconds after the fault"
    )
    ends: Switch = Field(False, description="there is no sample any more")
    share: Share = Field(Decimal(1), description="of what moves_to moves: 0 to 1")

    @model_validator(mode="after")
    def _one_course(self) -> EffectShape:
        given = [self.moves_to or None, self.keeps, self.grows, self.value, self.ends or None]
        if sum(each is not None for each in given) != 1:
            raise ValueError("expected exactly one of moves_to, keeps, grows, value, ends")
        return self


class PageShape(Shape):
    """An alert that must tell somebody."""

    alert: AlertName = Field(description="the alert's name: PaymentsAvailability")
    service: str = Field(min_length=1, description="its label service")
    slo: str = Field("", description="its label slo, where it has one")
    severity: Literal["page", "ticket"] = Field("page", description="page, or ticket")
    later: Moment = Field(0, description="so much later than its rule alone would: 30s for a turn that is missed")
    when_busy: Switch = Field(False, description="whether it is expected only at hours at which enough people come")


class MayShape(Shape):
    """A page that may come as well, and why."""

    alert: AlertName = Field(description="the alert's name")
    service: str = Field(min_length=1, description="its label service")
    why: str = Field(min_length=1, description="why nobody minds")


class DrillShape(Shape):
    """One drill."""

    version: Literal["tillwatch/drill/v1"] = Field(description=f"version: {VERSION}")
    title: str = Field(min_length=1, max_length=80, description="what breaks, in a few words")
    says: str = Field(min_length=1, description="what shoppers and on-call see, in a sentence or two")
    short: Switch = Field(False, description="whether it is one of the three that `make drill` runs")
    shoppers: Shoppers = Field(Decimal(1), description="so many times as many come as on an ordinary day: 4")
    faults: list[FaultShape] = Field(min_length=1, description="what is broken, the first at once")
    mend: list[FaultShape] = Field(default_factory=list, description="what mends it, beside taking the faults back")
    effects: list[EffectShape] = Field(default_factory=list, description="how series go on under it")
    pages: list[PageShape] = Field(min_length=1, description="the alerts that must tell somebody")
    may: list[MayShape] = Field(default_factory=list, description="pages that may come as well")

    @model_validator(mode="after")
    def _first_at_once(self) -> DrillShape:
        if self.faults and self.faults[0].after:
            raise ValueError("the first fault comes at once: it has no after")
        return self
