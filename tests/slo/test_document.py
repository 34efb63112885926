"""How YAML becomes plain values: scalars keep their text, keys are unique, aliases and depth are bounded."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo.document import MAX_DEPTH, DocumentFault, Plain, read, spell

PLAIN = ("2", "-3", "+4", "1.10", ".5", "99.", "1e3", "0x10", "0o7", "010", "1_000", ".inf", "-.Inf", ".NaN")
PLAIN += ("true", "False", "yes", "NO", "on", "Off")
TEXT = ("a", "1.2.3", "2020-01-01", "12:30", "0x", "1e", "tRUE", "y", "n", "nullish", "-a", "1 2", "٣", "<<")
NOTHING = ("", "~", "null", "Null", "NULL")
STOPS = {
    "a: [1, 2": ("2:1", "is not YAML: while parsing a flow sequence that begins in line 1: did not find"),
    "a:\n  - 'x\n\nb: 1": (
        "4:5",
        "is not YAML: while scanning a quoted scalar that begins in line 2: found unexpected",
    ),
    "a: b\n  c: d": ("2:4", "is not YAML: mapping values are not allowed in this context"),
    "a: é\x01": ("1:5", "is not YAML: the control character #x01 is not allowed"),
    "é: ä\nb: x\x7f": ("2:5", "is not YAML: the control character #x7f is not allowed"),
    "a: *b": ("1:4", "alias *b names nothing that is complete above it"),
    "a: &a [*a]": ("1:8", "alias *a names nothing that is complete above it"),
    "? [a, b]\n: c": ("1:3", "a mapping key must be a plain word"),
    "? {a: b}\n: c": ("1:3", "a mapping key must be a plain word"),
    "a: &a {}\n*a : b": ("2:1", "a mapping key must be a plain word"),
    "a: !!python/object/apply:os.system [ls]": ("1:4", "has a tag that is not read: tag:yaml.org,2002:python/object"),
    "a: !include b": ("1:4", "has a tag that is not read: !include"),
    "a: !!binary eA==": ("1:4", "has a tag that is not read: tag:yaml.org,2002:binary"),
    "%YAML 9.9\n---\na: b": ("1:1", "is not YAML: found incompatible YAML document"),
    f"{'[' * 65}": ("1:65", f"is nested more than {MAX_DEPTH} levels deep"),
}
FAULTS = {
    "a: 1\na: 2": [("2:1", "a", "duplicate key; the first one stands above")],
    "a:\n  - b: 1\n    b: 2\n    b: 3": [("3:5", "a[0].b", "duplicate key"), ("4:5", "a[0].b", "duplicate key")],
    "'a': 1\n\"a\": 2": [("2:1", "a", "duplicate key")],
    "a: &x b\n*x : 1\nb: 2": [("3:1", "b", "duplicate key")],
    "a:\n  <<: 1\n  b: 2": [("2:3", "a.<<", "merges something that is no mapping")],
    "a:\n  <<: [{b: 1}, 2, x]": [("2:3", "a.<<", "merges"), ("2:3", "a.<<", "merges")],
}


def value(text: str) -> Any:
    """The only document of *text*."""
    documents, faults = read(text, "x.yaml")
    assert faults == []
    assert len(documents) == 1
    return documents[0]


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_and_switches_keep_their_text(text: str) -> None:
    """What YAML takes for a number or a boolean is Plain, with the text as written."""
    found = value(f"a: {text}")["a"]
    assert (type(found), found) == (Plain, text)


@pytest.mark.parametrize("text", [*TEXT, *(f'"{text}"' for text in PLAIN), *(f"!!str {text}" for text in PLAIN)])
def test_everything_else_is_text(text: str) -> None:
    """Words, quoted numbers and what is tagged as text are text."""
    assert type(value(f"a: {text}")["a"]) is str


@pytest.mark.parametrize("text", NOTHING)
def test_nothing(text: str) -> None:
    """YAML's spellings of nothing are None."""
    assert value(f"a: {text}") == {"a": None}


def test_a_tagged_number_is_one() -> None:
    """`!!float "99.9"` is a number although it is quoted."""
    assert type(value('a: !!float "99.9"')["a"]) is Plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x {b: 1}\nc: *x", {"a": {"b": "1"}, "c": {"b": "1"}}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": "1", "c": "2"}, "d": {"c": "3", "b": "1"}}),
        ("a: {c: 3, <<: {c: 1, b: 2}}", {"a": {"c": "3", "b": "2"}}),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", {"a": {"b": "1", "c": "3"}}),
        ("a: {'<<': 1}", {"a": {"<<": "1"}}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": "1", "b": "2", "c": "2"}),
        ("&k a: 1\nb: *k", {"a": "1", "b": "a"}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: >-\n  x\n  y\n", {"a": "x y"}),
        ("a: 1\r\nb:\r\n- 2\r\n", {"a": "1", "b": ["2"]}),
    ],
)
def test_structure(text: str, expected: Any) -> None:
    """Aliases, merges and block scalars mean what YAML says; a key of one's own outranks a merged one."""
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only a comment", []),
        ("---\n---\n", [None, None]),
        ("---\na: 1\n---\n---\nb: 2\n...\n", [{"a": "1"}, None, {"b": "2"}]),
    ],
)
def test_every_document_keeps_its_place(text: str, expected: list[Any]) -> None:
    """Empty documents are None, so that the others can be found again."""
    assert read(text, "x.yaml") == (expected, [])


def test_anchors_end_with_their_document() -> None:
    """An alias cannot reach into the document before."""
    with pytest.raises(DocumentFault):
        read("a: &x 1\n---\nb: *x", "x.yaml")


@pytest.mark.parametrize(("text", "place", "message"), [(text, *rest) for text, rest in STOPS.items()])
def test_what_cannot_be_read_further(text: str, place: str, message: str) -> None:
    """Where the language itself is broken, the first fault ends the reading, with its place."""
    with pytest.raises(DocumentFault) as stopped:
        read(text, "x.yaml")
    fault = stopped.value.fault
    assert f"{fault.line}:{fault.column}" == place
    assert fault.message.startswith(message)


@pytest.mark.parametrize(("text", "expected"), FAULTS.items())
def test_faults_that_do_not_stop(text: str, expected: list[tuple[str, str, str]]) -> None:
    """Duplicate keys and odd merges are told all at once; the first of two values stands."""
    _, faults = read(text, "x.yaml")
    assert len(faults) == len(expected)
    for fault, (place, where, message) in zip(faults, expected, strict=True):
        assert (f"{fault.line}:{fault.column}", fault.where) == (place, where)
        assert fault.message.startswith(message)


def test_aliases_are_counted_in_full() -> None:
    """A dozen lines that stand for millions of values are refused."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(DocumentFault, match="holds more than 400000 values once its aliases are expanded"):
        read("\n".join(lines), "x.yaml")


plain_data = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-_. é{", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(plain_data, st.booleans())
def test_what_is_written_is_read(data: Any, flow: bool) -> None:
    """Every value that PyYAML writes, in block or flow style, comes back."""
    assert value(yaml.safe_dump({"a": data}, default_flow_style=flow, allow_unicode=True)) == {"a": data}


@given(st.text(max_size=80) | st.text("-:[]{}&*!|>'\"#%@`\n\t ,?<a1", max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    """No text ends in another error than DocumentFault, and each has a line and a column."""
    try:
        _, faults = read(text.encode(errors="replace").decode(), "x.yaml")
    except DocumentFault as stopped:
        faults = [stopped.fault]
    assert all(fault.line > 0 and fault.column > 0 for fault in faults)


def test_spell() -> None:
    """A path reads as people write it."""
    assert spell(("slos", 0, "sli", "events")) == "slos[0].sli.events"
    assert spell(()) == ""
