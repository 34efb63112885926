"""Which labels a query's result has, and whether two results can ever match."""

from __future__ import annotations

import pytest

from slo.query import never_match, parse

W = "{{.window}}"
LABELS = {
    f"rate(x[{W}])": (None, {}),
    f'rate(x{{a="1",b=~"2",c!="3"}}[{W}])': (None, {"a": "1"}),
    f'rate({{__name__="x",a="1"}}[{W}])': (None, {"a": "1"}),
    f'sum(rate(x{{a="1"}}[{W}]))': (set(), {}),
    f'sum by (a, b) (rate(x{{a="1"}}[{W}]))': ({"a", "b"}, {"a": "1"}),
    f'sum without (a) (rate(x{{a="1",b="2"}}[{W}]))': (None, {"b": "2"}),
    f"sum without (a) (sum by (a, b) (rate(x[{W}])))": ({"b"}, {}),
    f'topk(1, rate(x{{a="1"}}[{W}]))': (None, {"a": "1"}),
    f'count_values("v", rate(x[{W}]))': (None, {}),
    f'label_replace(rate(x{{a="1"}}[{W}]), "a", "b", "c", "d")': (None, {}),
    f"vector(scalar(sum(rate(x[{W}]))))": (set(), {}),
    f"sum(rate(x[{W}])) * 2": (set(), {}),
    f"2 * sum(rate(x[{W}]))": (set(), {}),
    f"sum by (a) (rate(x[{W}])) or vector(0)": (None, {}),
    f"sum(rate(x[{W}])) or vector(0)": (set(), {}),
    f"sum by (a) (rate(x[{W}])) and on (a) y": ({"a"}, {}),
    f"sum by (a) (rate(x[{W}])) - sum by (a) (rate(y[{W}]))": ({"a"}, {}),
    f"sum by (a) (rate(x[{W}])) / on (a) group_left (b) y": (None, {}),
    f'sum_over_time((x{{a="1"}} > 0)[{W}:])': (None, {"a": "1"}),
}
NEVER = {
    (f"sum by (a) (rate(x[{W}]))", f"sum(rate(y[{W}]))"): "{a} against {}",
    (f"sum by (a, b) (rate(x[{W}]))", f"sum by (a, c) (rate(y[{W}]))"): "{a, b} against {a, c}",
    (f'rate(x{{code="500"}}[{W}])', f'rate(x{{code="200"}}[{W}])'): 'code="500" against code="200"',
}
PERHAPS = [
    (f'rate(x{{code="500"}}[{W}])', f"rate(x[{W}])"),
    (f'sum(rate(x{{code="500"}}[{W}]))', f'sum(rate(x{{code="200"}}[{W}]))'),
    (f'rate({{__name__="x"}}[{W}])', f'rate({{__name__="y"}}[{W}])'),
    (f"sum by (a) (rate(x[{W}]))", f"sum without (b) (rate(y[{W}]))"),
]


@pytest.mark.parametrize(("text", "names", "fixed"), [(text, *rest) for text, rest in LABELS.items()])
def test_labels(text: str, names: set[str] | None, fixed: dict[str, str]) -> None:
    """The result's labels are known where a grouping names them; equality matchers pin their values."""
    query = parse(text)
    assert (query.labels, dict(query.fixed)) == (names, fixed)


@pytest.mark.parametrize(("one", "other", "reason"), [(*texts, reason) for texts, reason in NEVER.items()])
def test_never_match(one: str, other: str, reason: str) -> None:
    """Different groupings or different pinned values leave nothing to match."""
    assert never_match(parse(one), parse(other)) == reason


@pytest.mark.parametrize(("one", "other"), PERHAPS)
def test_may_match(one: str, other: str) -> None:
    """Where the tree does not exclude it, two queries may match."""
    assert never_match(parse(one), parse(other)) == never_match(parse(other), parse(one)) == ""
