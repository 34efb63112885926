"""Finds what looks like a card number, so that it is refused before anything keeps or logs it."""

import unicodedata
from collections.abc import Iterator
from typing import Any

from services.shared import redaction


def looks_like_card_number(text: str) -> bool:
    """Whether *text* holds one, in whatever digits it is written; ids in hexadecimal are none."""
    return redaction.holds_card(text if text.isascii() else unicodedata.normalize("NFKC", text))


def holds_card_number(data: Any) -> bool:
    """Whether one is anywhere in *data*, as parsed from JSON: names of fields and numbers included."""
    return any(looks_like_card_number(text) for text in _texts(data))


def _texts(data: Any) -> Iterator[str]:
    """Every name, text and whole number; without recursion, however deep it is."""
    waiting = [data]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield from each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, str):
            yield each
        # Longer ones are no card numbers, and slow to write out.
        elif isinstance(each, int) and abs(each) < 10**20:
            yield str(abs(each))
        # As JSON may write a card number, too.
        elif isinstance(each, float) and each.is_integer() and abs(each) < 10**20:
            yield str(abs(int(each)))
