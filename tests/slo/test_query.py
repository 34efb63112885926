"""How a query is read: its window, its type, its bounds, and what is said of a wrong one."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.errors import QueryError
from slo.query import MAX_LENGTH, MAX_OPERATORS, parse, parse_matchers

W = "{{.window}}"
SPELLINGS = ("{{.window}}", "{{ .window }}", "{{.window }}", "{{-.window}}", "{{- .window -}}", "{{\n.window\n}}")
WRONG = {
    "rate(x[5m])": "does not hold {{ .window }}, which the generator replaces by each window",
    "": "does not hold {{ .window }}, which the generator replaces by each window",
    "rate(x[{{.Window}}])": "does not hold {{ .window }}, which the generator replaces by each window",
    f"rate(x[{W}]) * {{{{ .factor }}}}": "holds a template other than {{ .window }}, the only one that is replaced",
    f"rate(x[1{W}])": "has digits right before {{ .window }}, which brings its own",
    f"rate(x[1h{W}])": "has digits right before {{ .window }}, which brings its own",
    f"x[{W}]": "is a range vector, and an instant vector was expected",
    f"rate(x[1m])[{W}:]": "is a range vector, and an instant vector was expected",
    f'"{W}"': "is a string, and an instant vector was expected",
    f"sum(rate(x[{W}])": "is not PromQL: unclosed left parenthesis",
    f"sum(rate(x[{W}])))": "is not PromQL: unexpected right parenthesis ')'",
    f'rate(x{{a="b}}[{W}])': 'is not PromQL: unterminated quoted string "',
    f"rate(x{{a=b}}[{W}])": "is not PromQL: unexpected identifier 'b' in label matching, expected string",
    f"summ(rate(x[{W}]))": "is not PromQL: unknown function summ(); did you mean sum()?",
    f"rat(x[{W}])": "is not PromQL: unknown function rat(); did you mean rate()?",
    f"nothing_like_it(x[{W}])": "is not PromQL: unknown function nothing_like_it()",
    f"rate(x) + rate(x[{W}])": "is not PromQL: expected type matrix in call to function 'rate', got vector",
    f"rate(x[{W}ms])": "is not PromQL: bad number or duration syntax: {{.window}}m",
    f"sum rate(x[{W}])": (
        "is not PromQL: its terms do not form an expression; look for a missing operator, comma or parenthesis"
    ),
    f"rate(x\0[{W}])": "is not PromQL: unexpected character: '\\0'",
    f"rate(x[{W}])" + " " * MAX_LENGTH: f"is {MAX_LENGTH + 20} characters long, and at most 32768 are read",
}
# What once took long or ended the process: nesting that a string or a comment seems to hide, and long runs.
HOSTILE = {
    "parentheses": f"{'(' * 15_000}rate(x[{W}]){')' * 15_000}",
    "parentheses between quotes in comments": f'# "\n{"(" * 15_000}rate(x[{W}]){")" * 15_000}\n# "',
    "signs": f"{'-' * 30_000}rate(x[{W}])",
    "subqueries": f"rate(x[{W}]){'[5m:1m]' * 4_000}",
    "operators": f"rate(x[{W}]){' or x' * 6_000}",
    "brackets": f"{'[' * 30_000}{W}",
    "braces": "{{" * 16_000,
    "white space": f"{' ' * 32_000}rate",
    "white space before a trim mark": f"rate(x[{' ' * 32_000}{{{{- .window}}}}",
    "quotes": f'rate(x{{a="{W}"{",b=" * 10_000}}}',
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_the_window(spelling: str) -> None:
    """The window is found with any spacing, with and without trim marks."""
    assert parse(f"sum(rate(x[{spelling}]))").at("5m") == "sum(rate(x[5m]))"


def test_trim_marks_take_white_space() -> None:
    """As in Go, a trim mark takes all white space on its side, and only there."""
    assert parse("rate(x[ {{- .window }} ] offset 5m)").at("1h") == "rate(x[1h ] offset 5m)"
    assert parse("rate(x[ {{ .window -}} ] offset 5m)").at("1h") == "rate(x[ 1h] offset 5m)"


def test_white_space_around_a_query_goes() -> None:
    """A block scalar's last line end is no part of the rule."""
    assert parse(f"\n  rate(x[{W}])\n").at("5m") == "rate(x[5m])"


def test_the_window_is_replaced_wherever_it_stands() -> None:
    """Names and label values may hold the window, as sloth allows it."""
    assert parse(f'job:rate{W}{{w="{W}"}}').at("30d") == 'job:rate30d{w="30d"}'


def test_a_comment_ends_before_what_follows() -> None:
    """The parenthesis that is put behind a query does not become part of its comment."""
    assert parse(f"rate(x[{W}]) # why").at("5m") == "rate(x[5m]) # why\n"


def test_a_raw_string_becomes_a_quoted_one() -> None:
    """What stands between backticks is taken as it is; the rule holds the same string with escapes."""
    assert parse(f'rate(x{{a=~`\\d+"`}}[{W}]) # `').at("5m") == 'rate(x{a=~"\\\\d+\\""}[5m]) # `\n'


def test_a_scalar_becomes_a_vector() -> None:
    """A rule wants an instant vector, and a scalar is made one."""
    assert parse(f"scalar(rate(x[{W}]))").at("5m") == "vector(scalar(rate(x[5m])))"


@pytest.mark.parametrize("operator", ["/", "%"])
def test_a_quotient_may_be_no_number(operator: str) -> None:
    """Where something is divided, 0 / 0 may come out."""
    assert parse(f"rate(x[{W}]) {operator} 2").divides is True
    assert parse(f"rate(x[{W}])").divides is False


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=lambda text: str(text)[:60])
def test_says_what_is_wrong(text: str, message: str) -> None:
    """A query that cannot be used says why, with the window as its author wrote it."""
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_refused_at_once(text: str) -> None:
    """Deep nesting and long runs neither exhaust the stack nor take long."""
    program = (
        "import sys\nfrom slo import query\ntry: query.parse(sys.stdin.read())\nexcept query.QueryError: print('no')"
    )
    started = time.monotonic()
    asked = subprocess.run([sys.executable, "-c", program], input=text, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout) == (0, "no\n")
    assert time.monotonic() - started < 5


def test_as_many_operators_as_are_allowed() -> None:
    """The largest tree that is read does not exhaust the stack either."""
    sums = " or ".join([f"rate(x[{W}])", *["x"] * (MAX_OPERATORS - 2)])
    assert parse(sums).additive is False
    with pytest.raises(QueryError, match="more than 300 operators"):
        parse(f"{sums} or x")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_or_refused(before: str, after: str) -> None:
    """No text ends in another error than QueryError."""
    try:
        query = parse(f"{before}{W}{after}")
    except QueryError:
        return
    assert query.additive is (not query.why_not)


@given(st.lists(st.sampled_from([*"()[]{}+-*/,:=!~\"'`#\n x1", "rate(", "sum(", "[5m]", W, " or ", '{a="b"}', "@ 1"])))
def test_any_tokens_are_read_or_refused(tokens: list[str]) -> None:
    """No sequence of PromQL's own signs does either."""
    try:
        parse("".join(tokens))
    except QueryError:
        return


@pytest.mark.parametrize("text", ["", " ", 'job="x"', 'job="x",', 'job="x", code!~"4..", a=""', 'a="}"', "a='#'"])
def test_matchers(text: str) -> None:
    """Label matchers without braces are taken as they are."""
    parse_matchers(text)


@pytest.mark.parametrize(
    "text",
    ["job", 'job="x"}', 'job="x"} #', 'job="x"} offset 5m #', 'job="x"} or y{', 'a="{{.window}}"', 'le="1"', 'a=~"("'],
)
def test_more_than_matchers(text: str) -> None:
    """Nothing can leave the braces that the matchers are put into."""
    with pytest.raises(QueryError):
        parse_matchers(text)
