"""Tells whether a text is a Go template that Prometheus can parse in a label or annotation.

A strict reader of the grammar of Go's text/template with Prometheus' functions: what it passes, Prometheus passes.
Source: https://pkg.go.dev/text/template and the documentation of Prometheus' template functions.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_LENGTH = 32_768
MAX_PARENTHESES = 20

FUNCTIONS = frozenset(
    "and call html index slice js len not or print printf println urlquery eq ge gt le lt ne".split()
    + "query first label value strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink".split()
    + "tableLink sortByLabel stripPort stripDomain humanize humanize1024 humanizeDuration humanizePercentage".split()
    + "humanizeTimestamp toTime pathPrefix externalURL parseDuration".split()
)
VARIABLES = frozenset({"$", "$labels", "$externalLabels", "$externalURL", "$value"})

_LEFT = re.compile(r"\{\{(?:-(?=[ \t\r\n]))?")
_COMMENT = re.compile(r"\{\{(?:-[ \t\r\n])?/\*(?:[^*]|\*(?!/))*\*/(?:[ \t\r\n]-)?\}\}")
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<literal>"(?:[^"\\\n]|\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*"
      |`[^`]*`
      |'(?:[^'\\\n]|\\[abfnrtv\\'])'
      |[+-]?(?:(?:(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?|0x[0-9a-fA-F]{1,15})(?![\w.]))
    |(?:(?P<variable>\$[A-Za-z0-9_]*)|(?P<field>\.[A-Za-z_][A-Za-z0-9_]*)|(?P<word>[A-Za-z_][A-Za-z0-9_]*))
      (?=[ \t\r\n.,|:()]|\}\})
    |(?P<dot>\.(?![A-Za-z0-9_]))
    |(?P<sign>:=|[=|(),])""",
    re.VERBOSE | re.ASCII,
)
_BLOCKS = frozenset({"if", "with", "range"})
_UNSUPPORTED = frozenset({"define", "template", "block", "break", "continue"})

Token = tuple[str, str]
"""Kind (a group of _TOKEN) and text."""


class _Broken(Exception):
    """The first thing that Go would refuse."""


def problem(text: str) -> str:
    """What is wrong with the template *text*; "" when nothing is."""
    if len(text) > MAX_LENGTH:
        return f"it is longer than {MAX_LENGTH} characters"
    try:
        blocks = _Blocks()
        for action in _actions(text):
            blocks.take(action)
        blocks.close()
    except _Broken as error:
        return str(error)
    return ""


# --- characters to tokens ---------------------------------------------------------------------------------------


def _actions(text: str) -> Iterator[list[Token]]:
    """The tokens of each {{…}} that is no comment."""
    position = 0
    while (start := text.find("{{", position)) >= 0:
        comment = _COMMENT.match(text, start)
        if comment:
            position = comment.end()
            continue
        tokens, position = _tokens(text, start)
        yield tokens


def _tokens(text: str, start: int) -> tuple[list[Token], int]:
    """The tokens of the action at *start*, and where it ends."""
    left = _LEFT.match(text, start)
    position = left.end() if left else start + 2
    tokens: list[Token] = []
    while not text.startswith("}}", position):
        if text.startswith("-}}", position) and tokens and tokens[-1][0] == "space":
            position += 1
            break
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _Broken(_unreadable(text, start, position))
        tokens.append((match.lastgroup, match[0]))
        position = match.end()
    if tokens and tokens[-1][0] == "space":
        tokens.pop()
    return tokens[1:] if tokens and tokens[0][0] == "space" else tokens, position + 2


def _unreadable(text: str, start: int, position: int) -> str:
    """Why there is no token at *position*."""
    end = text.find("}}", position)
    if end < 0 or "\n" in text[start:end] or "{{" in text[position:end]:
        return f"'{{{{' is not closed by '}}}}' in {_shown(text[start:])}"
    return f"{text[position : position + 1]!r} is out of place in {_shown(text[start : end + 2])}"


def _shown(text: str) -> str:
    line = text.partition("\n")[0]
    return repr(line if len(line) <= 60 else line[:59] + "…")


# --- blocks -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Blocks:
    """The blocks that are open, each with what was declared before it, and the variables that are known now."""

    opened: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    variables: frozenset[str] = VARIABLES

    def take(self, tokens: list[Token]) -> None:
        word = tokens[0][1] if tokens and tokens[0][0] == "word" else ""
        if word in _UNSUPPORTED:
            raise _Broken(f"{{{{{word}}}}} is not supported here")
        if word == "end":
            self._end(tokens)
        elif word == "else":
            self._else(tokens)
        elif word in _BLOCKS:
            self._open(word, tokens[1:])
        else:
            self.variables |= _Pipeline(tokens, self.variables).read()

    def close(self) -> None:
        if self.opened:
            raise _Broken(f"{{{{{self.opened[-1][0]}}}}} has no {{{{end}}}}")

    def _open(self, word: str, tokens: list[Token]) -> None:
        if tokens[:1] and tokens[0][0] != "space":
            raise _Broken(f"a space is missing behind {word}")
        before = self.variables
        self.variables |= _Pipeline(tokens[1:], before).read(two=word == "range")
        self.opened.append((word, before))

    def _end(self, tokens: list[Token]) -> None:
        if len(tokens) > 1 or not self.opened:
            raise _Broken("an {{end}} that closes nothing")
        self.variables = self.opened.pop()[1]

    def _else(self, tokens: list[Token]) -> None:
        if not self.opened or self.opened[-1][0] == "else":
            raise _Broken("an {{else}} outside of if, with or range")
        word, before = self.opened[-1]
        if len(tokens) > 1:
            if word != "if" or [text for _, text in tokens[2:3]] != ["if"]:
                raise _Broken("only {{else}} or, within if, {{else if …}} can stand here")
            self.opened.pop()
            self.variables = before
            self._open("if", tokens[3:])
            return
        self.opened[-1] = ("else", before)


# --- pipelines --------------------------------------------------------------------------------------------------


class _Pipeline:
    """Reads one pipeline: optional declarations, then commands with | between them."""

    def __init__(self, tokens: list[Token], variables: frozenset[str]) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._at = 0
        self._variables = variables

    def read(self, *, two: bool = False) -> set[str]:
        """Check the whole pipeline.

        Args:    two: `$i, $element := …` may be declared, as in range.
        Returns: the variables that it declares.
        """
        declared = self._declarations(two)
        self._commands("end", 0)
        return declared

    def _declarations(self, two: bool) -> set[str]:
        signs = [token for token in self._tokens if token[0] != "space"]
        kinds = [text if kind == "sign" else kind for kind, text in signs[:4]]
        if kinds[:2] == ["variable", ":="]:
            names = [signs[0][1]]
        elif kinds[:2] == ["variable", "="]:
            if signs[0][1] not in self._variables:
                raise _Broken(f"undefined variable {signs[0][1]}")
            names = []
        elif two and kinds == ["variable", ",", "variable", ":="]:
            names = [signs[0][1], signs[2][1]]
        else:
            return set()
        while self._tokens[self._at][1] not in (":=", "="):
            self._at += 1
        self._at += 1
        return set(names)

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += token[0] != "end"
        return token

    def _skip_space(self) -> bool:
        spaced = self._tokens[self._at][0] == "space"
        self._at += spaced
        return spaced

    def _commands(self, closing: str, depth: int) -> None:
        if depth > MAX_PARENTHESES:
            raise _Broken(f"more than {MAX_PARENTHESES} parentheses inside one another")
        stage = 0
        while True:
            ended = self._command(closing, depth, stage)
            stage += 1
            if ended:
                return

    def _command(self, closing: str, depth: int, stage: int) -> bool:
        """One command; whether the pipeline ends behind it."""
        count, spaced = 0, True
        while True:
            spaced |= self._skip_space()
            kind, text = self._next()
            if kind == "end" and closing != "end":
                raise _Broken("'(' is not closed by ')'")
            done = kind == "end" or (kind, text) == ("sign", closing)
            if done or (kind, text) == ("sign", "|"):
                if not count:
                    raise _Broken("a value is missing")
                return done
            if not spaced:
                raise _Broken(f"{text!r} must stand apart from what is before it")
            self._operand(kind, text, depth, executes=stage > 0 and count == 0)
            count, spaced = count + 1, False

    def _operand(self, kind: str, text: str, depth: int, *, executes: bool) -> None:
        fields = kind in ("field", "variable", "word")
        if executes and (kind in ("literal", "dot") or text in ("true", "false", "nil")):
            raise _Broken(f"{text} cannot take the value that is piped into it")
        if kind == "sign" and text == "(":
            self._commands(")", depth + 1)
            fields = True
        elif kind == "sign":
            raise _Broken(f"{text!r} is out of place")
        elif kind == "variable" and text not in self._variables:
            raise _Broken(f"undefined variable {text}")
        elif kind == "word":
            self._word(text)
            fields = text not in ("true", "false", "nil")
        while fields and self._tokens[self._at][0] == "field":
            self._at += 1

    @staticmethod
    def _word(text: str) -> None:
        if text not in FUNCTIONS and text not in ("true", "false", "nil"):
            close = difflib.get_close_matches(text, FUNCTIONS, n=1)
            raise _Broken(f"unknown function {text}" + (f"; did you mean {close[0]}?" if close else ""))
