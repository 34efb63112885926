"""Keys and tokens: whole or not there, and nobody else's to read."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from local.secret import write_secret


def test_a_secret_is_its_owners_alone(tmp_path: Path) -> None:
    """Its folder too; what was there before, readable to all, is replaced."""
    file = tmp_path / "keys" / "routing_key"
    file.parent.mkdir(mode=0o700)
    file.write_text("old")
    write_secret(file, "new")
    assert (file.read_text(), oct(file.stat().st_mode & 0o777)) == ("new", "0o600")


@pytest.mark.parametrize("before", [None, "old"], ids=["the first", "another"])
def test_a_full_disk_leaves_no_half_of_a_secret(
    tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]], before: str | None
) -> None:
    """An empty routing key would be kept from run to run, and every page refused."""
    file = tmp_path / "routing_key"
    if before is not None:
        write_secret(file, before)
    with full_disk(), pytest.raises(OSError, match="File too large"):
        write_secret(file, "new")
    assert (file.read_text() if file.exists() else None) == before
