"""Deduplication, and what survives on disk."""

import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pagerduty_store import Incident, IncidentStore

ACTIONS = st.sampled_from(["trigger", "acknowledge", "resolve"])
EVENTS = st.lists(st.tuples(ACTIONS, st.sampled_from(["k1", "k2"]), st.sampled_from(["t1", "t2"])), max_size=15)


def _send(store: IncidentStore, action: str, key: str = "k", team: str = "t", at: str = "1") -> None:
    event: dict[str, Any] = {"routing_key": "r" * 32, "event_action": action, "payload": {"summary": key}}
    store.accept(event, dedup_key=key, team=team, at=at)


def _only(store: IncidentStore) -> Incident:
    (incident,) = store.incidents()
    return incident


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of events that is not there yet."""
    return tmp_path / "events.jsonl"


def test_a_repeated_trigger_is_the_same_incident(path: Path) -> None:
    """It counts, and an acknowledgement stays."""
    store = IncidentStore(path)
    for at, action in enumerate(["trigger", "acknowledge", "trigger"]):
        _send(store, action, at=str(at))
    incident = _only(store)
    assert (incident.status, incident.triggers) == ("acknowledged", 2)
    assert (incident.created_at, incident.acknowledged_at, incident.last_trigger_at) == ("0", "1", "2")


def test_a_trigger_after_the_end_opens_a_new_one(path: Path) -> None:
    """A resolved incident stays as it was."""
    store = IncidentStore(path)
    for at, action in enumerate(["trigger", "resolve", "resolve", "acknowledge", "trigger"]):
        _send(store, action, at=str(at))
    first, second = store.incidents()
    assert (first.status, first.resolved_at, second.status) == ("resolved", "1", "triggered")
    assert (first.number, second.number) == (1, 2)


def test_teams_do_not_share_keys(path: Path) -> None:
    """A key is unique within one integration."""
    store = IncidentStore(path)
    _send(store, "trigger", team="a")
    _send(store, "resolve", team="b")
    assert _only(store).status == "triggered"


@given(events=EVENTS)
def test_per_team_and_key_there_is_one_open_incident_at_most(events: list[tuple[str, str, str]]) -> None:
    """There are as many incidents as triggers that found none open; read again, all is the same."""
    with tempfile.TemporaryDirectory() as folder, mock.patch("os.fsync"):  # a slow disk adds nothing here
        store = IncidentStore(Path(folder) / "events.jsonl")
        is_open: set[tuple[str, str]] = set()
        opened = 0
        for action, key, team in events:
            _send(store, action, key, team)
            if action == "trigger" and (key, team) not in is_open:
                opened += 1
                is_open.add((key, team))
            elif action == "resolve":
                is_open.discard((key, team))
        found = [(i.dedup_key, i.team) for i in store.incidents() if i.status != "resolved"]
        assert sorted(found) == sorted(is_open)
        assert len(store.incidents()) == opened
        assert IncidentStore(Path(folder) / "events.jsonl").incidents() == store.incidents()


def test_the_routing_key_is_not_written(path: Path) -> None:
    """The file is for this user alone, and holds no secret."""
    _send(IncidentStore(path), "trigger")
    assert "r" * 32 not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_line_that_a_crash_cut_short_is_dropped(path: Path) -> None:
    """It was never answered; the next event does not grow onto it."""
    _send(IncidentStore(path), "trigger", key="whole")
    with path.open("a") as file:
        file.write('{"at":"2","team":"t","ded')
    store = IncidentStore(path)
    assert _only(store).dedup_key == "whole"
    _send(store, "trigger", key="next")
    assert [i.dedup_key for i in IncidentStore(path).incidents()] == ["whole", "next"]


def test_a_write_that_fails_changes_nothing(path: Path) -> None:
    """What is not on disk is not shown, so that Alertmanager asks again."""
    store = IncidentStore(path)
    path.mkdir()  # a file cannot be written here
    with pytest.raises(OSError, match="directory"):
        _send(store, "trigger")
    assert store.incidents() == ()
