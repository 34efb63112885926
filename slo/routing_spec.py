"""The shapes of the routing file, as people write it: teams, their hours, and who is told in the last resort."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from slo import alert_scalars, hours
from slo.routing_model import HOLIDAYS
from slo.spec import Duration, Name, Shape, optional_name

Address = Annotated[str, AfterValidator(alert_scalars.web_address)]
Mail = Annotated[str, AfterValidator(alert_scalars.mail_address)]
Zone = Annotated[str, AfterValidator(hours.time_zone)]
Weekday = Annotated[str, AfterValidator(hours.weekdays)]
Span = Annotated[tuple[str, str], BeforeValidator(hours.span)]
Day = Annotated[date, BeforeValidator(hours.day)]
TAKEN_TEAMS = ("unrouted", "email", "dead-mans-switch")
"""Folders of secrets that belong to no team."""


def _some_time(seconds: int) -> int:
    if not seconds:
        raise ValueError("0 is no time; leave the whole part out to turn it off")
    return seconds


def _channel(text: str) -> str:
    if text and not re.fullmatch(r"[#@][^\s#@]+", text):
        raise ValueError(f"{text!r} is not a channel; expected '#orders', in quotes")
    return text


def _server(text: str) -> str:
    if not re.fullmatch(r"[^\s:]+:[0-9]{1,5}", text):
        raise ValueError(f"{text!r} is not host:port; expected mail.example.com:587")
    return text


def _folder(text: str) -> str:
    if not re.fullmatch(r"/[^\s]*[^\s/]", text):
        raise ValueError(f"{text!r} is not a folder where Alertmanager runs; expected /etc/alertmanager/secrets")
    return text


SomeTime = Annotated[Duration, AfterValidator(_some_time)]


class TeamShape(Shape):
    """Who owns services."""

    description: str = Field(description="what the team owns, for people")
    hours: Annotated[str, AfterValidator(optional_name)] = Field(
        "", description="when tickets reach it: a name of hours"
    )
    slack: Annotated[str, AfterValidator(_channel)] = Field(
        "", description="the channel of its tickets: '#orders'; PagerDuty, where it is left out"
    )

    @model_validator(mode="after")
    def _hears_the_end(self) -> TeamShape:
        # Alertmanager sends no end of what ends outside the hours (docs/adr/0004): the incident would stay open.
        if self.hours and not self.slack:
            raise ValueError(
                "hours: expected a slack channel beside it; tickets without one go to PagerDuty at any hour, with a low"
                " urgency, for PagerDuty would never hear of an end outside the hours"
            )
        return self


class HoursShape(Shape):
    """Working hours."""

    time_zone: Zone = Field(description="an IANA name: Europe/Berlin")
    weekdays: Annotated[list[Weekday], Field(min_length=1)] = Field(description="days or ranges: [monday:friday]")
    times: Annotated[list[Span], Field(min_length=1)] = Field(description="spans of a day: ['09:00-17:00']")
    holidays: list[Day] = Field(default_factory=list, description="days on which nobody works: [2026-12-25]")

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, value: Any) -> Any:
        return hours.without_overlap(value)


class EmailShape(Shape):
    """The last resort by mail."""

    to: Mail = Field(description="who reads it: oncall@example.com")
    sender: Mail = Field(description="the address it comes from")
    smarthost: Annotated[str, AfterValidator(_server)] = Field(description="host:port of the mail server")
    username: str = Field(min_length=1, description="the name to log in with; the password lies in the secrets")


class EscalationShape(Shape):
    """Pages that go on for long are told to one team more."""

    team: Name = Field(description="the team that is told as well")
    after: SomeTime = Field(description="how long a page fires before: 30m")


class SwitchShape(Shape):
    """Who notices that we are silent."""

    url: Address = Field(description="https address that expects a sign of life")
    every: SomeTime = Field(300, description="how often: 5m")


class LinksShape(Shape):
    """Where what an alert links to is found."""

    runbook: Address = Field(description="address of a runbook, with {alert} for the alert's name")
    dashboards: Address = Field(description="address of Grafana")
    folder: str = Field("runbooks", min_length=1, description="folder of the runbooks, beside this file")

    @model_validator(mode="after")
    def _names_the_alert(self) -> LinksShape:
        if "{alert}" not in self.runbook:
            raise ValueError("runbook: expected {alert} where the alert's name belongs")
        return self


class RoutingShape(Shape):
    """`alerts/routing.yaml`: who can be woken."""

    teams: Annotated[dict[Name, TeamShape], Field(min_length=1)] = Field(description="teams and what they own")
    hours: dict[Name, HoursShape] = Field(default_factory=dict, description="working hours, by name")
    email: EmailShape | None = Field(None, description="where alerts that nobody owns are mailed to as well")
    escalation: EscalationShape | None = Field(None, description="who is told of pages that go on for long")
    dead_mans_switch: SwitchShape | None = Field(None, description="who notices that we are silent")
    links: LinksShape | None = Field(None, description="where runbooks and dashboards are")
    secrets: Annotated[str, AfterValidator(_folder)] = Field(
        "/etc/alertmanager/secrets", description="folder of keys where Alertmanager runs"
    )

    @field_validator("teams")
    @classmethod
    def _teams_are_people(cls, teams: dict[str, TeamShape]) -> dict[str, TeamShape]:
        for name in TAKEN_TEAMS:
            if name in teams:
                raise ValueError(f"{name} is no name for a team: the folder of that name holds other secrets")
        return teams

    @field_validator("hours")
    @classmethod
    def _hours_apart(cls, spans: dict[str, HoursShape]) -> dict[str, HoursShape]:
        for name in spans:
            if name.endswith(HOLIDAYS):
                raise ValueError(f"{name} is no name for hours: the holidays of others are called that")
        return spans
