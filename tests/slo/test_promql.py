"""slo.promql: what is quoted and spelled is read back as it was, by the parser and by Prometheus itself."""

import subprocess
from decimal import Decimal
from fractions import Fraction

import promql_parser as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo import promql
from tests.slo import nasty
from tests.slo.answers import BOTH_PROMTOOLS
from tools import install

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.one_of(
    st.integers(-(10**12), 10**12),
    st.decimals(-(10**6), 10**6, places=9),
    st.fractions(-1000, 1000, max_denominator=1000),
    st.floats(allow_nan=False, allow_infinity=False),
)


def _literal(text: str) -> float:
    node = pq.parse(text)
    negative = isinstance(node, pq.UnaryExpr)
    return -node.expr.val if negative else node.val


@given(texts)
def test_a_quoted_text_is_read_back(text):
    """Any text at all, as the value of a matcher."""
    (matcher,) = pq.parse(f"x{{a={promql.quote(text)}}}").matchers.matchers
    assert matcher.value == text


@given(numbers)
def test_a_number_is_read_back(number):
    """To the last digit that a float holds."""
    assert _literal(promql.number(number)) == float(number)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(72, 5), "14.4"),
        (Fraction(6), "6"),
        (Fraction(14, 15), "0.9333333333333333"),
        (Decimal("0.0010"), "0.001"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+2"), "100"),
        (0.25, "0.25"),
        (3, "3"),
    ],
)
def test_numbers_are_spelled_shortly(number, text):
    """No exponent for a decimal, no point for a whole number."""
    assert promql.number(number) == text


@given(st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True), texts, min_size=1, max_size=5))
def test_matchers_are_read_back_in_order(labels):
    """Each label with its value, equal."""
    found = pq.parse(f"x{promql.matchers(labels.items())}").matchers.matchers
    assert [(matcher.name, matcher.value) for matcher in found] == [*labels.items()]
    assert {str(matcher.op) for matcher in found} <= {str(pq.MatchOp.Equal)}


def test_equal_numbers_of_other_kinds_keep_their_spelling():
    """The order of calls changes nothing: 100.0 after 100 is not 100."""
    spelled = [promql.number(number) for number in (200, 200.0, Decimal(200), 200, Decimal("2E+2"), Fraction(200))]
    assert spelled == ["200", "200.0", "200", "200", "200", "200"]


def test_nothing_to_ignore_is_nothing():
    """A binary operator without a modifier."""
    assert promql.ignoring([]) == ""
    assert promql.ignoring(["a", "b"]) == " ignoring (a, b)"
    assert (promql.by(["a", "b"]), promql.without([])) == ("by (a, b)", "without ()")


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_prometheus_reads_what_was_quoted(tool, tmp_path):
    """Hundreds of texts are compared inside promtool, which has its own ways with escapes."""
    asked = []
    for number, text in enumerate(nasty.texts(400)):
        expr = f"label_replace(vector({number}), 'a', {_for_replacement(text)}, '', '')"
        expected = f"{{a={promql.quote(text)}}}" if text else "{}"
        asked.append({"expr": expr, "eval_time": "0s", "exp_samples": [{"labels": expected, "value": number}]})
    (tmp_path / "rules.yaml").write_text("groups: []\n")
    test = {"rule_files": ["rules.yaml"], "tests": [{"interval": "1m", "promql_expr_test": asked}]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test), encoding="utf-8")
    command = [install.find(tool), "test", "rules", tmp_path / "test.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _for_replacement(text: str) -> str:
    """As the replacement of label_replace, in which `$` calls for a group."""
    return promql.quote(text.replace("$", "$$"))
