"""Takes out of a log line what must never be in one: card numbers, tokens, passwords and e-mail addresses.

The last line of defence: code does not log such things. It is for the exception text, the peer's answer, the name of a
field that somebody else has chosen.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

HIDDEN = "[redacted]"
MAX_TEXT_LENGTH = 16_384
_MAX_DEPTH = 6
_MAX_ITEMS = 100
_SECRET_NAMES = re.compile(r"authorization|cookie|credential|passw|secret|token|api_?key|private_?key", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{3,}", re.IGNORECASE)
# A JSON object in base64 begins so; a JWT is three such parts, an unsigned one two.
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&*+/=?^_`{|}~'-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}")
_USER_IN_URL = re.compile(r"(://)[^/\s@]{1,256}@")
# Ids in hexadecimal, which may happen to hold many digits, or a run of digits with spaces or hyphens between them.
_DIGITS = re.compile(
    r"(?P<id>(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z]))"
    r"|(?P<digits>\d(?:[ -]?\d){12,})",
    re.ASCII,
)
# What none of these is in is passed on as it is: nearly every text.
_SUSPECT = re.compile(r"@|%40|eyJ|bearer|basic|\d(?:[ -]?\d){12}", re.IGNORECASE | re.ASCII)
_MIN_CARD, _MAX_CARD = 13, 19


def text(written: str) -> str:
    """*written* with all that looks like a secret replaced, cut at MAX_TEXT_LENGTH."""
    if len(written) > MAX_TEXT_LENGTH:
        written = written[:MAX_TEXT_LENGTH] + "…"
    if _SUSPECT.search(written) is None:
        return written
    if "@" in written or "%40" in written:
        written = _USER_IN_URL.sub(rf"\1{HIDDEN}@", written)
        written = _EMAIL.sub(HIDDEN, written)
    if "eyJ" in written:
        written = _JWT.sub(HIDDEN, written)
    written = _BEARER.sub(rf"\1 {HIDDEN}", written)
    return _DIGITS.sub(_without_cards, written)


def holds_card(written: str) -> bool:
    """Whether *written* holds what looks like a card number."""
    return any(found["digits"] and _cards(found["digits"]) for found in _DIGITS.finditer(written))


def value(found: Any, depth: int = 0) -> Any:
    """*found*, of whatever type a log line can hold, with the same replaced at any depth; bounded in depth and size."""
    if isinstance(found, str):
        return text(found)
    if found is None or isinstance(found, bool | float):
        return found
    if isinstance(found, int):
        # Beyond 64 bits it has more digits than a card, and may have more than Python turns into text.
        return HIDDEN if found.bit_length() <= 64 and holds_card(str(found)) else found
    if depth >= _MAX_DEPTH:
        return HIDDEN
    if isinstance(found, Mapping):
        return mapping(found, depth + 1)
    if isinstance(found, list | tuple | set | frozenset):
        return [value(each, depth + 1) for each in islice(found, _MAX_ITEMS)]
    return text(str(found))


def mapping(found: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """*found* with the same replaced, in its names too; what is called a secret is one."""
    shown = {}
    for name, each in islice(found.items(), _MAX_ITEMS):
        written, is_secret = _name(str(name))
        shown[written] = HIDDEN if is_secret else value(each, depth)
    return shown


@lru_cache(maxsize=512)
def _name(name: str) -> tuple[str, bool]:
    """*name* as it may be shown, and whether what it names may not."""
    return text(name), _SECRET_NAMES.search(name) is not None


def _without_cards(found: "re.Match[str]") -> str:
    digits = found["digits"]
    if digits is None:
        return found[0]
    for card in _cards(digits):
        digits = digits.replace(card, HIDDEN)
    return digits


def _cards(run: str) -> list[str]:
    """The parts of *run* that may be card numbers: whole groups of it, of the right length and check digit."""
    groups = [found.span() for found in re.finditer(r"\d+", run)]
    found = []
    for first, (start, _) in enumerate(groups):
        digits = ""
        for begin, end in groups[first : first + _MAX_CARD]:
            digits += run[begin : min(end, begin + _MAX_CARD + 1)]
            if len(digits) > _MAX_CARD:
                break
            if _is_card(digits):
                found.append(run[start:end])
    return found


def _is_card(digits: str) -> bool:
    # No card begins with 0 or 1; the times of our days, in milliseconds, begin with 1.
    return _MIN_CARD <= len(digits) <= _MAX_CARD and digits[0] not in "01" and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    """Source:  ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(each - 9 if each > 9 else each for each in doubled)) % 10 == 0
