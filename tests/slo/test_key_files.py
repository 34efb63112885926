"""slo.key_files: every secret of the routing is looked for before somebody has to be woken."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.key_files import expected, missing_keys
from slo.routing_model import DeadMansSwitch, Email, Routing, Team

ROUTING = Routing(
    teams=(Team(name="orders", description="", slack="#orders"), Team(name="payments", description="")),
    email=Email(to="a@b.example", sender="c@b.example", smarthost="mail.b.example:25", username="c"),
    dead_mans_switch=DeadMansSwitch(url="https://switch.b.example", every_seconds=300),
)
FILES = {
    "unrouted/routing_key": "u" * 32,
    "orders/routing_key": "o" * 32 + "\n",
    "payments/routing_key": "p" * 32,
    "orders/slack_url": "https://hooks.slack.example/x",
    "email/password": "secret",
    "dead-mans-switch/token": "token",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every key."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _told(folder: Path) -> list[str]:
    return [str(fault).removeprefix(f"{folder}/") for fault in missing_keys(ROUTING, str(folder))]


def test_a_whole_folder_has_no_fault(folder):
    """A line's end behind a key is fine: Alertmanager cuts it off as well."""
    assert _told(folder) == []
    assert {key.path for key in expected(ROUTING)} == {*FILES}


def test_what_nobody_uses_is_not_asked_for(tmp_path):
    """Without mail, a switch and a channel there are only routing keys."""
    plain = Routing(teams=(Team(name="orders", description=""),))
    assert [key.path for key in expected(plain)] == ["unrouted/routing_key", "orders/routing_key"]


def test_all_that_is_missing_is_told_at_once(tmp_path):
    """Each with what is expected there."""
    assert _told(tmp_path) == [
        "unrouted/routing_key: is missing; expected a PagerDuty integration key",
        "orders/routing_key: is missing; expected a PagerDuty integration key",
        "payments/routing_key: is missing; expected a PagerDuty integration key",
        "orders/slack_url: is missing; expected the address of a Slack webhook",
        "email/password: is missing; expected the mail server's password",
        "dead-mans-switch/token: is missing; expected the token of the dead man's switch",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "is empty; expected a PagerDuty integration key"),
        (b" \n", "is empty; expected a PagerDuty integration key"),
        (b"short", "holds 5 characters; expected a PagerDuty integration key, of 32"),
        (b"\xff" * 32, "cannot be read; expected a PagerDuty integration key"),
    ],
    ids=["empty", "blank", "another key", "no text"],
)
def test_a_file_that_is_no_key(folder, text, fault):
    """What is in it is never shown."""
    (folder / "orders/routing_key").write_bytes(text)
    assert _told(folder) == [f"orders/routing_key: {fault}"]


def test_a_folder_in_its_place(folder):
    """Kubernetes makes one of a secret that is not there."""
    (folder / "email/password").unlink()
    (folder / "email/password").mkdir()
    assert _told(folder) == ["email/password: cannot be read; expected the mail server's password"]
