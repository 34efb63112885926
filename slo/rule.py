"""Prometheus rules as data, and as the YAML that Prometheus reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from slo.model import Pairs
from slo.windows import spell


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule."""

    name: str
    expr: str
    labels: Pairs


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule. `for_seconds` is how long the expression must hold; 0 fires at once.

    keep_firing_for_seconds: how long it stays on after the expression is over.
    """

    name: str
    expr: str
    labels: Pairs
    annotations: Pairs
    for_seconds: int = 0
    keep_firing_for_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated in order, every `interval_seconds`; 0 leaves that to Prometheus."""

    name: str
    interval_seconds: int
    rules: tuple[Record | Alert, ...]

    def joined(self, *rules: Record | Alert) -> Group:
        """The same group with more rules at its end."""
        return replace(self, rules=self.rules + rules)


def to_yaml(groups: Iterable[Group]) -> str:
    """One YAML document with every group; the same bytes for the same groups, everywhere."""
    out = ["groups:\n"]
    for group in groups:
        out.append(f"  - name: {_scalar(group.name)}\n")
        if group.interval_seconds:
            out.append(f"    interval: {spell(group.interval_seconds)}\n")
        out.append("    rules:\n")
        for rule in group.rules:
            _write_rule(rule, out)
    return "".join(out)


def _write_rule(rule: Record | Alert, out: list[str]) -> None:
    if isinstance(rule, Record):
        out.append(
            f"      - record: {_scalar(rule.name)}\n        expr: {_text(rule.expr)}\n{_map('labels', rule.labels)}"
        )
        return
    out.append(f"      - alert: {_scalar(rule.name)}\n        expr: {_text(rule.expr)}\n")
    if rule.for_seconds:
        out.append(f"        for: {spell(rule.for_seconds)}\n")
    if rule.keep_firing_for_seconds:
        out.append(f"        keep_firing_for: {spell(rule.keep_firing_for_seconds)}\n")
    out.append(_map("labels", rule.labels))
    out.append(_map("annotations", rule.annotations))


@lru_cache(maxsize=64)  # the rules of one SLO share a few sets of labels
def _map(key: str, values: Pairs) -> str:
    lines = "".join([f"          {_scalar(name)}: {_scalar(value)}\n" for name, value in values])
    return f"        {key}:\n{lines}" if lines else ""


# Words that no YAML reader takes for anything but text; everything else is quoted.
_BARE = re.compile(
    r"(?!(?:true|false|yes|no|on|off|null|y|n|nan|inf)$)[A-Za-z_][A-Za-z0-9_./-]*(?::[A-Za-z0-9_]+)*", re.I
)
_ESCAPED = re.compile('[\x00-\x1f"\\\\\x7f-\xa0\xad\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]')
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


@lru_cache(maxsize=4096)
def _scalar(text: str) -> str:
    """*text* as a YAML scalar on one line."""
    return text if _BARE.fullmatch(text) else quoted(text)


def quoted(text: str) -> str:
    """*text* as a double-quoted YAML scalar, whatever is in it."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _SHORT.get(character) or f"\\u{ord(character):04x}"


def _text(expr: str) -> str:
    """An expression: as a literal block where that keeps every byte, else quoted."""
    if expr.isascii() and expr.replace("\n", " ").isprintable() and expr[:1] not in " \n" and expr[-1] != "\n":
        return "|-\n          " + expr.replace("\n", "\n          ")
    return quoted(expr)
