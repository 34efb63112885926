"""alerts.markdown: what is read of a page, and that what is quoted reads as it was, by a real parser."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alerts import markdown

SIGNS = [*"ab |`*_[]()<>&\\#~!:$.\n\t1\"'-ä", "&lt;", "&#42;"]
TEXTS = st.lists(st.sampled_from(SIGNS), max_size=30).map("".join)
PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
PAGE = """\
# Title
A [link](other.md) and `[none](code.md)`, [two](../a/b.md#c) in a line.

## Part: one & two
```promql
# no heading
[no](link.md)
```
   ~~~
   indented
   ~~~
"""


def _text(rendered: str) -> str:
    """What people read of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", rendered)).strip()


def test_headings_and_links_stand_outside_of_code() -> None:
    """A comment in a query is no heading, and an address in code leads nowhere."""
    page = markdown.read(PAGE)
    assert [(one.line, one.level, one.text) for one in page.headings()] == [(1, 1, "Title"), (4, 2, "Part: one & two")]
    assert list(page.links()) == [(2, "other.md"), (2, "../a/b.md#c")]
    assert page.anchors() == {"title", "part-one--two"}


def test_blocks_have_their_line_language_and_text() -> None:
    """Both fences, indented ones too, as they stand in lists."""
    first, second = markdown.read(PAGE).blocks
    assert (first.line, first.language, first.text) == (5, "promql", "# no heading\n[no](link.md)")
    assert (second.line, second.language, second.text.strip(), second.closed) == (9, "", "indented", True)


@pytest.mark.parametrize("text", ["```\ncode", "~~~~\ncode\n~~~", "```\ncode\n``` promql"])
def test_a_block_without_an_end_is_told(text: str) -> None:
    """Whatever follows would be code: a shorter fence, one of the other kind, or none."""
    (block,) = markdown.read(text).blocks
    assert not block.closed


@given(TEXTS)
def test_words_read_as_they_were(text: str) -> None:
    """Nothing in them is taken for Markdown or HTML; white space is one space."""
    assert _text(PARSER.render(f"x {markdown.words(text)} x")).split() == f"x {text} x".split()


@given(TEXTS)
def test_code_reads_as_it_was(text: str) -> None:
    """Backticks in it included."""
    wanted = " ".join(text.split())
    rendered = PARSER.render(f"x {markdown.code(text)} x")
    if wanted:
        assert re.search(r"<code>(.*)</code>", rendered) is not None, rendered
        assert _text(rendered) == f"x {wanted} x"


@given(st.text(st.sampled_from("ab`~\n x"), max_size=30))
def test_a_block_reads_as_it_was(text: str) -> None:
    """A fence in it does not end it."""
    assert [token.content.strip() for token in PARSER.parse(markdown.block(text, "promql"))] == [text.strip()]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_a_table_has_the_cells_that_it_was_given(rows: list[tuple[str, str]]) -> None:
    """A bar in a cell, as words or as code, begins no other one."""
    table = markdown.table(("A", "B", "C"), [("x", markdown.words(one), markdown.code(two)) for one, two in rows])
    cells = [_text(cell) for cell in re.findall(r"<td>(.*?)</td>", PARSER.render(table), re.DOTALL)]
    wanted = [cell for one, two in rows for cell in ("x", " ".join(one.split()), " ".join(two.split()))]
    assert [cell for cell in cells if cell] == [cell for cell in wanted if cell]


def test_a_column_that_is_empty_everywhere_is_left_out() -> None:
    """Without a routing file there are no runbooks to link to."""
    assert markdown.table(("A", "B"), [("1", ""), ("2", "")]) == "| A |\n| --- |\n| 1 |\n| 2 |"


def test_a_link_without_an_address_is_nothing() -> None:
    """And one with brackets in its address is one all the same."""
    assert markdown.link("runbook", "") == ""
    assert 'href="https://x.example/a(b"' in PARSER.render(markdown.link("a]b", "https://x.example/a(b"))
