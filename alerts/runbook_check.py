"""Says what is wrong with a runbook: whoever is woken finds the same six parts, in the same order, all of them written.

Pure: it is given the text and what there is to link to.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator

from alerts import markdown
from alerts.markdown import Heading, Page
from slo import query
from slo.errors import QueryError
from slo.shape_faults import did_you_mean

CHECKS = "First three checks"
HEADINGS = (
    "What it means",
    "Who is hurt",
    CHECKS,
    "Mitigate",
    "How to know it is over",
    "Known false positives",
)
LEAST_CHECKS = 3
MARKER = "> WRITE:"
"""Marks what somebody who knows the service has to write in place of it."""
SHARED = "README.md"
"""What several runbooks have in common, in the same folder."""

_ITEM = re.compile(r"(?:\d{1,3}[.)]|[-*+])\s+\S")
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|/")
Found = tuple[int, str]


def faults(
    name: str, text: str, known_alerts: Collection[str], exists: Callable[[str], bool] | None = None
) -> Iterator[Found]:
    """What is wrong with the runbook of the alert *name*: (line, message), in the order of lines.

    Args:    known_alerts: whose runbooks may be linked to. exists: whether there is a file, by its path from the folder
             of the runbooks; without it, links that leave the folder are not judged.
    """
    page = markdown.read(text)
    parts = _parts(page)
    found = [*_title(name, page), *_headings(page), *_empty(page, parts), *_checks(page, parts)]
    found += _markers(page)
    found += _blocks(page)
    found += _links(page, known_alerts, exists)
    yield from sorted(found)


# --- parts ------------------------------------------------------------------------------------------------------------


def _parts(page: Page) -> dict[str, range]:
    """The lines of each part, by its heading; the first where one comes twice."""
    starts = [heading for heading in page.headings() if heading.level == 2]
    last = max([number for number, _ in page.lines] + [block.line for block in page.blocks], default=0)
    ends = [heading.line for heading in starts] + [last + 1]
    parts: dict[str, range] = {}
    for heading, end in zip(starts, ends[1:], strict=True):
        parts.setdefault(heading.text, range(heading.line + 1, end))
    return parts


def _title(name: str, page: Page) -> Iterator[Found]:
    first = next(((number, line) for number, line in page.lines if line.strip()), (1, ""))
    if first[1].strip() != f"# {name}":
        yield first[0], f"expected the title `# {name}`, got {first[1].strip()[:80]!r}"
    for heading in page.headings():
        if heading.level == 1 and heading.line != first[0]:
            yield heading.line, f"a second title; a part begins with ##: {heading.text[:80]!r}"


def _headings(page: Page) -> Iterator[Found]:
    """The six, each once and in order."""
    given = [heading for heading in page.headings() if heading.level == 2]
    known = [heading for heading in given if heading.text in HEADINGS]
    for heading in given:
        if heading.text not in HEADINGS:
            yield heading.line, f"unknown part {heading.text[:80]!r}{did_you_mean(heading.text, HEADINGS)}"
    for wanted in HEADINGS:
        if wanted not in {heading.text for heading in known}:
            yield 1, f"lacks the part `## {wanted}`"
    yield from _order(known)


def _order(known: list[Heading]) -> Iterator[Found]:
    seen: list[str] = []
    for heading in known:
        if heading.text in seen:
            yield heading.line, f"a second `## {heading.text}`; expected one"
        elif seen and HEADINGS.index(heading.text) < HEADINGS.index(seen[-1]):
            yield heading.line, f"`## {heading.text}` stands behind `## {seen[-1]}`; it comes before"
        seen.append(heading.text)


def _empty(page: Page, parts: dict[str, range]) -> Iterator[Found]:
    filled = {number for number, line in page.lines if line.strip()} | {block.line for block in page.blocks}
    for name, lines in parts.items():
        if name in HEADINGS and not filled.intersection(lines):
            yield lines.start - 1, f"`## {name}` is empty"


def _checks(page: Page, parts: dict[str, range]) -> Iterator[Found]:
    lines = parts.get(CHECKS)
    if lines is None:
        return
    items = sum(number in lines and _ITEM.match(line) is not None for number, line in page.lines)
    if items < LEAST_CHECKS:
        yield lines.start - 1, f"`## {CHECKS}` is a list of {LEAST_CHECKS} checks or more, got {items}"


# --- lines ------------------------------------------------------------------------------------------------------------


def _markers(page: Page) -> Iterator[Found]:
    for number, line in page.lines:
        if MARKER in line:
            yield number, f"is not written yet: {line.partition(MARKER)[2].strip()[:120]}"


def _blocks(page: Page) -> Iterator[Found]:
    for block in page.blocks:
        if not block.closed:
            yield block.line, "a block of code that does not end; expected a closing fence"
        elif block.language.lower() == "promql":
            yield from _promql(block.line, block.text)


def _promql(line: int, text: str) -> Iterator[Found]:
    """A query must run as it is copied: at night nobody fills in what is left open."""
    if "{{" in text:
        yield line, "a query with a template in it; expected one that runs as it is copied"
        return
    try:
        query.expression(text)
    except QueryError as error:
        yield line, f"a query that Prometheus refuses: {error}"


def _links(page: Page, known_alerts: Collection[str], exists: Callable[[str], bool] | None) -> Iterator[Found]:
    for number, target in page.links():
        path, _, anchor = target.partition("#")
        if _ELSEWHERE.match(target):
            if target.startswith("/"):
                yield number, f"{target}: begins at the root of nothing; expected a path from this folder"
        elif not path:
            if anchor not in page.anchors():
                yield number, f"#{anchor}: no heading of this page"
        elif path.endswith(".md") and "/" not in path:
            if path != SHARED and path.removesuffix(".md") not in known_alerts:
                hint = did_you_mean(path.removesuffix(".md"), sorted(known_alerts)) if known_alerts else ""
                yield number, f"{path}: no alert of this name{hint if hint.startswith('; did') else ''}"
        elif exists is not None and not exists(posixpath.normpath(path)):
            yield number, f"{path}: there is no such file"
