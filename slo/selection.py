"""Reads which kinds of artifact a build is asked for, and refuses selections that would break what they leave out.

Records and alerts of one spec share a rule file, and the unit tests run both.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from slo.artifact import ALERTS, FOLDERS, RULES, TESTS

_HALVES = frozenset({RULES, ALERTS})
_RULE = {RULES: re.compile(r"^ *- record:", re.MULTILINE), ALERTS: re.compile(r"^ *- alert:", re.MULTILINE)}


def parse(only: str | None, *, writes_tests: bool) -> frozenset[str]:
    """The kinds that *only* names, with commas between them; every kind for None.

    Args:    writes_tests: whether the engine to come writes unit tests.
    Raises:  ValueError: no kind, an unknown one, or tests that could not be written or could not pass.
    """
    if only is None:
        return frozenset(FOLDERS)
    kinds = frozenset(filter(None, (kind.strip() for kind in only.split(","))))
    if not kinds:
        raise ValueError(f"names no kind; known: {', '.join(FOLDERS)}")
    for kind in sorted(kinds - FOLDERS.keys()):
        close = difflib.get_close_matches(kind, FOLDERS, n=1)
        hint = f", did you mean {close[0]}?" if close else f"; known: {', '.join(FOLDERS)}"
        raise ValueError(f"{kind!r} is not a kind{hint}")
    if TESTS in kinds and not writes_tests:
        raise ValueError("this engine writes no unit tests; leave tests out, or take --engine native")
    if TESTS in kinds and not kinds >= _HALVES:
        raise ValueError(f"tests run both rules and alerts; say --only {_spelled(kinds | _HALVES)}")
    return kinds


def lost_by(kinds: frozenset[str]) -> Callable[[str, str], str] | None:
    """What a build of *kinds* must ask before it replaces a file; None where it loses nothing.

    It is asked with a file's path below the output folder and its text, and answers what else the file holds;
    "" where there is nothing else.
    """
    chosen = kinds & _HALVES
    if len(chosen) != 1:
        return None
    (other,) = _HALVES - chosen

    def lost(path: str, text: str) -> str:
        if not path.startswith(f"{FOLDERS[other]}/") or not _RULE[other].search(text):
            return ""
        return f"also holds {other}; say --only {_spelled(kinds | _HALVES)}, or another --out"

    return lost


def _spelled(kinds: frozenset[str]) -> str:
    return ",".join(kind for kind in FOLDERS if kind in kinds)
