"""What the parser takes and Prometheus refuses is refused here; the judge is a real promtool."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.errors import QueryError
from slo.query import Query, parse
from tests.slo import refusals

W = "{{.window}}"
PASSES = (
    f"sum(rate(x[{W}]))",
    f'sum by (a, le) (rate(x{{a="1",b!="2",c=~"3.*",d!~"4"}}[{W}]))',
    f"rate(x[{W}] offset -5m)",
    f"rate(x[{W}] @ end())",
    f"rate(x[{W}] @ 1.5e9 offset 1w)",
    f"rate(x[{W}:])",
    f"max_over_time((rate(x[1m]) > 0)[{W}:30s] offset 1m)",
    f"rate(x[{W}]) * 0x1F + 1e3 - .5",
    f"rate(x[{W}]) * +Inf ^ -2",
    f"rate(x[{W}]) atan2 rate(y[{W}])",
    f"rate(x[{W}]) + on(a) group_left(b) rate(y[{W}])",
    f"rate(x[{W}]) / ignoring(code) group_left rate(y[{W}])",
    f"rate(x[{W}]) == bool on(a) rate(y[{W}])",
    f"histogram_fraction(0, 0.2, rate(x[{W}]))",
    f"predict_linear(x[{W}], 3600)",
    f"bottomk by (a) (1, rate(x[{W}]))",
    f'count_values("a", rate(x[{W}]))',
    f'label_replace(rate(x[{W}]), "a", "$1", "c", "(.*)")',
    f'label_join(rate(x[{W}]), "a", ",", "b", "c")',
    f'rate({{__name__=~"x.*"}}[{W}])',
    f"rate(x{{a=\"\\u00e9\\n\", b='c', d=`e\\f`}}[{W}])",
    f"rate(sum{{by='1'}}[{W}])",
    f"SUM(rate(x[{W}])) OR rate(y[{W}]) # why",
    f"day_of_month(rate(x[{W}])) and on() (hour() > 8)",
)
NEWER = {
    f'rate({{"foo.bar"}}[{W}])': "names in quotes",
    f'rate(x{{"a.b"="1"}}[{W}])': "names in quotes",
    f'sum by ("a.b") (rate(x[{W}]))': "names in quotes",
    f"first_over_time(x[{W}])": "first_over_time()",
    f"histogram_avg(rate(x[{W}]))": "histogram_avg()",
    f"rate(x[{W}]) * 5m": "a duration as a number",
    f"time() - {W}": "a duration as a number",
    f"rate(x[{W}] offset 60)": "a number as a duration",
    f"rate(x[{W}:60])": "a number as a duration",
}
REFUSED = {
    f'rate(x{{a="1" or b="2"}}[{W}])': "has `or` between matchers, which Prometheus does not know",
    f"limitk(1, rate(x[{W}]))": "uses limitk(), which Prometheus knows only behind a feature flag",
    f"info(rate(x[{W}]))": "uses info(), which Prometheus knows only behind a feature flag",
    f"mad_over_time(x[{W}])": "uses mad_over_time(), which Prometheus knows only behind a feature flag",
    f"step() * rate(x[{W}])": "uses step(), which Prometheus knows only behind a feature flag",
    f"rate(x[{W}]) + fill(0) rate(y[{W}])": "uses fill(), which Prometheus knows only behind a feature flag",
    f'rate(x{{a=~"a++"}}[{W}])': "holds a regular expression that Prometheus cannot read, 'a++'",
    f'sum by ("") (rate(x[{W}]))': "groups or matches by a label without a name",
    f"rate(x[{W}]) * 1e999": "holds a number that is too large: 1e999",
    f"rate(x[{W}] offset 300y)": "holds a duration of more than 40 years: 300y",
    f"rate(x[{W}] @ 1e19)": "pins a moment with @ that is out of range: 1e19",
    f"rate(x[{W}:0])": "holds a range or step of 0 seconds",
    f"rate(+x[{W}])": "has a + sign before a term, which Prometheus refuses before a range; leave it out",
}
# promtool takes these; the rule would fail at every evaluation.
FAILS_LATER = {
    f'label_replace(rate(x[{W}]), "a-b", "", "c", "d")': "writes the label 'a-b' with label_replace()",
    f'label_replace(rate(x[{W}]), "a", "", "c", "(")': "holds a regular expression that cannot be read: '('",
    f'count_values("a-b", rate(x[{W}]))': "writes the label 'a-b' with count_values()",
    f'rate(x{{a="\\xff"}}[{W}])': 'holds a byte that is no character, in "\\xff"',
}
PIECES = (
    *("(", ")", "[", "]", "{", "}", '"', "'", "`", "\\", ",", "=", "!=", "=~", "#", "\n", " ", "-", "+", "*", "/", "%"),
    *("<", "==", "bool", " on(a) ", " by (a) ", " offset 5m", " @ end()", " @ 5", "5m", "1e3", "0x1f", ".5", "1e400"),
    *("x", "rate(", "sum(", "vector(0)", " or ", " unless ", ":", "\x00", "é", "\\xff", "[5m:1m]", "[0s]", '{a="b"}'),
    *("group_left", "1", "topk(1,", "start()", "Inf", "nan", "1y", "106751d", "1_000", "5ms", W),
)
SEEDS = [*PASSES, *NEWER]
mutated = st.builds(
    lambda seed, pieces, at, cut: seed[: at % len(seed)] + "".join(pieces) + seed[at % len(seed) + cut :],
    st.sampled_from(SEEDS),
    st.lists(st.sampled_from(PIECES), max_size=3),
    st.integers(0, 200),
    st.integers(0, 4),
)


def _read(text: str) -> Query | None:
    try:
        return parse(text)
    except QueryError:
        return None


@pytest.mark.parametrize("promtool", refusals.PROMTOOLS)
def test_what_every_prometheus_knows(promtool: str, tmp_path: Path) -> None:
    """Neither this reader nor promtool refuses a query of the table, at a short and at a long window."""
    queries = [parse(text) for text in PASSES]
    assert [query.newer for query in queries] == [()] * len(queries)
    asked = [query.at(window) for query in queries for window in ("5m", "30d")]
    assert refusals.of_expressions(promtool, asked, tmp_path) == {}


@pytest.mark.parametrize(("text", "what"), NEWER.items())
def test_what_newer_releases_know(text: str, what: str) -> None:
    """A form that only newer releases read passes, and is named."""
    assert parse(text).newer == (what,)


def test_the_newer_promtool_takes_the_newer_forms(tmp_path: Path) -> None:
    """The old promtool refuses each of them, the new one takes them all."""
    asked = [parse(text).at("5m") for text in NEWER]
    assert len(refusals.of_expressions("promtool", asked, tmp_path)) == len(asked)
    assert refusals.of_expressions("promtool3", asked, tmp_path) == {}


@pytest.mark.parametrize(("text", "message"), [*REFUSED.items(), *FAILS_LATER.items()])
def test_says_what_prometheus_refuses(text: str, message: str) -> None:
    """A query that no Prometheus without feature flags can run is refused with the reason."""
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert message in str(refused.value)


@pytest.mark.parametrize("promtool", refusals.PROMTOOLS)
def test_promtool_refuses_the_same(promtool: str, tmp_path: Path) -> None:
    """Every query of the table of refusals is one that promtool refuses."""
    refused = refusals.of_expressions(promtool, [text.replace(W, "5m") for text in REFUSED], tmp_path)
    assert [text for index, text in enumerate(REFUSED) if index not in refused] == []


@settings(max_examples=max(1, settings.default.max_examples // 40))
@given(st.lists(mutated, min_size=150, max_size=150))
def test_what_passes_promtool_takes(tmp_path_factory: pytest.TempPathFactory, found: list[str]) -> None:
    """Of mutated queries, promtool takes all that this reader passes: the newer one those with newer forms."""
    read = [query for text in found if (query := _read(text)) is not None]
    folder = tmp_path_factory.getbasetemp()
    for promtool, queries in (
        ("promtool", [query for query in read if not query.newer]),
        ("promtool3", [query for query in read if query.newer]),
    ):
        refused = refusals.of_expressions(promtool, [query.at("5m") for query in queries], folder)
        assert {queries[index].parts: why for index, why in refused.items()} == {}
