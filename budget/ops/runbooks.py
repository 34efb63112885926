"""The runbooks of the repository as pages: their Markdown as HTML that holds nothing but what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,99}")
_RELATIVE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9]{0,99})\.md(?P<place>#[\w-]*)?")


class Runbooks:
    """The files in one folder, each named for its alert."""

    def __init__(self, folder: Path, *, at: str) -> None:
        """*at*: the address that their names are put behind, as /ops/runbooks/."""
        self._folder, self._at = folder, at
        # HTML of its own is shown as text, and an address that could run anything is no link.
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def has(self, alert: str) -> bool:
        """Whether there is one for *alert*."""
        return self._file(alert) is not None

    def html(self, alert: str) -> Markup | None:
        """The runbook of *alert*; None where there is none."""
        file = self._file(alert)
        if file is None:
            return None
        tokens = self._markdown.parse(file.read_text(encoding="utf-8"))
        for token in _within(tokens):
            self._tame(token)
        for heading, words in zip(tokens, tokens[1:], strict=False):  # noqa: RUF007
            if heading.type == "heading_open":
                heading.attrSet("id", _anchor(words.content))
        return Markup(self._markdown.renderer.render(tokens, self._markdown.options, {}))

    def _file(self, alert: str) -> Path | None:
        file = self._folder / f"{alert}.md"
        return file if _NAME.fullmatch(alert) and file.is_file() else None

    def _tame(self, token: Token) -> None:
        """Nothing is loaded, nothing brings a style of its own, and other runbooks are found here."""
        token.attrs.pop("style", None)
        if token.type == "image":
            token.type, token.attrs, token.children = "text", {}, None
        if token.type != "link_open":
            return
        address = str(token.attrs.get("href", ""))
        if found := _RELATIVE.fullmatch(address):
            token.attrSet("href", f"{self._at}{found['name']}{found['place'] or ''}")
        elif address.startswith(("http://", "https://")):
            token.attrSet("rel", "noreferrer")
        elif not address.startswith("#"):  # another file of the repository, which is not here
            token.attrs.pop("href", None)


def _within(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (token, *(token.children or ()))


def _anchor(words: str) -> str:
    """The name of a heading that links lead to, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
