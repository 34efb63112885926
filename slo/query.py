"""Reads one query of a spec: its window template, its type, and what its syntax tree says of it.

Two facts are decided from the tree and never guessed: whether the query is additive over time (then long windows
may be summed from 5m events), and whether its value is per second or per window (then events can be counted).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import promql_parser as pq

from slo import promql, query_check
from slo.additivity import PROBE_SECONDS, Unit, nature
from slo.errors import QueryError
from slo.query_labels import kind, labels

__all__ = ["Query", "Unit", "never_match", "parse", "parse_matchers"]

MAX_LENGTH = 32_768
MAX_OPERATORS = 300
"""Trees are walked recursively: a deeper one could exhaust the stack, and nobody writes it by hand."""

_PLAIN_TEMPLATE = "{{.window}}"
_TEMPLATE = re.compile(r"\{\{(-?)\s*\.window\s*(-?)\}\}")
_STRING_OR_COMMENT = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|\#[^\n]*""")
_OPERATOR = re.compile(r"[(\[+\-*/%^<>]|[=!]=|\b(?:or|and|unless|atan2)\b", re.IGNORECASE)
# What is worth a look at the text beside the tree: escapes, @, odd numbers, names in quotes, a unary +, plain seconds.
# One class of first characters, then what must stand behind each: half the time of plain alternatives.
_UNUSUAL = re.compile(
    r"""[\\@\d{,(+\[:oO](?:(?<=[\\@])|(?<=\d)(?:[smhdwyeExX]|\d{15})|(?<=[{,(+])\s*["'`+]"""
    r"""|(?<=[\[:])\s*[\d.]|(?<=[oO])[fF][fF][sS][eE][tT]\s+-?\s*[\d.])"""
)
_WITHIN_NUMBER = re.compile(r"(?<![\w:])\d[\w:]*$")
_BYTE = re.compile(r"\\(?:(?P<byte>x[89a-fA-F]|[23][0-7])|.)", re.DOTALL)
_PROBE = f"{PROBE_SECONDS}s"  # stands for the window while parsing
_KIND_NAMES = {"matrix": "range vector", "string": "string"}


@dataclass(frozen=True, slots=True)
class Query:
    """A query over a window still to be named.

    `parts` are the texts around the window; `additive` and `unit` are read from the tree, with `why_not` saying
    what keeps it from being additive. `labels` are the output's label names where the tree tells them, and
    `fixed` the values that its matchers pin down among them. `divides` is true where a NaN may come out.
    `newer` names what needs a Prometheus newer than 2.42.
    """

    parts: tuple[str, ...]
    additive: bool
    unit: Unit
    why_not: str
    labels: frozenset[str] | None
    fixed: tuple[tuple[str, str], ...]
    scalar: bool
    divides: bool
    newer: tuple[str, ...] = ()

    def at(self, window: str) -> str:
        """The PromQL for *window* ("5m"), as an instant vector."""
        text = window.join(self.parts)
        return f"vector({text})" if self.scalar else text


def parse(text: str) -> Query:
    """Read a query as a spec has it.

    Args:    text: PromQL in which `{{ .window }}` (any spacing, trim marks allowed) stands for the window.
    Raises:  QueryError: no window in it, another template in it, not PromQL, or not an instant vector.
    """
    parts = _split(text)
    tree = _tree(parts)
    found = query_check.check(tree)
    if _UNUSUAL.search(text) or any(part[-1:] != "[" for part in parts[:-1]):
        query_check.check_text(_bare(parts), found)
    type_name = kind(tree)
    if type_name not in ("vector", "scalar"):
        raise QueryError(f"is a {_KIND_NAMES[type_name]}, and an instant vector was expected")
    of_tree = nature(tree)
    why_not = of_tree.why_not
    if not why_not and found.pinned:
        why_not = "an @ modifier pins it to one moment"
    if not why_not and of_tree.windows != len(parts) - 1:
        why_not = "the window also stands outside the ranges that are summed"
    names, fixed = labels(tree)
    return Query(
        parts=parts,
        additive=not why_not,
        unit=of_tree.unit or Unit.UNKNOWN,
        why_not=why_not,
        labels=names,
        fixed=tuple(sorted(fixed.items())),
        scalar=type_name == "scalar",
        divides="/" in text or "%" in text,
        newer=tuple(found.newer),
    )


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression without a window: the names of its result's labels (None: the tree does not tell), its tree."""

    labels: frozenset[str] | None
    tree: Any


def expression(text: str) -> Expression:
    """Read an expression that is evaluated as it stands.

    Raises:  QueryError: not PromQL that a Prometheus 2.42 reads, or not an instant vector.
    """
    if len(text) > MAX_LENGTH or "{{" in text:
        raise QueryError("is too long, or holds a template that is no parameter")
    tree = _tree((text,))
    found = query_check.check(tree)
    query_check.check_text(_bare((text,)), found)
    if found.newer:
        raise QueryError(f"needs a Prometheus newer than {query_check.OLDEST}: {', '.join(found.newer)}")
    if kind(tree) != "vector":
        raise QueryError(f"is a {_KIND_NAMES.get(kind(tree), kind(tree))}, and an instant vector was expected")
    return Expression(labels(tree)[0], tree)


def series_problem(text: str) -> str:
    """Why *text* does not name one series, as promtool's input does; "" where it does."""
    try:
        tree = _tree((text,))
    except QueryError as error:
        return str(error)
    if not isinstance(tree, pq.VectorSelector) or tree.at is not None or tree.offset is not None:
        return 'expected a name and labels, such as up{job="orders"}'
    matchers = tree.matchers.matchers
    return "" if all(str(matcher.op) == str(pq.MatchOp.Equal) for matcher in matchers) else "expected = in every label"


def parse_matchers(text: str) -> None:
    """Make sure that *text* is label matchers and nothing else: `job="orders", code!="404"`.

    Raises:  QueryError: where more, or something else, would come out of `metric{<text>, …}`.
    """
    if len(text) > MAX_LENGTH or "{{" in text:
        raise QueryError("is too long, or holds a template")
    inside = text.strip().rstrip(",")
    probe = f'metric{{{inside}{"," if inside else ""}le="1"}}'
    tree = _tree((probe,))
    query_check.check(tree)
    whole = isinstance(tree, pq.VectorSelector) and tree.at is None and tree.offset is None
    if not whole or not tree.matchers.matchers or tree.matchers.matchers[-1].name != "le":
        raise QueryError('holds more than label matchers; expected text such as job="orders"')
    if any(matcher.name == "le" for matcher in tree.matchers.matchers[:-1]):
        raise QueryError("holds a matcher for le, which comes from below")


def never_match(one: Query, other: Query) -> str:
    """Why no series of the two queries can ever match one to one; "" where they may.

    Two queries match on all of their labels: different groupings, or different pinned values of a label that both
    keep, leave nothing.
    """
    if one.labels is not None and other.labels is not None and one.labels != other.labels:
        return f"{_spell_labels(one.labels)} against {_spell_labels(other.labels)}"
    theirs = dict(other.fixed)
    for name, value in one.fixed:
        if theirs.get(name, value) != value:
            return f'{name}="{value}" against {name}="{theirs[name]}"'
    return ""


def _spell_labels(names: frozenset[str]) -> str:
    return "{" + ", ".join(sorted(names)) + "}"


# --- text -------------------------------------------------------------------------------------------------------


def _split(text: str) -> tuple[str, ...]:
    """The texts around the window; a trim mark takes the white space beside it."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"is {len(text)} characters long, and at most {MAX_LENGTH} are read")
    if "`" in text:  # the parser reads escapes in such strings, where Prometheus reads none
        text = _STRING_OR_COMMENT.sub(_double_quoted, text)
    parts = text.split(_PLAIN_TEMPLATE)
    if len(parts) <= text.count("{{"):
        parts = _split_trimmed(text)
    if len(parts) == 1:
        raise QueryError("does not hold {{ .window }}, which the generator replaces by each window")
    parts[0] = parts[0].lstrip()
    # A comment would swallow the parenthesis that is put behind the query.
    parts[-1] = parts[-1].rstrip() + ("\n" if "#" in text else "")
    if any("{{" in part for part in parts):
        raise QueryError("holds a template other than {{ .window }}, the only one that is replaced")
    if any(part[-1:].isalnum() and _WITHIN_NUMBER.search(part) for part in parts[:-1]):
        raise QueryError("has digits right before {{ .window }}, which brings its own")
    return tuple(parts)


def _double_quoted(match: re.Match[str]) -> str:
    text = match[0]
    return promql.quote(text[1:-1]) if text[0] == "`" else text


def _split_trimmed(text: str) -> list[str]:
    parts, position, trims = [], 0, False
    for match in _TEMPLATE.finditer(text):
        part = text[position : match.start()]
        part = part.lstrip() if trims else part
        parts.append(part.rstrip() if match[1] else part)
        position, trims = match.end(), bool(match[2])
    last = text[position:]
    return [*parts, last.lstrip() if trims else last]


def _bare(parts: tuple[str, ...]) -> str:
    """The query with its strings emptied and its comments gone: what is left are operators, names and numbers."""
    return _STRING_OR_COMMENT.sub(_emptied, _PROBE.join(parts))


def _emptied(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] == "#":
        return ""
    if "\\" in text and text[0] != "`" and any(escape["byte"] for escape in _BYTE.finditer(text)):
        raise QueryError(f"holds a byte that is no character, in {text}")
    return '""'


def _tree(parts: tuple[str, ...]) -> Any:
    probe = _PROBE.join(parts)
    if "\ufffd" in probe:
        raise QueryError(r"holds U+FFFD, which Prometheus takes for broken UTF-8; write \ufffd inside a string")
    if len(probe) > MAX_OPERATORS and len(_OPERATOR.findall(_bare(parts))) > MAX_OPERATORS:
        raise QueryError(f"has more than {MAX_OPERATORS} operators and parentheses, the most that is read")
    try:
        return pq.parse(probe)
    except Exception as error:  # the parser raises ValueError, and its Rust panics derive from BaseException
        raise QueryError(f"is not PromQL: {_reason(str(error))}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise QueryError("is not PromQL that the parser can read") from None


def _reason(message: str) -> str:
    """The parser's message in words that help."""
    if message == "invalid promql query":
        return "its terms do not form an expression; look for a missing operator, comma or parenthesis"
    if unknown := re.fullmatch(r"unknown function with name '(\w+)'", message):
        close = difflib.get_close_matches(unknown[1], query_check.FUNCTIONS | query_check.AGGREGATES, n=1)
        return f"unknown function {unknown[1]}()" + (f"; did you mean {close[0]}()?" if close else "")
    return message.replace(_PROBE, "{{.window}}")
