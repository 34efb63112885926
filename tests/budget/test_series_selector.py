"""budget/series_selector.py: what a selector means, as Prometheus reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget import series_selector
from budget.series_selector import NAME, Selector

ORDERS = {NAME: "up", "job": "orders", "zone": ""}


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        pytest.param("up", True, id="the name alone"),
        pytest.param("upper", False, id="another name"),
        pytest.param('up{job="orders"}', True, id="equal"),
        pytest.param('up{job="order"}', False, id="equal to the begin of it"),
        pytest.param('up{job!="orders"}', False, id="not equal"),
        pytest.param('up{job!="users"}', True, id="not equal to another one"),
        pytest.param('up{job=~"ord.*"}', True, id="a pattern"),
        pytest.param('up{job=~"ord"}', False, id="a pattern is for the whole value"),
        pytest.param('up{job=~"users|orders"}', True, id="one of two"),
        pytest.param('up{job!~"ord.*"}', False, id="not a pattern"),
        pytest.param('up{job!~"ord"}', True, id="not a pattern for the whole value"),
        pytest.param('up{job="orders",job=~"u.*"}', False, id="both must hold"),
        pytest.param('up{host=""}', True, id="a label that it has not is empty"),
        pytest.param('up{zone=""}', True, id="a label that is empty"),
        pytest.param('up{host=~".+"}', False, id="a pattern that wants a sign"),
        pytest.param('up{host!="a"}', True, id="a label that it has not is not another"),
    ],
)
def test_which_series_are_meant(selector: str, meant: bool) -> None:
    """As Prometheus has it: whole values, and a label that is not there is empty."""
    assert series_selector.parse(selector).matches(ORDERS) is meant


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("up{", id="half of one"),
        pytest.param("up[5m]", id="a range"),
        pytest.param("up offset 5m", id="an earlier one"),
        pytest.param("up @ 7", id="one of a moment"),
        pytest.param("rate(up[5m])", id="a function"),
        pytest.param("up + up", id="two"),
        pytest.param('{job="orders"}', id="no name"),
        pytest.param('{__name__=~"up|down"}', id="a pattern of names"),
        pytest.param('up{job="a" or job="b"}', id="or"),
        pytest.param("1", id="a number"),
        pytest.param("\0", id="no text"),
    ],
)
def test_what_is_no_selector_is_told(text: str) -> None:
    """In one sentence, whatever it is."""
    with pytest.raises(ValueError, match=r"no selector|expected a metric's name"):
        series_selector.parse(text)


def test_one_that_is_no_selector_says_what_is() -> None:
    """With an example."""
    with pytest.raises(ValueError, match=r"'up\[5m\]' is no selector: expected one such as up\{job=\"orders\"\}"):
        series_selector.parse("up[5m]")


@given(st.lists(st.tuples(st.sampled_from(["job", "le", "a_b"]), st.sampled_from(["=", "!="]), st.text())))
def test_it_is_spelled_so_that_it_reads_as_itself(matchers: list[tuple[str, str, str]]) -> None:
    """Whatever stands in the values."""
    made = Selector("up", tuple(matchers))
    assert series_selector.parse(str(made)) == made


@pytest.mark.parametrize("operator", ["=", "!=", "=~", "!~"])
def test_an_operator_stays_what_it_is(operator: str) -> None:
    """All four of them."""
    text = f'up{{job{operator}"orders"}}'
    assert str(series_selector.parse(text)) == text
