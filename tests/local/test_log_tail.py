"""Each line of a log is read once, in order, also over the two ways in which the platform moves logs aside."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import log_files
from local.log_tail import Mark, unread


def all_unread(log: Path, mark: Mark, most_bytes: int = 64) -> tuple[list[str], Mark]:
    """Every line that is there, piece by piece."""
    lines: list[str] = []
    for _ in range(1000):
        found = unread(log, mark, most_bytes=most_bytes)
        lines, mark = [*lines, *found.lines], found.mark
        if not found.more:
            return lines, mark
    raise AssertionError("it does not come to an end")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A fresh log, as a part has it."""
    return log_files.fresh(tmp_path, "orders")


def append(log: Path, text: str) -> None:
    """Write as a part does."""
    with log.open("a", encoding="utf-8") as output:
        output.write(text)


def test_a_line_is_read_once_it_is_whole(log: Path) -> None:
    """Its beginning waits for its end."""
    append(log, "one\ntw")
    lines, mark = all_unread(log, Mark())
    append(log, "o\n")
    assert (lines, all_unread(log, mark)[0]) == (["one"], ["two"])


def test_a_line_without_end_comes_in_pieces(log: Path) -> None:
    """So that memory stays bounded, and nothing waits behind it for ever."""
    append(log, "x" * 150)
    found = unread(log, Mark(), most_bytes=64)
    assert (found.lines, found.more) == (("x" * 64,), True)


def test_the_rest_of_the_last_run_comes_first(log: Path) -> None:
    """A new run begins a new file; the other's last line has no end if its writer was killed."""
    append(log, "one\n")
    _, mark = all_unread(log, Mark())
    append(log, "two\nthree")
    log_files.fresh(log.parent, "orders")
    append(log, "four\n")
    assert all_unread(log, mark)[0] == ["two", "three", "four"]


def test_what_was_cut_comes_from_its_copy(log: Path) -> None:
    """A log that is too long is copied and cut, while its writer goes on."""
    append(log, "one\n")
    _, mark = all_unread(log, Mark())
    append(log, "two\n")
    log_files.trim([log], most_bytes=1)
    append(log, "three\n")
    lines, mark = all_unread(log, mark)
    assert lines == ["two", "three"]
    assert all_unread(log, mark)[0] == []


def test_another_file_of_the_same_length_is_read_from_its_beginning(log: Path) -> None:
    """Two runs that nobody followed lie between: the name is the same, the file is not."""
    append(log, "one\n")
    _, mark = all_unread(log, Mark())
    for text in ("abc\n", "two\n"):
        log_files.fresh(log.parent, "orders")
        append(log, text)
    assert all_unread(log, mark)[0] == ["two"]


def test_a_log_that_is_gone_is_said(tmp_path: Path) -> None:
    """It is the caller's to know what that means."""
    with pytest.raises(FileNotFoundError):
        unread(tmp_path / "none.log", Mark())


STEPS = st.sampled_from(["read", "fresh", "trim"]) | st.text("ab\n", max_size=40).map("write ".__add__)


@given(st.lists(STEPS, max_size=30))
def test_nothing_is_lost_or_doubled(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """However writing, reading and moving aside alternate, once something of each file was read."""
    log = log_files.fresh(tmp_path_factory.mktemp("logs"), "orders")
    written, read, mark, followed = "", [], Mark(), False
    for number, step in enumerate([*steps, "read"]):
        # No two files begin alike, for lines begin with their time.
        text = f"{number}:{step.removeprefix('write ')}" if step.startswith("write ") else f"{number}.\n"
        append(log, text)
        written += text
        if step == "read" or (step in ("fresh", "trim") and not followed):
            lines, mark = all_unread(log, mark)
            read += lines
            followed = True
        if step == "fresh":
            log_files.fresh(log.parent, "orders")
        if step == "trim":
            log_files.trim([log], most_bytes=0)
        followed = followed and step not in ("fresh", "trim")
    assert "".join(read) == written.replace("\n", "")
