"""One platform a run directory, and no signal to a stranger."""

import json
import os
from pathlib import Path

import psutil
import pytest

from local import lock
from local.errors import AlreadyRunning


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A lock in a directory that is not there yet."""
    return tmp_path / "run" / "lock"


def test_a_second_platform_is_told_of_the_first(path: Path) -> None:
    """The message has the process and the way to stop it; afterwards the lock is free."""
    with lock.held(path):
        assert lock.is_held(path)
        with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}\).*local down"), lock.held(path):
            pass
        assert lock.is_held(path)
    assert not lock.is_held(path)
    with lock.held(path):
        pass


def test_the_directory_is_private(path: Path) -> None:
    """Tokens and keys lie beside the lock."""
    with lock.held(path):
        assert path.parent.stat().st_mode & 0o077 == 0


def test_nobody_holds_a_lock_that_is_not_there(path: Path) -> None:
    """`down` on a fresh machine."""
    assert not lock.is_held(path)
    assert lock.holder(path) is None
    assert lock.wait_until_free(path, seconds=0)


def test_the_holder_is_this_very_process(path: Path) -> None:
    """Id and start time fit."""
    with lock.held(path):
        assert lock.holder(path) == psutil.Process()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"pid": os.getpid(), "started": 0.0}, id="the id is another process's by now"),
        pytest.param({"pid": 2**22 + 1, "started": 0.0}, id="there is no such process"),
        pytest.param({}, id="nothing"),
        pytest.param([], id="something else"),
    ],
)
def test_a_stranger_is_never_the_holder(path: Path, content: object) -> None:
    """An id that was used again must not get our signals."""
    path.parent.mkdir()
    path.write_text(json.dumps(content))
    assert lock.holder(path) is None
