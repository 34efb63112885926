"""Tells whether a text is a Go template that Prometheus can parse in a label or annotation.

A strict reader of the grammar of Go's text/template with Prometheus' functions: what it passes, Prometheus passes.
Source: the documentation of Go's text/template and of Prometheus' template functions.
"""

from __future__ import annotations

import re

FUNCTIONS = frozenset(
    "and call html index slice js len not or print printf println urlquery eq ge gt le lt ne".split()
    + "query first label value strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink".split()
    + "tableLink sortByLabel stripPort stripDomain humanize humanize1024 humanizeDuration humanizePercentage".split()
    + "humanizeTimestamp toTime toDuration pathPrefix externalURL parseDuration tmpl".split()
)
_ACTION = re.compile(r"\{\{(?:-(?=\s))?(.*?)(?:(?<=\s)-)?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)
_TOKEN = re.compile(
    r"""\s+|(?P<string>"(?:[^"\\\n]|\\["\\abfnrtv])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))"""
    r"""|(?P<variable>\$[A-Za-z0-9_]*)|(?P<field>\.[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*)|(?P<sign>:=|[.()|=,])"""
)
_GIVEN_VARIABLES = frozenset({"$", "$labels", "$externalLabels", "$externalURL", "$value"})
_BLOCKS = frozenset({"if", "with", "range"})


class _Broken(Exception):
    """The first thing that Go would refuse."""


def problem(text: str) -> str:
    """What is wrong with the template *text*; "" when nothing is."""
    try:
        _check(text)
    except _Broken as error:
        return str(error)
    return ""


def _check(text: str) -> None:
    blocks: list[tuple[str, set[str]]] = []
    variables: set[str] = set(_GIVEN_VARIABLES)
    rest = _ACTION.sub("", text)
    if "{{" in rest:
        raise _Broken("'{{' is not closed by '}}'")
    for match in _ACTION.finditer(text):
        if "{{" in match[1]:
            raise _Broken("'{{' inside an action")
        if _COMMENT.fullmatch(match[1]):
            continue
        variables = _action(_tokens(match[1]), blocks, variables)
    if blocks:
        raise _Broken(f"{{{{{blocks[-1][0]}}}}} has no {{{{end}}}}")


def _tokens(body: str) -> list[tuple[str, str, bool]]:
    """(kind, text, whether white space stands before it) of an action."""
    tokens, position, spaced = [], 0, True
    while position < len(body):
        match = _TOKEN.match(body, position)
        if not match:
            raise _Broken(f"unexpected {body[position]!r} in {{{{{body.strip()}}}}}")
        position = match.end()
        if match.lastgroup:
            tokens.append((match.lastgroup, match[0], spaced))
        spaced = match.lastgroup is None
    return tokens


def _action(tokens: list[tuple[str, str, bool]], blocks: list[tuple[str, set[str]]], variables: set[str]) -> set[str]:
    if not tokens:
        raise _Broken("an empty {{}}")
    word = tokens[0][1] if tokens[0][0] == "word" else ""
    if word == "end":
        if len(tokens) > 1 or not blocks:
            raise _Broken("an {{end}} that closes nothing")
        return blocks.pop()[1]
    if word == "else":
        if not blocks or len(tokens) > 1 or blocks[-1][0] == "else":
            raise _Broken("an {{else}} outside of if, with or range")
        blocks[-1] = ("else", blocks[-1][1])
        return variables
    if word in _BLOCKS:
        blocks.append((word, set(variables)))
        return _pipeline_with_declaration(tokens[1:], variables)
    if word in ("define", "template", "block", "break", "continue"):
        raise _Broken(f"{{{{{word}}}}} is not supported here")
    return _pipeline_with_declaration(tokens, variables)


def _pipeline_with_declaration(tokens: list[tuple[str, str, bool]], variables: set[str]) -> set[str]:
    if len(tokens) > 1 and tokens[0][0] == "variable" and tokens[1][1] in (":=", "="):
        if tokens[1][1] == "=" and tokens[0][1] not in variables:
            raise _Broken(f"undefined variable {tokens[0][1]}")
        _pipeline(tokens[2:], variables)
        return variables | {tokens[0][1]}
    _pipeline(tokens, variables)
    return variables


def _pipeline(tokens: list[tuple[str, str, bool]], variables: set[str]) -> None:
    command: list[tuple[str, str, bool]] = []
    depth, stage = 0, 0
    for token in [*tokens, ("sign", "|", True)]:
        depth += {"(": 1, ")": -1}.get(token[1] if token[0] == "sign" else "", 0)
        if depth < 0:
            raise _Broken("unexpected ')'")
        if token[:2] == ("sign", "|") and depth == 0:
            _command(command, variables, stage)
            command, stage = [], stage + 1
        else:
            command.append(token)
    if depth or command:
        raise _Broken("'(' is not closed")


def _command(tokens: list[tuple[str, str, bool]], variables: set[str], stage: int) -> None:
    if not tokens:
        raise _Broken("a missing value")
    if stage and tokens[0][0] in ("string", "number"):
        raise _Broken(f"{tokens[0][1]} cannot take the value piped into it")
    index = 0
    while index < len(tokens):
        kind, text, spaced = tokens[index]
        if index and not spaced and not (kind == "field" and tokens[index - 1][0] in ("field", "variable")):
            raise _Broken(f"unexpected {text!r}")
        if kind == "sign" and text == "(":
            index = _parenthesis(tokens, index, variables)
            continue
        if kind == "sign" and text != ".":
            raise _Broken(f"unexpected {text!r}")
        if kind == "variable" and text not in variables:
            raise _Broken(f"undefined variable {text}")
        if kind == "word" and text not in FUNCTIONS and text not in ("true", "false"):
            raise _Broken(f"unknown function {text}")
        index += 1


def _parenthesis(tokens: list[tuple[str, str, bool]], start: int, variables: set[str]) -> int:
    depth = 0
    for index in range(start, len(tokens)):
        if tokens[index][0] == "sign":
            depth += {"(": 1, ")": -1}.get(tokens[index][1], 0)
        if depth == 0:
            _pipeline(tokens[start + 1 : index], variables)
            return index + 1
    raise _Broken("'(' is not closed")
