"""Looks through what running services have left behind for what must never be there: secrets, cards, addresses.

Written apart from `services.shared.redaction` on purpose: it would not find what that one lets through.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

# Logs of processes, pages of metrics that were kept at their end, spans as the collector keeps them.
KEPT = ("*.log", "*.metrics", "spans.jsonl")
KEYS = ("*.key.json",)
SHOWN = 60
_PATTERNS = {
    "e-mail address": re.compile(r"[A-Za-z0-9._%+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    "token": re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    "bearer": re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/-]{8,}"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "hashed password": re.compile(r"\$argon2id?\$"),
    "password in an address": re.compile(r"://[^/\s:@\"]+:[^/\s@\"]+@"),
}
# Who built Debian's Prometheus and Alertmanager: they say so when they start.
_OF_OTHERS = "team+pkg-go@tracker.debian.org"
# Ids of spans are hexadecimal, and a few in a thousand are digits alone.
_SPAN_ID = re.compile(r"(?i)span_?id\"?[:=] ?\"[0-9a-f]{16}\"")
_DIGITS = re.compile(r"(?<![0-9A-Za-z._-])[2-9](?:[ -]?\d){12,18}(?![0-9A-Za-z_-]|\.\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found where; `around` is cut short, so that a report does not spread it further."""

    kind: str
    place: str
    around: str


def findings(folder: Path, secrets: Iterable[str] = ()) -> Iterator[Finding]:
    """What must not be in the files that *folder* keeps: by its form, or because it is one of *secrets*."""
    kept, keys = _files(folder, KEPT, KEYS)
    known = {*secrets, *_private_keys(keys)}
    for file in kept:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                for kind, around in _in_line(line.replace(_OF_OTHERS, ""), known):
                    yield Finding(kind=kind, place=f"{file.relative_to(folder)}:{number}", around=around[:SHOWN])


def _in_line(line: str, secrets: Iterable[str]) -> Iterator[tuple[str, str]]:
    for kind, pattern in _PATTERNS.items():
        if found := pattern.search(line):
            yield kind, _around(line, found.start())
    for found in _DIGITS.finditer(_SPAN_ID.sub("", line)):
        if _has_check_digit(found[0]):
            yield "card number", found[0]
    for secret in secrets:
        if secret in line:
            yield "secret", _around(line, line.index(secret)).replace(secret, "…")


def _around(line: str, start: int) -> str:
    return line[max(0, start - SHOWN // 2) : start + SHOWN // 2]


def _files(folder: Path, *kinds: Sequence[str]) -> list[list[Path]]:
    """The files of each of *kinds*, which are patterns of names, anywhere below: after thousands of tests, one walk."""
    every = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    named = [[each for each in every if any(fnmatchcase(each.name, one) for one in kind)] for kind in kinds]
    return [sorted(each for each in files if each.is_file()) for files in named]


def _private_keys(files: Iterable[Path]) -> Iterator[str]:
    """The private part of each key in *files*."""
    for file in files:
        # Tests of what a key file must be leave some that are none.
        with contextlib.suppress(ValueError, KeyError, TypeError):
            yield json.loads(file.read_text(encoding="utf-8"))["d"]


def _has_check_digit(written: str) -> bool:
    """Luhn's: from the right, every second digit doubled; the digits of all of it add up to tens."""
    digits = [int(each) for each in written if each.isdigit()]
    doubled = [each if place % 2 == 0 else sum(divmod(2 * each, 10)) for place, each in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
