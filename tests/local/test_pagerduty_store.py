"""Deduplication, and what survives on disk."""

import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import pagerduty_file
from local.pagerduty_incident import MOST_ENTRIES, Incident
from local.pagerduty_store import IncidentStore

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
    for at, action in enumerate(["trigger", "acknowledge", "trigger", "acknowledge"]):
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


@pytest.mark.parametrize("damaged", ["oops", "[]", "{}", '{"at":"1","team":"t","dedup_key":"k","event":null}'])
def test_a_damaged_line_is_named(path: Path, damaged: str) -> None:
    """Not skipped: what it held was answered once."""
    _send(IncidentStore(path), "trigger")
    path.write_text(damaged + "\n" + path.read_text())
    with pytest.raises(ValueError, match=r"events\.jsonl:1: not an event"):
        IncidentStore(path)


@given(events=EVENTS, most_events=st.integers(1, 6))
def test_a_file_that_is_made_shorter_tells_the_same(events: list[tuple[str, str, str]], most_events: int) -> None:
    """Numbers, times, logs; whenever that happens, and after each new start."""
    with tempfile.TemporaryDirectory() as folder, mock.patch("os.fsync"):
        plain = IncidentStore(Path(folder) / "plain.jsonl")
        path = Path(folder) / "short.jsonl"
        short = IncidentStore(path, most_events=most_events)
        for at, (action, key, team) in enumerate(events):
            _send(plain, action, key, team, str(at))
            _send(short, action, key, team, str(at))
        assert short.incidents() == plain.incidents()
        assert IncidentStore(path, most_events=most_events).incidents() == plain.incidents()
        assert sum("event" in record for record in pagerduty_file.read(path)) < most_events


def test_only_old_resolved_incidents_are_forgotten(path: Path) -> None:
    """Those that are open stay however old they are; numbers go on, also if the newest one is resolved."""
    store = IncidentStore(path, most_events=8, most_resolved=1)
    _send(store, "trigger", "open")
    for key in ("a", "b", "c"):
        _send(store, "trigger", key)
        _send(store, "resolve", key)
    assert len(store.incidents()) == 4
    _send(store, "trigger", "open")
    assert [incident.number for incident in store.incidents()] == [1, 4]
    again = IncidentStore(path)
    _send(again, "trigger", "new")
    assert [(i.number, i.status) for i in again.incidents()] == [(1, "triggered"), (4, "resolved"), (5, "triggered")]


def test_a_file_that_cannot_be_made_shorter_stays(path: Path) -> None:
    """Every event is still there; nothing is left beside it."""
    store = IncidentStore(path, most_events=2)
    _send(store, "trigger")
    with mock.patch("pathlib.Path.replace", side_effect=OSError(28, "No space left on device")):
        _send(store, "resolve")
    assert [each.name for each in path.parent.iterdir()] == ["events.jsonl"]
    assert len(path.read_text().splitlines()) == 2
    assert _only(IncidentStore(path, most_events=100)).status == "resolved"


def test_a_log_keeps_its_begin_and_its_end(path: Path) -> None:
    """An alert that is sent anew for weeks does not grow without end."""
    with mock.patch("os.fsync"):
        store = IncidentStore(path)
        for at in range(MOST_ENTRIES + 5):
            _send(store, "trigger", at=str(at))
    times = [int(entry.at) for entry in _only(store).log]
    assert (len(times), times[:2], times[-1]) == (MOST_ENTRIES, [0, 6], MOST_ENTRIES + 4)
    assert _only(store).triggers == MOST_ENTRIES + 5


@pytest.mark.parametrize("written", [0, 1, 20])
def test_a_line_that_the_disk_has_no_room_for_leaves_nothing(path: Path, written: int) -> None:
    """Whatever of it had been written is taken back, and the next line stands by itself."""
    pagerduty_file.append(path, {"n": 1})
    whole, room = path.read_bytes(), iter([written])
    write = pagerduty_file.os.write

    def full(file: int, data: bytes) -> int:
        for left in room:
            return write(file, data[:left])
        raise OSError(28, "No space left on device")

    with mock.patch("os.write", full), pytest.raises(OSError, match="No space"):
        pagerduty_file.append(path, {"text": "x" * 100})
    assert path.read_bytes() == whole
    pagerduty_file.append(path, {"n": 2})
    assert pagerduty_file.read(path) == [{"n": 1}, {"n": 2}]
