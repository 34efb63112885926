"""Reads a page of Markdown line by line, as far as runbooks need it, and quotes text for the pages that we write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([^\s`]*)")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)[\s#]*")
_CODE = re.compile(r"(`+).*?\1")
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
_NO_SLUG = re.compile(r"[^\w\- ]")
_TICKS = re.compile(r"`+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#~])")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its line, its level (1 is the title), its words."""

    line: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code; `closed` is False where the page ends before it does."""

    line: int
    language: str
    text: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the lines outside of code, by number, and the blocks of code."""

    lines: tuple[tuple[int, str], ...]
    blocks: tuple[Block, ...]

    def headings(self) -> tuple[Heading, ...]:
        """Every heading, in order."""
        found = ((number, _HEADING.fullmatch(line)) for number, line in self.lines)
        return tuple(Heading(number, len(match[1]), match[2]) for number, match in found if match)

    def links(self) -> Iterator[tuple[int, str]]:
        """Where each link leads, with its line; none from within code."""
        for number, line in self.lines:
            yield from ((number, target) for target in _LINK.findall(_CODE.sub("", line)))

    def anchors(self) -> frozenset[str]:
        """The names of its headings in addresses."""
        return frozenset(_NO_SLUG.sub("", heading.text.lower()).replace(" ", "-") for heading in self.headings())


def read(text: str) -> Page:
    """The page that *text* is."""
    lines: list[tuple[int, str]] = []
    blocks: list[Block] = []
    fence, start, language, code = "", 0, "", list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match(line)
        if fence:
            if line.strip().startswith(fence) and not line.strip(f"{fence[0]} "):
                blocks.append(Block(start, language, "\n".join(code), closed=True))
                fence, code = "", []
            else:
                code.append(line)
        elif mark:
            fence, start, language = mark[1], number, mark[2]
        else:
            lines.append((number, line))
    if fence:
        blocks.append(Block(start, language, "\n".join(code), closed=False))
    return Page(tuple(lines), tuple(blocks))


# --- writing ----------------------------------------------------------------------------------------------------------


def words(text: object) -> str:
    """*text* as it is, in one line: nothing in it is taken for Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split())).replace("&", "&amp;")


def code(text: object) -> str:
    """*text* as code within a line."""
    line = " ".join(str(text).split())
    if not line:
        return ""
    ticks = "`" * (1 + max((len(each) for each in _TICKS.findall(line)), default=0))
    return f"{ticks}{line}{ticks}" if len(ticks) == 1 else f"{ticks} {line} {ticks}"


def block(text: object, language: str = "") -> str:
    """*text* as a block of code."""
    fence = "`" * max(3, 1 + max((len(each) for each in _TICKS.findall(str(text))), default=0))
    return f"{fence}{language}\n{str(text).strip()}\n{fence}"


def link(text: str, address: str) -> str:
    """A link; nothing without an address."""
    return f"[{words(text)}](<{address}>)" if address else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; a column that is empty in every row is left out.

    A bar is escaped wherever it stands, code included: rows are cut into cells before anything else is read.
    """
    filled = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    kept = [place for place in range(len(head)) if any(row[place] for row in filled)]
    lines = [[head[place] for place in kept], ["---"] * len(kept), *([row[place] for place in kept] for row in filled)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
