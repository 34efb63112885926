"""alerts.runbook_check: a runbook without a fault passes, and each way to spoil it is told at its line."""

import pytest

from alerts import runbook_check
from tests.alerts.runbook_text import GOOD, KNOWN


def _faults(text: str, name: str = "DiskSpaceLow", known=KNOWN, exists=None):
    return list(runbook_check.faults(name, text, known, exists))


def test_a_runbook_without_a_fault_has_none():
    """Also with other bullets, and further headings within a part."""
    assert _faults(GOOD) == []
    assert _faults(GOOD.replace("1. ", "- ").replace("2. ", "* ").replace("3. ", "+ ")) == []
    assert _faults(GOOD.replace("Nobody yet.", "Nobody yet.\n\n### Later\n\nEverybody.")) == []


SPOILT = {
    "the title is another alert's": (
        "# DiskSpaceLow\n",
        "# DiskSpace\n",
        1,
        "expected the title `# DiskSpaceLow`, got",
    ),
    "there is no title": ("# DiskSpaceLow\n", "", 2, "expected the title `# DiskSpaceLow`, got 'Ticket, team"),
    "there are two titles": ("Nobody yet.", "# Again", 11, "a second title; a part begins with ##: 'Again'"),
    "a heading is misspelt": ("is hurt\n", "is hit\n", 9, "unknown part 'Who is hit'; did you mean 'Who is hurt'?"),
    "a part is missing": ("## Who is hurt\n", "", 1, "lacks the part `## Who is hurt`"),
    "a part is there twice": ("Who is hurt\n", "What it means\n", 9, "a second `## What it means`; expected one"),
    "a part is empty": ("Nobody yet.\n", "", 9, "`## Who is hurt` is empty"),
    "the last part is empty": ("None is known.\n", "", 33, "`## Known false positives` is empty"),
    "two checks are not three": ("3. Since when.\n", "", 13, "is a list of 3 checks or more, got 2"),
    "a mark is left": ("Nobody yet.", "> WRITE: who is.", 11, "is not written yet: who is."),
    "a mark is left in a list": ("Since when.", "> WRITE: the third.", 20, "is not written yet: the third."),
    "a query holds a template": ("node_filesystem_size_bytes", "{{ size }}", 16, "a query with a template in it"),
    "a query has a gap to fill in": ("< 0.1", "< <limit>", 16, "a query that Prometheus refuses"),
    "a query is broken": ("ALERTS{alertname", "rate(ALERTS{alertname", 29, "a query that Prometheus refuses"),
    "a runbook is misspelt": (
        "FillingUp.md",
        "FilingUp.md",
        19,
        "no alert of this name; did you mean 'DiskFillingUp'?",
    ),
    "a path has no folder": ("README.md", "/README.md", 24, "/README.md: begins at the root of nothing"),
    "an anchor leads nowhere": ("#who-is-hurt", "#who-is-hit", 24, "#who-is-hit: no heading of this page"),
    "a block does not end": ('"}\n```', '"}\n', 29, "a block of code that does not end"),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), SPOILT.values(), ids=SPOILT.keys())
def test_each_fault_is_told_at_its_line(old, new, line, message):
    """With what was expected."""
    assert old in GOOD
    found = _faults(GOOD.replace(old, new, 1))
    assert any(at == line and message in said for at, said in found), found


def test_parts_in_another_order_are_told():
    """At night people look where it always is."""
    first, second = GOOD.index("## What it means"), GOOD.index("## Who is hurt")
    third = GOOD.index("## First three")
    swapped = GOOD[:first] + GOOD[second:third] + GOOD[first:second] + GOOD[third:]
    assert _faults(swapped) == [(9, "`## What it means` stands behind `## Who is hurt`; it comes before")]


def test_a_file_elsewhere_is_asked_for():
    """By its path from the folder of the runbooks, without the part behind #."""
    asked = []

    def exists(path: str) -> bool:
        asked.append(path)
        return path == "../../docs/there.md"

    text = GOOD.replace("Nobody yet.", "[a](../../docs/there.md#part) [b](../x/../gone.md) [c](https://x.example)")
    assert _faults(text, exists=exists) == [(11, "../x/../gone.md: there is no such file")]
    assert asked == ["../../docs/there.md", "../gone.md"]
    assert _faults(text) == []


def test_an_empty_page_lacks_everything():
    """One line for each: the title, and six parts."""
    assert [line for line, _ in _faults("")] == [1] * 7


def test_what_is_code_is_no_fault():
    """A comment of a shell is no title, a link in code leads nowhere, other languages are not queries."""
    shell = "```sh\n# a comment\ncat <file> [a](b.md)\n```\n`[a](b.md)`"
    assert _faults(GOOD.replace("Nobody yet.", shell)) == []
