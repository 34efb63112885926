"""JSON specs are read as strictly as YAML ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.document import MAX_DEPTH, DocumentFault, Plain
from slo.json_document import looks_json, read

STOPS = {
    '{"a": }': ("1:7", "is not JSON: Expecting value"),
    '{\n\t"a": 1,\n}': ("3:1", "is not JSON: "),
    '{"a": "x\x01"}': ("1:9", "is not JSON: Invalid control character at"),
    '{"a": "\\ud800"}': ("1:8", "holds half of a character: a lone surrogate"),
    '{"a": "\\ude00\\ud83d"}': ("1:8", "holds half of a character: a lone surrogate"),
    '{"a": ' + "[" * 80 + "]" * 80 + "}": ("1:1", f"is nested more than {MAX_DEPTH} levels deep"),
    '{"a": ' + "[" * 20_000 + "]" * 20_000 + "}": ("1:1", f"is nested more than {MAX_DEPTH} levels deep"),
    '{"a": [' + "0," * 400_000 + "0]}": ("1:1", "holds more than 400000 values"),
}


def test_numbers_keep_their_text() -> None:
    """Every number is Plain; booleans and null are what they are."""
    found, faults = read('{"a": 99.90, "b": -1e3, "c": NaN, "d": true, "e": null, "f": "1"}', "x.json")
    assert found == {"a": "99.90", "b": "-1e3", "c": "NaN", "d": True, "e": None, "f": "1"}
    assert [type(found[key]) for key in "abcf"] == [Plain, Plain, Plain, str]
    assert faults == []


def test_characters_beyond_the_basic_plane() -> None:
    """A pair of surrogates is one character; an escaped backslash before a u starts none."""
    assert read('{"a": "\\ud83d\\ude00", "b": "\\\\ud800"}', "x.json")[0] == {"a": "😀", "b": "\\ud800"}


def test_duplicate_keys_have_a_place() -> None:
    """Each second key is a fault with line, column and path; the first value stands."""
    found, faults = read('{"a": 1,\n "b": [{"c": 2, "c": 3}],\n "a": 4}', "x.json")
    assert found == {"a": "1", "b": [{"c": "2"}]}
    assert {(fault.line, fault.column, fault.where) for fault in faults} == {(2, 17, "b[0].c"), (3, 2, "a")}
    assert {fault.message for fault in faults} == {"duplicate key; the first one stands above"}


@pytest.mark.parametrize(("text", "place", "message"), [(text, *rest) for text, rest in STOPS.items()], ids=str.__len__)
def test_what_cannot_be_read(text: str, place: str, message: str) -> None:
    """A broken, too deep or too large text is refused with its place."""
    with pytest.raises(DocumentFault) as stopped:
        read(text, "x.json")
    fault = stopped.value.fault
    assert f"{fault.line}:{fault.column}" == place
    assert fault.message.startswith(message)


values = st.recursive(
    st.text(max_size=5) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_what_is_written_is_read(value: Any) -> None:
    """Every value that json writes comes back."""
    assert read(json.dumps({"a": value}), "x.json") == ({"a": value}, [])


@pytest.mark.parametrize(
    ("text", "looks"), [("{}", True), (" \n\t{", True), ("a: {}", False), ("[]", False), ("", False)]
)
def test_looks_json(text: str, looks: bool) -> None:
    """Only a text that starts with a brace is tried as JSON."""
    assert looks_json(text) is looks
