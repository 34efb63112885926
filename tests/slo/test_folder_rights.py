"""Who can use a folder after it was made anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slo import folder_rights

Chowned = list[tuple[str, int, int]]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """An old folder, and a new one with a folder and a file more."""
    (tmp_path / "old/rules").mkdir(parents=True)
    (tmp_path / "old/mine").write_text("x")
    (tmp_path / "new/rules/sub").mkdir(parents=True)
    (tmp_path / "new/rules/sub/a.yaml").write_text("x")
    os.link(tmp_path / "old/mine", tmp_path / "new/mine")
    return tmp_path / "old", tmp_path / "new"


def test_modes(folders: tuple[Path, Path]) -> None:
    """Each folder has the mode of its twin."""
    old, new = folders
    (old / "rules").chmod(0o2750)
    old.chmod(0o711)
    folder_rights.same_modes(old, new)
    assert [(path.stat().st_mode & 0o7777) for path in (new, new / "rules")] == [0o711, 0o2750]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives to another user")
def test_owners(folders: tuple[Path, Path]) -> None:
    """A folder has its twin's owner, one without a twin that of the folder above; files that were kept keep theirs."""
    old, new = folders
    os.chown(old, 12, 34)
    os.chown(old / "rules", 56, 78)
    folder_rights.same_owners(old, new, {"rules/sub/a.yaml"})
    found = {path.relative_to(new).as_posix(): path.stat() for path in (new, *new.rglob("*"))}
    assert {name: (stat.st_uid, stat.st_gid) for name, stat in found.items()} == {
        ".": (12, 34),
        "mine": (0, os.getegid()),
        "rules": (56, 78),
        "rules/sub": (56, 78),
        "rules/sub/a.yaml": (56, 78),
    }


def _chowned(monkeypatch: pytest.MonkeyPatch, allowed: bool) -> Chowned:
    """What is given to whom; only groups may be given away where not all is *allowed*."""
    calls: Chowned = []

    def chown(path: Path, user: int, group: int, *, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        if user != -1 and not allowed:
            raise PermissionError
        calls.append((path.name, user, group))

    monkeypatch.setattr(folder_rights.os, "chown", chown)
    return calls


@pytest.mark.parametrize("allowed", [True, False], ids=["as root", "as anybody else"])
def test_a_group_at_least(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    """Who may not give to another user gives to the group; who may do neither goes on."""
    old, _ = folders
    calls = _chowned(monkeypatch, allowed)
    owner = os.stat_result((0o755, 0, 0, 0, 12, 34, 0, 0, 0, 0))
    folder_rights.give(old, owner)
    folder_rights.give(old, old.stat())
    assert calls == [("old", 12 if allowed else -1, 34)]


def test_what_is_not_permitted_is_left(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner is no reason to fail."""

    def chown(*_arguments: object, **_options: object) -> None:
        raise PermissionError

    monkeypatch.setattr(folder_rights.os, "chown", chown)
    folder_rights.give(folders[0], os.stat_result((0o755, 0, 0, 0, 12, 34, 0, 0, 0, 0)))
