"""The secrets of the routing: one file each, below one folder, and what must be in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slo.errors import Fault
from slo.routing_model import Routing

UNROUTED = "unrouted"
ROUTING_KEY = "routing_key"
SLACK_URL = "slack_url"
MAIL_PASSWORD = "email/password"
SWITCH_TOKEN = "dead-mans-switch/token"
KEY_LENGTH = 32
"""Characters of an integration key of PagerDuty's Events API v2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A file below the folder of secrets. `length` of its content, 0 where any will do."""

    path: str
    what: str
    length: int = 0


def expected(routing: Routing) -> tuple[KeyFile, ...]:
    """Every file that the Alertmanager configuration of *routing* names."""
    return tuple(_expected(routing))


def _expected(routing: Routing) -> Iterator[KeyFile]:
    for owner in (UNROUTED, *(team.name for team in routing.teams)):
        yield KeyFile(path=f"{owner}/{ROUTING_KEY}", what="a PagerDuty integration key", length=KEY_LENGTH)
    for team in routing.teams:
        if team.slack:
            yield KeyFile(path=f"{team.name}/{SLACK_URL}", what="the address of a Slack webhook")
    if routing.email is not None:
        yield KeyFile(path=MAIL_PASSWORD, what="the mail server's password")
    if routing.dead_mans_switch is not None:
        yield KeyFile(path=SWITCH_TOKEN, what="the token of the dead man's switch")


def missing_keys(routing: Routing, folder: str) -> tuple[Fault, ...]:
    """What is wrong with the secrets in *folder*; never what they are.

    amtool does not look: an Alertmanager without a key starts, and fails when it has to wake somebody.
    """
    found = ((key, f"{folder}/{key.path}") for key in expected(routing))
    return tuple(Fault(path=path, message=problem) for key, path in found if (problem := _problem(key, Path(path))))


def _problem(key: KeyFile, file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return f"is missing; expected {key.what}"
    except (OSError, UnicodeDecodeError):
        return f"cannot be read; expected {key.what}"
    if not text:
        return f"is empty; expected {key.what}"
    if key.length and len(text) != key.length:
        return f"holds {len(text)} characters; expected {key.what}, of {key.length}"
    return ""
