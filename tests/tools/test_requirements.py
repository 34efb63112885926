"""requirements/: locks that install the same everywhere and name no place to install from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^([a-z0-9.-]+)==(\S+)(?: ; [^\\]+)? \\$")


def pinned(lock: Path) -> list[tuple[str, str]]:
    """Package and version of each entry of a lock; a package may have one entry for old Pythons and one for new."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [(match[1], match[2]) for line in lines if (match := PINNED.match(line))]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_entry_is_exact_and_hashed(lock):
    """Each entry of a lock has one version and at least one hash."""
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    packages = [entry for entry in entries if re.match(r"[a-z0-9]", entry)]
    assert len(packages) == len(pinned(lock)) > 0
    assert all("--hash=sha256:" in entry for entry in packages)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_a_registry_or_a_machine(lock):
    """A lock installs from whatever index the reader's machine uses."""
    assert not re.search(r"://|index-url|find-links| /", lock.read_text(encoding="utf-8"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_the_small_locks_are_cut_from_the_large_one(lock):
    """An image installs exactly what was tested in the one environment."""
    assert set(pinned(lock)) <= set(pinned(ROOT / "requirements/dev.txt"))


def test_the_lock_is_made_for_the_python_that_the_project_asks_for():
    """pyproject.toml and scripts/lock.sh name the same lowest Python."""
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert f"--python-version {lowest.removeprefix('>=')} " in (ROOT / "scripts/lock.sh").read_text(encoding="utf-8")
