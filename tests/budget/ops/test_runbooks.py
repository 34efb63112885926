"""Runbooks as pages: what they say, links that lead somewhere, and nothing that runs."""

import re
from pathlib import Path

import pytest

from budget.ops.runbooks import Runbooks
from tests.budget.ops.fakes import ROOT

FOLDER = ROOT / "alerts/runbooks"
AT = "/ops/runbooks/"


def html(tmp_path: Path, text: str) -> str:
    """What *text* is as a page."""
    (tmp_path / "Shown.md").write_text(text, encoding="utf-8")
    return str(Runbooks(tmp_path, at=AT).html("Shown"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](data:text/html;base64,xx)", "<p>[x](data:text/html;base64,xx)</p>"),
        ("![a picture](https://evil.example/x.png)", "<p>a picture</p>"),
        ("[x](https://a.example/y)", '<p><a href="https://a.example/y" rel="noreferrer">x</a></p>'),
        ("[x](Oversold.md)", '<p><a href="/ops/runbooks/Oversold">x</a></p>'),
        ("[x](README.md#a-place)", '<p><a href="/ops/runbooks/README#a-place">x</a></p>'),
        ("[x](#here)", '<p><a href="#here">x</a></p>'),
        ("[x](../specs/a.yaml)", "<p><a>x</a></p>"),
        ("[x](//evil.example)", "<p><a>x</a></p>"),
        ("## An alert on a `promise`!", '<h2 id="an-alert-on-a-promise">An alert on a <code>promise</code>!</h2>'),
        ("| a |\n|--:|\n| 1 |", "<th>a</th>"),
    ],
)
def test_what_could_run_or_load_anything_is_text(tmp_path: Path, text: str, expected: str) -> None:
    """Links lead to runbooks here, or elsewhere without saying from where."""
    found = html(tmp_path, text)
    assert expected in found
    assert "style=" not in found


@pytest.mark.parametrize("name", ["Nobody", "../Outside", "..", "", "in/Inside", "Shown.md", "A" * 200, "Shown\n", "."])
def test_only_runbooks_are_shown(tmp_path: Path, name: str) -> None:
    """Whatever name is asked for, and whatever lies beside them."""
    books = tmp_path / "books"
    (books / "in").mkdir(parents=True)
    for file in (books / "Shown.md", books / "in" / "Inside.md", tmp_path / "Outside.md", books / "..md"):
        file.write_text("# Shown", encoding="utf-8")
    found = Runbooks(books, at=AT)
    assert found.has("Shown")
    assert found.html(name) is None
    assert not found.has(name)


def test_every_link_of_every_runbook_leads_to_a_place_that_is_there() -> None:
    """To a runbook, and where it names one to a heading of it."""
    books = Runbooks(FOLDER, at=AT)
    pages = {file.stem: str(books.html(file.stem)) for file in FOLDER.glob("*.md")}
    assert len(pages) > 80
    found = [
        (name, other, place)
        for name, text in pages.items()
        for other, place in re.findall(rf'href="{AT}(\w+)(?:#([\w-]+))?"', text)
    ]
    assert len(found) > 100
    missing = [each for each in found if each[1] not in pages or (each[2] and f'id="{each[2]}"' not in pages[each[1]])]
    assert missing == []
