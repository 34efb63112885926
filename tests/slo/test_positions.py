"""Lines and columns of values and keys in YAML and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo.document import Path
from slo.positions import Positions

YAML = """\
version: prometheus/v1
labels: &labels {tier: "2", owner: us}
slos:
  - &first
    name: one
    objective: 99
    labels: *labels
  - <<: *first
    name: two
    sli:
      events:
        error_query: |
          sum(x)
---
---
service: other
"""
PLACES: dict[tuple[int, Path, bool], tuple[int, int]] = {
    (0, (), False): (1, 1),
    (0, ("version",), False): (1, 10),
    (0, ("version",), True): (1, 1),
    (0, ("labels", "owner"), False): (2, 36),
    (0, ("labels", "owner"), True): (2, 29),
    (0, ("slos", 0, "objective"), False): (6, 16),
    (0, ("slos", 0, "labels", "tier"), False): (2, 24),
    (0, ("slos", 1, "name"), False): (9, 11),
    (0, ("slos", 1, "objective"), False): (6, 16),
    (0, ("slos", 1, "objective"), True): (6, 5),
    (0, ("slos", 1, "sli", "events", "error_query"), False): (12, 22),
    (0, ("slos", 1, "alerting", "name"), False): (8, 5),
    (0, ("slos", 7), False): (4, 3),
    (0, ("version", "x"), False): (1, 10),
    (1, (), False): (15, 1),
    (2, ("service",), False): (16, 10),
    (9, ("service",), False): (1, 1),
}
JSON = '{\n\t"a\\"b": [1, {"c": "é\\ud83d\\ude00", "d": -1.5e3}],\n\t"e": null, "e": {"f": true}}\n'
JSON_PLACES: dict[tuple[Path, bool], tuple[int, int]] = {
    (('a"b',), False): (2, 10),
    (('a"b',), True): (2, 2),
    (('a"b', 0), False): (2, 11),
    (('a"b', 1, "c"), False): (2, 20),
    (('a"b', 1, "d"), False): (2, 42),
    (("e",), True): (3, 2),
    (("e",), False): (3, 7),
}


@pytest.mark.parametrize(("asked", "place"), PLACES.items())
def test_yaml(asked: tuple[int, Path, bool], place: tuple[int, int]) -> None:
    """A value, its key, what an alias or a merge brings, and the nearest parent of what is missing."""
    document, path, key = asked
    assert Positions(YAML).of(document, path, key=key) == place


@pytest.mark.parametrize(("asked", "place"), JSON_PLACES.items())
def test_json(asked: tuple[Path, bool], place: tuple[int, int]) -> None:
    """JSON with tabs, escapes and duplicate keys has places as well."""
    path, key = asked
    assert Positions(JSON, is_json=True).of(0, path, key=key) == place


def test_json_duplicates() -> None:
    """A key that stands twice is told with the place of its second one."""
    assert list(Positions(JSON, is_json=True).duplicates(0)) == [(("e",), (3, 13))]


def test_an_anchor_may_be_named_twice() -> None:
    """YAML allows to name an anchor anew; the alias means the last one above it."""
    positions = Positions("a: &x {k: 1}\nb: &x {k: 2}\nc: *x\nd: 4")
    assert positions.of(0, ("c", "k")) == (2, 11)
    assert positions.of(0, ("d",)) == (4, 4)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar below *value* and its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


values = st.recursive(
    st.text(max_size=6) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


@given(values, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_every_json_value_stands_at_its_place(value: Any, indent: int | str | None, ascii_only: bool) -> None:
    """The text at the place of each scalar is that scalar."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    lines, positions = text.split("\n"), Positions(text, is_json=True)
    for path, leaf in leaves(value):
        line, column = positions.of(0, path)
        assert lines[line - 1][column - 1 :].startswith(json.dumps(leaf, ensure_ascii=ascii_only))


words = st.sampled_from(["a", "bc", "xyz", "b c", "long words that a line may break"])
block_values = st.recursive(
    words,
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(words, inner, min_size=1, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(words, block_values, min_size=1, max_size=4), st.booleans())
def test_every_yaml_value_stands_at_its_place(value: Any, flow: bool) -> None:
    """The same of YAML, in block and in flow style."""
    text = yaml.safe_dump(value, default_flow_style=flow, width=60)
    lines, positions = text.split("\n"), Positions(text)
    for path, leaf in leaves(value):
        line, column = positions.of(0, path)
        assert lines[line - 1][column - 1 :].startswith(leaf.split()[0])
