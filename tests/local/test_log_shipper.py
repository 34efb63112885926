"""Logs are sent as they grow; what could not be sent is sent later, over restarts of Loki and of the shipper."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local import log_files
from local.log_shipper import Shipper, Streams, run, service_of
from local.loki_client import Rejected, Unreachable
from local.settings import ROOT


class Standin:
    """Takes what is pushed, or fails."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.pushes = 0
        self.lines: list[tuple[str, str, str]] = []

    def push(self, streams: Streams) -> None:
        """Note the lines, by their labels."""
        self.pushes += 1
        if self.fails is not None:
            raise self.fails
        for labels, lines in streams:
            assert set(labels) == {"service", "level"}
            self.lines += [(labels["service"], labels["level"], line.text) for line in lines]

    @property
    def texts(self) -> list[str]:
        """The lines alone."""
        return [text for *_, text in self.lines]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the logs."""
    found = tmp_path / "logs"
    found.mkdir()
    return found


@pytest.fixture
def loki() -> Standin:
    """In place of a Loki."""
    return Standin()


@pytest.fixture
def shipper(folder: Path, loki: Standin) -> Callable[[], Shipper]:
    """Starts a shipper, as if the last one had been killed."""
    return lambda: Shipper(folder, folder.parent / "loki" / "marks.json", loki)


def write(folder: Path, name: str, *lines: str) -> None:
    """Append to a log."""
    with (folder / f"{name}.log").open("a", encoding="utf-8") as output:
        output.writelines(f"{line}\n" for line in lines)


def test_lines_are_sent_once_with_two_labels(folder: Path, loki: Standin, shipper: Callable[[], Shipper]) -> None:
    """The service, without a replica's number, and the level; ids stay in the line. Logs of before are left alone."""
    line = '{"level": "ERROR", "trace_id": "0af7", "request_id": "r-1"}'
    write(folder, "orders-2", line)
    write(folder, "prometheus", "ts=2026-11-24T11:14:13Z level=warn", "level=info x")
    (folder / "users.log.1").write_text("old\n")
    running = shipper()
    assert not running.turn()
    assert sorted(loki.lines) == [
        ("orders", "error", line),
        ("prometheus", "info", "level=info x"),
        ("prometheus", "warning", "ts=2026-11-24T11:14:13Z level=warn"),
    ]
    running.turn()
    shipper().turn()
    assert len(loki.lines) == 3


def test_lokis_own_log_is_not_sent_to_it(folder: Path, loki: Standin, shipper: Callable[[], Shipper]) -> None:
    """Nor the shipper's: a line about a failed push would fail, too."""
    write(folder, "loki", "level=error")
    write(folder, "log-shipper", "level=error")
    shipper().turn()
    assert loki.pushes == 0


@pytest.mark.parametrize(
    ("name", "service"),
    [("orders-2", "orders"), ("orders-worker", "orders-worker"), ("front-door", "front-door"), ("a-12", "a")],
)
def test_the_label_is_the_scrape_job(name: str, service: str) -> None:
    """So that metrics and logs of a service are found by the same word."""
    assert service_of(Path(f"{name}.log")) == service


def test_what_could_not_be_sent_is_sent_later(folder: Path, loki: Standin, shipper: Callable[[], Shipper]) -> None:
    """Also by another shipper, and although the log was moved aside meanwhile."""
    write(folder, "orders", "one")
    shipper().turn()
    loki.fails = Unreachable("away")
    write(folder, "orders", "two")
    running = shipper()
    with pytest.raises(Unreachable):
        running.turn()
    log_files.fresh(folder, "orders")
    write(folder, "orders", "three")
    loki.fails = None
    running = shipper()
    while running.turn():
        pass
    assert loki.texts == ["one", "two", "three"]


def test_what_is_rejected_is_not_sent_again(
    folder: Path, loki: Standin, shipper: Callable[[], Shipper], caplog: pytest.LogCaptureFixture
) -> None:
    """Or it would hold up everything behind it; the reason is in the shipper's log."""
    write(folder, "orders", "one")
    loki.fails = Rejected("it answered 400: too old")
    running = shipper()
    running.turn()
    assert "it answered 400: too old" in caplog.text
    loki.fails = None
    write(folder, "orders", "two")
    running.turn()
    assert loki.texts == ["two"]


def test_a_long_log_comes_in_pieces(folder: Path, loki: Standin, shipper: Callable[[], Shipper]) -> None:
    """Each turn takes a little of it, so that memory is bounded and no other log waits for it."""
    lines = [f"{number:06d}" + "x" * 994 for number in range(300)]
    write(folder, "catalog", *lines)
    write(folder, "users", "one")
    running = shipper()
    assert running.turn()
    assert 0 < len(loki.lines) < 70
    assert "one" in loki.texts
    while running.turn():
        pass
    assert [text for text in loki.texts if text != "one"] == lines


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a.log": 5}', '{"a.log": {"position": "x", "head": ""}}', "\x00"])
def test_marks_that_cannot_be_read_are_none(
    folder: Path, loki: Standin, shipper: Callable[[], Shipper], text: str
) -> None:
    """Logs are sent from their beginning then, and the marks written anew."""
    marks = folder.parent / "loki" / "marks.json"
    marks.parent.mkdir()
    marks.write_text(text)
    write(folder, "orders", "one")
    shipper().turn()
    assert loki.texts == ["one"]
    assert json.loads(marks.read_text())["orders.log"]["position"] == 4


def test_a_log_that_is_gone_is_forgotten(folder: Path, loki: Standin, shipper: Callable[[], Shipper]) -> None:
    """Marks do not pile up."""
    write(folder, "orders", "one")
    running = shipper()
    running.turn()
    (folder / "orders.log").unlink()
    running.turn()
    assert json.loads((folder.parent / "loki" / "marks.json").read_text()) == {}


def test_pauses_grow_while_loki_is_away(
    folder: Path, loki: Standin, shipper: Callable[[], Shipper], caplog: pytest.LogCaptureFixture
) -> None:
    """To half a minute; that it is away is said once, and that it is back."""
    write(folder, "orders", "one")
    loki.fails = Unreachable("it answered 503")
    waited, turns = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal waited
        if not turns or turns[-1][0] != loki.pushes:
            turns.append((loki.pushes, waited))
        waited += seconds
        if waited >= 200:
            loki.fails = None

    run(shipper(), stopping=lambda: waited > 240, sleep=sleep)
    began = [at for _, at in turns]
    assert [later - sooner for sooner, later in itertools.pairwise(began)][:6] == [2, 4, 8, 16, 30, 30]
    said = [record.getMessage() for record in caplog.records]
    assert said == ["Loki is away, logs wait for it: it answered 503", "Loki is back"]
    assert loki.texts == ["one"]


def test_the_last_lines_are_sent_when_it_stops(folder: Path, loki: Standin, shipper: Callable[[], Shipper]) -> None:
    """What comes while the last ones are on their way, when the signal comes, too."""
    stopped = False
    push = loki.push

    def slow(streams: Streams) -> None:
        nonlocal stopped
        push(streams)
        if not stopped:
            write(folder, "orders", "the last")
        stopped = True

    loki.push = slow  # type: ignore[method-assign]
    write(folder, "orders", "one")
    run(shipper(), stopping=lambda: stopped, sleep=lambda seconds: None)
    assert loki.texts == ["one", "the last"]


def test_marks_that_cannot_be_written_do_not_end_it(
    folder: Path, loki: Standin, shipper: Callable[[], Shipper], caplog: pytest.LogCaptureFixture
) -> None:
    """The disk is full: it goes on, and says so."""
    (folder.parent / "loki").write_text("a file where the folder should be")
    write(folder, "orders", "one")
    asked = iter([False, True])
    run(shipper(), stopping=lambda: next(asked, True), sleep=lambda seconds: None)
    assert loki.texts == ["one"]
    assert "marks cannot be written: File exists" in caplog.text


def test_without_an_address_it_says_so(folder: Path) -> None:
    """And ends; no push was tried."""
    command = [sys.executable, "-m", "local.log_shipper", f"--logs={folder}", f"--marks={folder / 'marks.json'}"]
    found = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "LOKI_URL": "nowhere"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert found.returncode == 2
    assert found.stderr == "log-shipper: LOKI_URL: expected an address such as http://127.0.0.1:3100\n"
