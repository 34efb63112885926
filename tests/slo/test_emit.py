"""How the output folder is written: whole or not at all, the files of others kept, stale ones of ours gone."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slo import emit
from slo.artifact import MARK, Artifact, header
from slo.errors import ContentLost, OutputError
from tests.slo import unprivileged

RULES = "prometheus/rules"
# Writes a tree whose files all hold one word, as often as asked for.
WRITER = """
import sys, time
from pathlib import Path
from slo.artifact import Artifact, header
from slo.emit import write
out, words, files, pause = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3]), float(sys.argv[4])
for word in words:
    def made():
        for number in range(files):
            time.sleep(pause)
            yield Artifact(f"rules/{number}.yaml", header("x") + word * 1000)
    try:
        write(Path(out), made(), {"rules"})
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
"""


def artifacts(*names: str, text: str = "x") -> list[Artifact]:
    """Files of these names."""
    return [Artifact(name, header("x") + text) for name in names]


def tree(folder: Path) -> dict[str, str]:
    """Every file below *folder* and its text, the manifest apart."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != emit.MANIFEST
    }


def written(folder: Path) -> list[str]:
    """The names of all files and folders that stand in *folder*."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.name != emit.MANIFEST)


def words(folder: Path) -> set[str]:
    """The words that the files of WRITER hold."""
    return {path.read_text(encoding="utf-8").splitlines()[1][:1] for path in (folder / "rules").iterdir()}


def _no_link(*_arguments: object, **_options: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


# --- what is kept and what goes ---------------------------------------------------------------------------------


def test_writes_what_is_given(tmp_path: Path) -> None:
    """Each artifact is a file with its text, and the names come back sorted."""
    names = emit.write(tmp_path / "a/b/out", artifacts("b/2.yaml", "a/1.yaml", text="ä\n"), {"a", "b"})
    assert names == ("a/1.yaml", "b/2.yaml")
    assert tree(tmp_path / "a/b/out") == dict.fromkeys(names, header("x") + "ä\n")


def test_nothing_else_is_left(tmp_path: Path) -> None:
    """No temporary folder outlives a write."""
    for _ in range(3):
        emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_stale_files_of_ours_go(tmp_path: Path) -> None:
    """What was generated before and no longer is disappears, and folders that are empty then with it."""
    out = tmp_path / "out"
    emit.write(out, artifacts("rules/a.yaml", "rules/b/c.yaml"), {"rules"})
    emit.write(out, artifacts("rules/a.yaml"), {"rules"})
    assert written(out) == ["rules", "rules/a.yaml"]
    assert emit.ours(out) == {"rules/a.yaml"}


def test_what_is_not_replaced_stays(tmp_path: Path) -> None:
    """Our files in folders that this write does not fill are kept, and stay ours."""
    emit.write(tmp_path / "out", artifacts("rules/a.yaml", "tests/a.yaml"), {"rules", "tests"})
    emit.write(tmp_path / "out", artifacts("rules/b.yaml"), {"rules"})
    assert sorted(tree(tmp_path / "out")) == ["rules/b.yaml", "tests/a.yaml"]
    emit.write(tmp_path / "out", artifacts("tests/b.yaml"), {"tests"})
    assert sorted(tree(tmp_path / "out")) == ["rules/b.yaml", "tests/b.yaml"]


def test_a_folder_is_not_mistaken_for_another(tmp_path: Path) -> None:
    """Replacing `rules` leaves `rules2` alone."""
    emit.write(tmp_path / "out", artifacts("rules2/a.yaml"), {"rules2"})
    emit.write(tmp_path / "out", artifacts("rules/a.yaml"), {"rules"})
    assert sorted(tree(tmp_path / "out")) == ["rules/a.yaml", "rules2/a.yaml"]


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    """Texts, links, empty folders, modes and inodes of what is not ours are as they were."""
    out = tmp_path / "out"
    (out / "rules/private").mkdir(parents=True)
    (out / "rules/private").chmod(0o700)
    (out / "empty/inside").mkdir(parents=True)
    (out / "rules/private/key").write_text("secret")
    (out / "rules/private/key").chmod(0o600)
    (out / "README").write_text("mine")
    (out / "link").symlink_to("README")
    (out / "dangling").symlink_to("nothing")
    (out / "folder-link").symlink_to("rules")
    inode = (out / "README").stat().st_ino
    for _ in range(2):
        emit.write(out, artifacts("rules/a.yaml"), {"rules"})
    assert written(out) == [
        *("README", "dangling", "empty", "empty/inside", "folder-link", "link"),
        *("rules", "rules/a.yaml", "rules/private", "rules/private/key"),
    ]
    assert (out / "link").readlink() == Path("README")
    assert (out / "folder-link").is_symlink()
    assert stat.S_IMODE((out / "rules/private").stat().st_mode) == 0o700
    assert stat.S_IMODE((out / "rules/private/key").stat().st_mode) == 0o600
    assert (out / "README").stat().st_ino == inode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_stays_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build by root leaves owners and modes, and what it adds belongs to the same user; so do copies."""
    out = tmp_path / "out"
    emit.write(out, artifacts("rules/a.yaml"), {"rules"})
    (out / "README").write_text("mine")
    out.chmod(0o2775)
    for path in (out, *out.rglob("*")):
        os.chown(path, 1234, 5678)
    os.chown(out / "README", 9, 9)
    for number in range(2):
        emit.write(out, artifacts("rules/a.yaml", "tests/new/a.yaml"), {"rules"})
        found = {path.relative_to(out).as_posix(): path.stat() for path in (out, *out.rglob("*"))}
        owners = {name: (stat.st_uid, stat.st_gid) for name, stat in found.items()}
        assert owners.pop("README") == (9, 9)
        assert set(owners.values()) == {(1234, 5678)}, owners
        assert owners.keys() >= {".", emit.MANIFEST, "rules", "rules/a.yaml", "tests/new", "tests/new/a.yaml"}
        assert stat.S_IMODE(out.stat().st_mode) == 0o2775
        if not number:
            monkeypatch.setattr(emit.os, "link", _no_link)


def test_a_file_that_was_edited_by_hand_is_still_ours(tmp_path: Path) -> None:
    """The next write puts it right."""
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    (tmp_path / "out/a.yaml").write_text("edited")
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    assert tree(tmp_path / "out") == {"a.yaml": f"{header('x')}x"}


def test_a_lost_manifest_is_made_anew(tmp_path: Path) -> None:
    """Files that begin with our mark are replaced although no manifest names them."""
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    (tmp_path / "out" / emit.MANIFEST).unlink()
    emit.write(tmp_path / "out", artifacts("a.yaml", text="new"), set())
    assert tree(tmp_path / "out") == {"a.yaml": f"{header('x')}new"}
    assert MARK in header("x")


@pytest.mark.parametrize("manifest", [b"\xff\xfe\n../../etc/passwd\n", b"a.yaml\r\n/etc/passwd\n", b"\0" * 100])
def test_a_broken_manifest_does_no_harm(tmp_path: Path, manifest: bytes) -> None:
    """Whatever stands in it, nothing outside is touched and nothing breaks."""
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    (tmp_path / "out" / emit.MANIFEST).write_bytes(manifest)
    emit.write(tmp_path / "out", artifacts("b.yaml"), set())
    assert (tmp_path / "out/b.yaml").exists()


def test_the_same_file_twice_is_an_error(tmp_path: Path) -> None:
    """Two artifacts of one name would hide one another."""
    with pytest.raises(OutputError, match="File exists"):
        emit.write(tmp_path / "out", artifacts("a.yaml", "a.yaml"), set())


@pytest.mark.parametrize("name", ["rules/a.yaml", "rules/b.yaml"], ids=["replaced", "removed"])
@pytest.mark.parametrize("manifest", ["whole", "lost"])
def test_what_must_not_be_lost(tmp_path: Path, name: str, manifest: str) -> None:
    """A file of ours may hold what stops a write that would replace or remove it; others are not asked about."""
    out = tmp_path / "out"
    emit.write(out, artifacts(name, "tests/a.yaml", text="precious"), {"rules", "tests"})
    (out / "rules/mine.yaml").write_text("precious")
    if manifest == "lost":
        (out / emit.MANIFEST).unlink()
    before = tree(out)

    def lost(path: str, text: str) -> str:
        assert path == name
        return "is precious" if "precious" in text else ""

    if manifest == "lost" and name == "rules/b.yaml":  # nobody's file, so that it stays
        emit.write(out, artifacts("rules/a.yaml"), {"rules"}, lost)
        assert tree(out) == {**before, "rules/a.yaml": f"{header('x')}x"}
        return
    with pytest.raises(ContentLost) as refused:
        emit.write(out, artifacts("rules/a.yaml"), {"rules"}, lost)
    assert str(refused.value) == f"{out}/{name} is precious"
    assert tree(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# --- what stops a write -----------------------------------------------------------------------------------------


def _refused(out: Path, *made: Artifact) -> str:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} if out.is_dir() else {}
    with pytest.raises(OutputError) as refused:
        emit.write(out, made or artifacts("rules/a.yaml"), {"rules"})
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(f".{out.name}.")] == []
    return str(refused.value).replace(str(out.parent), "")


def _blocked(out: Path, what: str) -> Path:
    """Put something of somebody else where ours is to stand."""
    (out / "rules").mkdir(parents=True)
    match what:
        case "file":
            (out / "rules/a.yaml").write_text("mine")
        case "link":
            (out / "rules/a.yaml").symlink_to("/etc/hostname")
        case "folder":
            (out / "rules/a.yaml").mkdir()
            (out / "rules/a.yaml/x").write_text("mine")
        case "empty folder":
            (out / "rules/a.yaml").mkdir()
        case "file for a folder":
            (out / "rules").rmdir()
            (out / "rules").write_text("mine")
        case "link for a folder":
            (out / "rules").rmdir()
            (out / "rules").symlink_to("/tmp")
    return out


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("file", "rules/a.yaml"),
        ("link", "rules/a.yaml"),
        ("folder", "rules/a.yaml/x"),
        ("empty folder", "rules/a.yaml"),
        ("file for a folder", "rules"),
        ("link for a folder", "rules"),
    ],
)
def test_somebody_elses_in_the_way(tmp_path: Path, what: str, named: str) -> None:
    """What we did not write is not overwritten, nor followed; the error names it."""
    said = _refused(_blocked(tmp_path / "out", what))
    assert said == f"/out/{named} is in the way: it was not generated; move it, or choose another --out"


def test_nothing_to_write(tmp_path: Path) -> None:
    """Producing nothing is an error, and leaves what was there."""
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    with pytest.raises(OutputError, match="nothing was generated"):
        emit.write(tmp_path / "out", [], set())
    assert sorted(tree(tmp_path / "out")) == ["a.yaml"]


def test_a_file_for_a_folder(tmp_path: Path) -> None:
    """--out must be a folder."""
    (tmp_path / "out").write_text("mine")
    assert _refused(tmp_path / "out") == "/out is a file; name a folder"


def test_a_file_above_the_folder(tmp_path: Path) -> None:
    """No folder can be made below a file."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match=r"Not a directory|File exists"):
        emit.write(tmp_path / "file/out", artifacts("a.yaml"), set())


@pytest.mark.parametrize("out", [".", "..", "/"])
def test_the_folder_that_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    """It would be exchanged under one's feet."""
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    with pytest.raises(OutputError, match="holds the folder that you stand in"):
        emit.write(Path(out), artifacts("a.yaml"), set())


def test_a_folder_full_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with thousands of files was hardly meant."""
    monkeypatch.setattr(emit, "MAX_FOREIGN", 3)
    (tmp_path / "out").mkdir()
    for number in range(4):
        (tmp_path / f"out/{number}").write_text("mine")
    assert _refused(tmp_path / "out") == "/out holds more than 3 files of others; name a folder of its own"


def test_a_link_is_followed(tmp_path: Path) -> None:
    """A link for --out stays a link; what it leads to is written."""
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    assert (tmp_path / "out").is_symlink()
    assert sorted(tree(tmp_path / "real")) == ["a.yaml"]


def test_an_artifact_that_cannot_be_made(tmp_path: Path) -> None:
    """An error while artifacts are made leaves the old tree."""
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())

    def broken() -> Iterator[Artifact]:
        yield from artifacts("b.yaml")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        emit.write(tmp_path / "out", broken(), set())
    assert written(tmp_path) == ["out", "out/a.yaml"]


# --- what the system does ---------------------------------------------------------------------------------------


def _write(out: Path, *arguments: str) -> list[str | Path]:
    return [sys.executable, "-c", WRITER, out, *arguments]


def test_a_folder_without_write_permission(tmp_path: Path) -> None:
    """One line says what is not allowed; nothing is changed."""
    emit.write(tmp_path / "locked/out", artifacts("a.yaml"), set())
    (tmp_path / "locked").chmod(0o500)
    done = unprivileged.run(_write(tmp_path / "locked/out", "a", "3", "0"))
    (tmp_path / "locked").chmod(0o700)
    assert done.stderr.splitlines() == [
        f"OutputError: {tmp_path}/locked/.out.tillwatch-new: Permission denied; {tmp_path}/locked/out is as it was"
    ]
    assert sorted(tree(tmp_path / "locked/out")) == ["a.yaml"]


def _in_mount(tmp_path: Path, options: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run shell *script* with a small file system of its own at ./mount."""
    (tmp_path / "mount").mkdir()
    mounted = f"mount -t tmpfs -o {options} tmpfs mount || exit 77\n{script}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted, "sh", sys.executable, WRITER],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("no file system can be mounted here")
    return done


def test_a_full_disk_leaves_the_old_tree(tmp_path: Path) -> None:
    """A tree that does not fit is not half written: the old one stands, and the room is given back."""
    script = (
        '"$1" -c "$2" mount/out a 20 0 && "$1" -c "$2" mount/out b 2000 0; echo $?;'
        " cat mount/out/rules/* | grep -c aaa; ls -A mount"
    )
    done = _in_mount(tmp_path, "size=400k", script)
    assert done.stdout.split() == ["1", "20", "out"]
    assert done.stderr.startswith("OutputError: ")
    assert "No space left on device; mount/out is as it was" in done.stderr


def test_a_limit_of_file_size_leaves_the_old_tree(tmp_path: Path) -> None:
    """The same where a file may not grow as large as it would."""
    emit.write(tmp_path / "out", artifacts("rules/a.yaml"), {"rules"})
    done = subprocess.run(
        ["prlimit", "--fsize=500", *_write(tmp_path / "out", "b", "3", "0")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "File too large" in done.stderr
    assert f"{tmp_path}/out is as it was" in done.stderr
    assert written(tmp_path) == ["out", "out/rules", "out/rules/a.yaml"]


def test_a_mount_point_is_refused(tmp_path: Path) -> None:
    """A folder that is a mount point cannot be exchanged; a folder inside it can."""
    script = '"$1" -c "$2" mount a 3 0; echo $?; ls -A mount; "$1" -c "$2" mount/out a 3 0; echo $?; ls -A mount; ls -A'
    done = _in_mount(tmp_path, "size=1m", script)
    assert done.stderr == "OutputError: mount cannot be replaced as a whole; name a folder inside it\n"
    assert done.stdout.split() == ["1", "0", "out", "mount"]


@pytest.mark.parametrize("options", ["-t tmpfs tmpfs", "--bind other"], ids=["another device", "a bind mount"])
def test_a_mount_inside_is_refused(tmp_path: Path, options: str) -> None:
    """It would go along with the old tree, and be emptied with it."""
    script = (
        f"mkdir -p other 'out/in side' && echo mine > other/file && mount {options} 'out/in side' || exit 77;"
        " echo mine > 'out/in side/file'; \"$1\" -c \"$2\" out a 3 0; echo $?; cat 'out/in side/file'; ls -A out"
    )
    done = _in_mount(tmp_path, "size=1m", script)
    inside = f"{tmp_path}/out/in side"
    assert done.stderr == f"OutputError: {inside} is a mount of its own; name a folder that holds none\n"
    assert done.stdout.splitlines() == ["1", "mine", "in side"]


def test_the_table_of_mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it names a folder inside, that is a mount; --out itself and its neighbours are none of its inside."""
    monkeypatch.setattr(emit, "MOUNTS", tmp_path / "mountinfo")
    row = "36 35 98:0 / {} rw,noatime master:1 - ext3 /dev/root rw\n"
    points = (tmp_path, tmp_path / "out2", tmp_path / "out")
    emit.MOUNTS.write_text("".join(row.format(point) for point in points))
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    emit.MOUNTS.write_text(row.format(rf"{tmp_path}/out/in\040side"))
    said = _refused(tmp_path / "out")
    assert said == "/out/in side is a mount of its own; name a folder that holds none"


def test_another_device_inside_without_that_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that does not tell its mounts still tells a folder's device."""
    (tmp_path / "out/inside").mkdir(parents=True)
    (tmp_path / "out/inside/file").write_text("mine")
    monkeypatch.setattr(emit, "MOUNTS", tmp_path / "none")
    stat_of = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = stat_of(path, follow_symlinks=follow_symlinks)
        return os.stat_result((*found[:2], found.st_dev + (path.name == "inside"), *found[3:10]))

    monkeypatch.setattr(Path, "stat", stat)
    assert _refused(tmp_path / "out") == "/out/inside is a mount of its own; name a folder that holds none"


def test_a_read_only_file_system(tmp_path: Path) -> None:
    """The error says so in one line."""
    script = (
        '"$1" -c "$2" mount/out a 3 0 && mount -o remount,ro mount && "$1" -c "$2" mount/out b 3 0; ls mount/out/rules'
    )
    done = _in_mount(tmp_path, "size=1m", script)
    assert (
        done.stderr
        == "OutputError: mount/.out.tillwatch-new: Read-only file system; mount/out is as it was\n".replace(
            "mount/.out", f"{tmp_path}/mount/.out"
        )
    )
    assert done.stdout.split() == ["0.yaml", "1.yaml", "2.yaml"]


def test_a_kill_leaves_the_old_tree_or_the_new_one(tmp_path: Path) -> None:
    """Whenever the process is killed, all files are of one build, and the next build puts everything right."""
    out, chance, seen = tmp_path / "out", random.Random(1), set[str]()
    emit.write(out, [Artifact(f"rules/{n}.yaml", f"{header('x')}{'a' * 1000}") for n in range(60)], {"rules"})
    for _ in range(20):
        writer = subprocess.Popen(_write(out, "b,c,a,b,c,a", "60", "0.0002"))
        time.sleep(chance.uniform(0.06, 0.25))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert len(list((out / "rules").iterdir())) == 60
        assert len(words(out)) == 1
        seen |= words(out)
    assert len(seen) > 1  # else every kill came before the first exchange
    emit.write(out, artifacts("rules/only.yaml"), {"rules"})
    assert written(tmp_path) == ["out", "out/rules", "out/rules/only.yaml"]


def _words_at_once(out: Path) -> set[str]:
    """The words of one tree, also when it is exchanged meanwhile; none when it has begun to go."""
    try:
        folder = os.open(out / "rules", os.O_RDONLY)
    except FileNotFoundError:
        return set()
    try:
        held = Path(f"/proc/self/fd/{folder}")  # this very folder, wherever it goes
        return {path.read_text(encoding="utf-8").splitlines()[1][:1] for path in held.iterdir()}
    except FileNotFoundError:
        return set()
    finally:
        os.close(folder)


def test_builds_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    """Of three writers into one folder, none makes or leaves a mixture."""
    out, seen = tmp_path / "out", set[str]()
    writers = [subprocess.Popen(_write(out, ",".join(word * 6), "40", "0")) for word in "abc"]
    while any(writer.poll() is None for writer in writers):
        found = _words_at_once(out)
        assert len(found) <= 1
        seen |= found
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert len(seen) > 1
    assert len(words(out)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_second_build_waits_for_the_first(tmp_path: Path) -> None:
    """While one build fills its tree, another one does not begin."""
    slow, order = threading.Event(), list[str]()

    def first() -> Iterator[Artifact]:
        order.append("first begins")
        slow.set()
        time.sleep(0.2)
        order.append("first ends")
        yield from artifacts("a.yaml")

    def second() -> Iterator[Artifact]:
        order.append("second begins")
        yield from artifacts("b.yaml")

    thread = threading.Thread(target=emit.write, args=(tmp_path / "out", first(), set()))
    thread.start()
    slow.wait()
    emit.write(tmp_path / "out", second(), set())
    thread.join()
    assert order == ["first begins", "first ends", "second begins"]


# --- where folders cannot be exchanged --------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.ENOTSUP])
def test_without_an_exchange_two_renames_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A kernel or file system without RENAME_EXCHANGE is written all the same."""
    _no_exchange(monkeypatch, number)
    for name in ("rules/a.yaml", "rules/b.yaml"):
        emit.write(tmp_path / "out", artifacts(name), {"rules"})
    assert written(tmp_path) == ["out", "out/rules", "out/rules/b.yaml"]


def _no_exchange(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    class Libc:
        @staticmethod
        def renameat2(*_arguments: object) -> int:
            return -1

    monkeypatch.setattr(emit.ctypes, "CDLL", lambda *_arguments, **_options: Libc)
    monkeypatch.setattr(emit.ctypes, "get_errno", lambda: number)


def test_a_libc_without_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one whose C library does not know it."""
    monkeypatch.setattr(emit.ctypes, "CDLL", lambda *_arguments, **_options: object())
    for text in ("one", "two"):
        emit.write(tmp_path / "out", artifacts("a.yaml", text=text), set())
    assert tree(tmp_path / "out") == {"a.yaml": f"{header('x')}two"}


@pytest.mark.parametrize("name", ["out", "new"])
def test_a_kill_between_two_renames_is_recovered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The next build finds the old tree where it was moved aside, also with what others had put into it."""
    out = tmp_path / "out"
    emit.write(out, artifacts("a.yaml"), set())
    (out / "README").write_text("mine")
    _no_exchange(monkeypatch, errno.ENOSYS)
    renamed = Path.rename

    def killed(path: Path, target: Path) -> Path:
        if path.name in (name, f".out.tillwatch-{name}"):
            raise KeyboardInterrupt
        return renamed(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        emit.write(out, artifacts("b.yaml"), set())
    monkeypatch.setattr(Path, "rename", renamed)
    assert out.exists() is (name == "out")
    emit.write(out, artifacts("c.yaml"), set())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {"README", "c.yaml"} <= set(tree(out))


def test_without_hard_links_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links keeps the files of others as copies."""
    monkeypatch.setattr(emit.os, "link", _no_link)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/README").write_text("mine")
    (tmp_path / "out/link").symlink_to("README")
    emit.write(tmp_path / "out", artifacts("a.yaml"), set())
    assert (tmp_path / "out/README").read_text() == "mine"
    assert (tmp_path / "out/link").is_symlink()
