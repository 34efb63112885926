"""Tells whether a regular expression that the Rust parser takes is one that Go's regexp takes as well.

Prometheus compiles the patterns of matchers with Go's RE2 syntax; the parser in this process checks them with Rust's,
which allows more. What is listed here is what Rust takes and Go refuses.
Source: https://pkg.go.dev/regexp/syntax, and the differences that promtool shows.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_REPEATS = 1000
"""Go refuses a counted repetition beyond this, also where several are nested."""

_CATEGORIES = "C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs"
_SCRIPTS = "Arabic Cyrillic Devanagari Greek Han Hangul Hebrew Hiragana Katakana Latin Thai"
_PROPERTIES = frozenset(f"{_CATEGORIES} {_SCRIPTS}".split())
_LETTER_ESCAPES = frozenset("aftnrvxdDsSwWbBAz")
_GROUP = re.compile(r"\((?:\?(?:P<\w+>|<(?P<new>\w+)>|[imsU]*(?:-[imsU]+)?(?P<end>[:)]))|(?!\?))", re.ASCII)
_REPEAT = re.compile(r"(?:[*+?]|\{(\d+)(,(\d*))?\})\??")
_ESCAPE = re.compile(r"\\(?:[pP](?:\{\^?(?P<long>\w*)\}|(?P<short>\w))|x\{[\da-fA-F]+\}|(?P<any>.))", re.DOTALL)
_POSIX = re.compile(r"\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]")
_CLASS_START = re.compile(r"\[\^?\]?")


class _Refused(Exception):
    """The first thing that Go would refuse."""


@lru_cache(maxsize=1024)
def problem(pattern: str) -> str:
    """What Go refuses in *pattern*, a regular expression that Rust accepts; "" when nothing."""
    try:
        _check(pattern)
    except _Refused as refused:
        return str(refused)
    return ""


def _check(pattern: str) -> None:
    # For each open group the largest product of nested counts inside it; the last term's own; whether it repeats.
    nested, last, position, repeats = [1], 1, 0, False
    while position < len(pattern):
        repeat = _REPEAT.match(pattern, position)
        if repeat is None:
            position, last = _term(pattern, position, nested)
            repeats = False
            continue
        if repeats:
            raise _Refused(f"{repeat[0]!r} repeats a repetition")
        last *= _times(repeat)
        if last > MAX_REPEATS:
            raise _Refused(f"{repeat[0]!r} repeats more than {MAX_REPEATS} times")
        nested[-1] = max(nested[-1], last)
        position, repeats = repeat.end(), True


def _term(pattern: str, position: int, nested: list[int]) -> tuple[int, int]:
    """Where the term at *position* ends, and how often its inside repeats."""
    sign = pattern[position]
    if sign == "(":
        group = _group(pattern, position)
        if group["end"] != ")":  # `(?i)` opens nothing
            nested.append(1)
        return group.end(), 1
    if sign == ")":
        if len(nested) == 1:  # the Rust parser wraps the pattern in a group, which this one would close
            raise _Refused("')' closes nothing")
        last = nested.pop()
        nested[-1] = max(nested[-1], last)
        return position + 1, last
    if sign == "\\":
        return _escape(pattern, position), 1
    if sign == "[":
        return _character_class(pattern, position), 1
    return position + 1, 1


def _times(repeat: re.Match[str]) -> int:
    bounds = [int(text[:9]) for text in (repeat[1], repeat[3]) if text]
    return max([*bounds, 1])


def _group(pattern: str, position: int) -> re.Match[str]:
    group = _GROUP.match(pattern, position)
    if not group:
        raise _Refused(f"{pattern[position : position + 4]!r} is a kind of group that Go does not know")
    if group["new"]:
        raise _Refused(f"name a group (?P<{group['new']}>…), which every Prometheus knows")
    return group


def _escape(pattern: str, position: int) -> int:
    escape = _ESCAPE.match(pattern, position)
    name = (escape["long"] if escape["long"] is not None else escape["short"]) if escape else None
    character = escape["any"] if escape else None
    if name is not None and name not in _PROPERTIES:
        raise _Refused(f"{name!r} is not a class of Unicode characters that is known here")
    if not escape or (character and character.isalnum() and character not in _LETTER_ESCAPES):
        raise _Refused(f"{pattern[position : position + 2]!r} is not an escape that Go knows")
    return escape.end()


def _character_class(pattern: str, position: int) -> int:
    start = _CLASS_START.match(pattern, position)
    position = start.end() if start else position + 1
    while position < len(pattern) and pattern[position] != "]":
        posix = _POSIX.match(pattern, position)
        if posix:
            position = posix.end()
        elif pattern[position] == "[":
            raise _Refused("a '[' inside [ ] must be written '\\['")
        elif pattern.startswith("--", position):
            raise _Refused("a '-' inside [ ] must be written '\\-'")
        elif pattern[position] == "\\":
            position = _escape(pattern, position)
        else:
            position += 1
    return position + 1
