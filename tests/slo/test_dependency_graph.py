"""slo.dependency_graph: circles, each told once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.dependency_graph import cycles


@pytest.mark.parametrize(
    ("graph", "circles"),
    [
        ({}, []),
        ({"a": ("b", "c"), "b": ("c",)}, []),
        ({"a": ("a",)}, [("a",)]),
        ({"b": ("c",), "c": ("a",), "a": ("b",)}, [("a", "b", "c")]),
        ({"a": ("b",), "b": ("a",), "c": ("d",), "d": ("c",)}, [("a", "b"), ("c", "d")]),
    ],
    ids=["nothing", "a tree", "itself", "three", "two circles"],
)
def test_circles_are_found_in_the_order_of_dependence(graph, circles):
    """From the first name on; what is no circle is none."""
    assert list(cycles(graph)) == circles


NAMES = st.sampled_from("abcde")


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4, unique=True).map(tuple), max_size=5))
def test_each_step_of_a_circle_is_a_dependence(graph):
    """And there is an end, whatever the graph."""
    for circle in cycles(graph):
        for one, other in zip(circle, (*circle[1:], circle[0]), strict=True):
            assert other in graph[one]
