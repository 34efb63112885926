"""Which files are read, by which names, and what is said of those that cannot be."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from slo import sources
from slo.errors import Fault
from tests.slo import unprivileged


def found(*given: Path | str) -> tuple[list[tuple[str, str]], list[str]]:
    """(name, stem) of each source, and the faults, their paths by name alone."""
    faults: list[Fault] = []
    names = [(source.name, source.stem) for source in sources.find([str(path) for path in given], faults)]
    return names, [f"{Path(fault.path).name}: {fault.message}" for fault in faults]


def files(folder: Path, *names: str) -> None:
    """Files of these names, whatever is in them."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    """Who names a file means it."""
    files(tmp_path, "a.txt", ".hidden.yaml")
    assert found(tmp_path / "a.txt", tmp_path / ".hidden.yaml") == ([("a.txt", "a"), (".hidden.yaml", ".hidden")], [])


def test_a_folder_is_read_in_depth(tmp_path: Path) -> None:
    """Specs below a folder come sorted by path; other and hidden files, and hidden folders, are left alone."""
    files(
        tmp_path, "b.yaml", "a/c.yml", "a/b/d.json", "x.txt", ".e.yaml", ".git/f.yaml", "a/.g/h.yaml", "yaml", "i.YAML"
    )
    assert found(tmp_path) == ([("a/b/d.json", "a-b-d"), ("a/c.yml", "a-c"), ("b.yaml", "b")], [])


def test_every_output_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Files whose output would be called the same, also where case does not count, get different names."""
    files(tmp_path, "a/orders.yaml", "a-orders.yaml", "orders.json", "orders.yaml", "orders.yml", "Orders.yaml")
    names, _ = found(tmp_path)
    assert names == [
        ("Orders.yaml", "Orders"),
        ("a-orders.yaml", "a-orders"),
        ("a/orders.yaml", "a-orders-yaml"),
        ("orders.json", "orders-json"),
        ("orders.yaml", "orders-yaml"),
        ("orders.yml", "orders-yml"),
    ]
    assert len({stem.casefold() for _, stem in names}) == len(names)


def test_names_that_would_break_an_output(tmp_path: Path) -> None:
    """Line ends and bytes that are no text do not reach the name of an output."""
    (tmp_path / "a\nb.yaml").write_text("x")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yaml")).write_text("x")
    assert [stem for _, stem in found(tmp_path)[0]] == ["a-b", "-"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input; a closed one is empty."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfx")))
    assert [(source.path, source.name, source.stem, source.text) for source in sources.find(["-"], [])] == [
        ("-", "stdin", "stdin", "x")
    ]
    monkeypatch.setattr(sys, "stdin", None)
    assert [source.text for source in sources.find(["-"], [])] == [""]


def test_a_pipe(tmp_path: Path) -> None:
    """`<(…)` of a shell is read as well."""
    reading, writing = os.pipe()
    os.write(writing, b"x")
    os.close(writing)
    assert [source.text for source in sources.find([f"/dev/fd/{reading}"], [])] == ["x"]
    os.close(reading)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """What some editors put before the text is taken away."""
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: b\r\n")
    [source] = sources.find([str(tmp_path)], [])
    assert source.text == "a: b\r\n"


def test_what_does_not_exist(tmp_path: Path) -> None:
    """A missing file, and no name at all, are told."""
    assert found(tmp_path / "no.yaml", "") == ([], ["no.yaml: does not exist", "'': does not exist"])


def test_links(tmp_path: Path) -> None:
    """A link within the folder is read, as Kubernetes mounts files; one that leaves it or leads nowhere is not."""
    outside, folder = tmp_path / "outside", tmp_path / "specs"
    files(outside, "secret.yaml")
    files(folder, "..2026/real.yaml")
    (folder / "..data").symlink_to("..2026")
    (folder / "mounted.yaml").symlink_to("..data/real.yaml")
    (folder / "leaves.yaml").symlink_to(outside / "secret.yaml")
    (folder / "nowhere.yaml").symlink_to("nothing")
    (folder / "around.yaml").symlink_to("around.yaml")
    (folder / "folder").symlink_to(outside)
    names, faults = found(folder)
    assert names == [("mounted.yaml", "mounted")]
    assert faults == [
        "folder: is a link to a folder, which is not followed",
        "around.yaml: is a link to nothing",
        "leaves.yaml: is a link that leaves the folder of specs",
        "nowhere.yaml: is a link to nothing",
    ]


def test_a_link_that_is_named_is_meant(tmp_path: Path) -> None:
    """A link given by name, to a file or a folder, is followed."""
    files(tmp_path / "real", "a.yaml")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "link.yaml").symlink_to("real/a.yaml")
    assert found(tmp_path / "link", tmp_path / "link.yaml")[0] == [("a.yaml", "a"), ("link.yaml", "link")]


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder or a pipe that is called like a spec is none."""
    (tmp_path / "folder.yaml").mkdir()
    files(tmp_path, "folder.yaml/a.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")
    assert found(tmp_path) == ([("folder.yaml/a.yaml", "folder.yaml-a")], [])


def test_size_is_bounded(tmp_path: Path) -> None:
    """10 MiB are read, one byte more is not."""
    (tmp_path / "a.yaml").write_bytes(b" " * sources.MAX_BYTES)
    (tmp_path / "b.yaml").write_bytes(b" " * (sources.MAX_BYTES + 1))
    assert found(tmp_path) == ([("a.yaml", "a")], ["b.yaml: is larger than 10 MiB, the most that is read"])


@pytest.mark.parametrize(
    ("data", "place"),
    [(b"a: \xff", (1, 4)), ("é: ä\r\nb: ".encode() + b"\xc3", (2, 4)), (b"\xef\xbb\xbfa\xfe", (1, 2))],
)
def test_what_is_no_text(tmp_path: Path, data: bytes, place: tuple[int, int]) -> None:
    """A byte that is not UTF-8 is told with its place, counted in characters."""
    (tmp_path / "a.yaml").write_bytes(data)
    faults: list[Fault] = []
    assert list(sources.find([str(tmp_path)], faults)) == []
    assert [(fault.line, fault.column, fault.message) for fault in faults] == [(*place, "is not UTF-8 text")]


def test_what_must_not_be_read(tmp_path: Path) -> None:
    """A file or a folder without read permission is a fault, not a gap in the specs."""
    files(tmp_path, "a.yaml", "b/c.yaml", "d.yaml")
    (tmp_path / "a.yaml").chmod(0)
    (tmp_path / "b").chmod(0)
    program = (
        "import sys; from slo import sources; faults = []\n"
        "print(*[source.name for source in sources.find(sys.argv[1:], faults)], *faults, sep='\\n')"
    )
    asked = unprivileged.run([sys.executable, "-c", program, str(tmp_path), str(tmp_path / "b/c.yaml")])
    (tmp_path / "b").chmod(0o700)
    assert asked.stdout.replace(str(tmp_path), "specs").splitlines() == [
        "d.yaml",
        "specs/b: cannot be read: Permission denied",
        "specs/a.yaml: cannot be read: Permission denied",
        "specs/b/c.yaml: cannot be read: Permission denied",
    ]
