"""Text of strangers, made harmless for a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """*text* on one line, without what moves a cursor, changes colours or turns the direction of writing.

    Label values and errors come from series and servers that anybody may write; an address may not be a Prometheus.
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)
