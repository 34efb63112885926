"""Logs that do not fill the disk."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from local import log_files


def test_a_log_that_is_too_long_is_moved_aside(tmp_path: Path) -> None:
    """Its writer goes on in the same file; a short one stays as it is."""
    long, short = log_files.fresh(tmp_path, "long"), log_files.fresh(tmp_path, "short")
    with long.open("a") as writer:
        writer.write("before")
        writer.flush()
        short.write_text("x")
        log_files.trim([long, short], most_bytes=1)
        writer.write("after")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "long.log": "after",
        "long.log.1": "before",
        "short.log": "x",
    }


def test_a_full_disk_costs_the_copy_and_not_the_platform(
    tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    """The cut makes room; whoever looks after the parts goes on."""
    log = log_files.fresh(tmp_path, "long")
    log.write_text("before")
    with full_disk():
        log_files.trim([log], most_bytes=1)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"long.log": ""}
