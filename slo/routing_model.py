"""Who is told of what, and when: the routing file, once read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

HOLIDAYS = "-holidays"
"""How the name of the interval ends that holds the holidays of some hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Who owns services.

    description: for people. hours: name of the hours in which its tickets reach it, "" for always.
    slack: channel of its tickets, "" where they go to PagerDuty with a low urgency, and at any hour.
    """

    name: str
    description: str
    hours: str = ""
    slack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Working hours. weekdays: Alertmanager's ranges ("monday:friday"). times: ("09:00", "17:00") pairs, which do not
    overlap. time_zone: an IANA name. holidays: days on which nobody works."""

    name: str
    time_zone: str
    weekdays: tuple[str, ...]
    times: tuple[tuple[str, str], ...]
    holidays: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """Where the last resort is mailed to; the password lies in the secrets as `email/password`."""

    to: str
    sender: str
    smarthost: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Pages that still fire after so long go to this team as well."""

    team: str
    after_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMansSwitch:
    """Somebody outside who is told every so often that we are alive; its token lies in `dead-mans-switch/token`."""

    url: str
    every_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where what an alert links to is found.

    runbook:   address of a runbook, with `{alert}` for the alert's name. dashboards: address of Grafana.
    folder:    path of the runbooks, each named `<alert>.md`, as it was resolved beside the routing file.
    """

    runbook: str
    dashboards: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The whole routing file. Nothing in it is a secret: those lie under `secrets`, a file each."""

    teams: tuple[Team, ...] = ()
    hours: tuple[Hours, ...] = ()
    email: Email | None = None
    escalation: Escalation | None = None
    dead_mans_switch: DeadMansSwitch | None = None
    links: Links | None = None
    secrets: str = "/etc/alertmanager/secrets"
