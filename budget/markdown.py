"""Text of strangers in Markdown: it stays text, and no cell of a table ends within it."""

from __future__ import annotations

import re
from html import escape

from budget.plain_text import printable

_NO_BREAK = "\u00a0"  # a space that is none to a terminal
_SIGNS = re.compile(r"([\\`*_\[\]#|~!])")
_LINKED = re.compile(r"[\s<>()\[\]|\\]")


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escaped(value: object) -> Markdown:
    """*value* as Markdown that shows it as it is, on one line."""
    if isinstance(value, Markdown):
        return value
    return Markdown(_SIGNS.sub(r"\\\1", escape(printable(str(value).replace(_NO_BREAK, " ")), quote=False)))


def link(text: str, address: str) -> Markdown:
    """A link to *address*, whose own signs cannot end it."""
    safe = _LINKED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), address)
    return Markdown(f"[{escaped(text)}]({safe})")
