"""What goregex passes, the Go regexp of a real promtool passes; and patterns that people write pass."""

from __future__ import annotations

from pathlib import Path

import promql_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo import goregex
from slo.promql import quote
from tests.slo import refusals

USUAL = (
    "5..|429",
    "(5..|429)",
    ".*",
    ".+",
    "",
    "^api-[0-9]{1,3}$",
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "(?i)get|post",
    "(?s:a.b)",
    "(?P<code>5..)",
    r"/api/v\d+/.*\.json",
    r"[\w.-]+",
    "[[:alpha:]]+",
    r"\p{Lu}\P{Greek}\x41\x{1F600}",
    "[]a]|[^]a]",
    "a{,5}",
    "a{1000}",
    "(a|b)*?",
    "é+",
)
REFUSED = {
    "a{1001}": "'{1001}' repeats more than 1000 times",
    "(a{100}){100}": "'{100}' repeats more than 1000 times",
    "a**": "'*' repeats a repetition",
    "a{2}{3}": "'{3}' repeats a repetition",
    "(?x) a": "'(?x)' is a kind of group that Go does not know",
    "(?-u)a": "'(?-u' is a kind of group that Go does not know",
    r"\u0041": r"'\\u' is not an escape that Go knows",
    r"\p{Emoji}": "'Emoji' is not a class of Unicode characters that is known here",
    "[a--b]": r"a '-' inside [ ] must be written '\-'",
    ")(": "')' closes nothing",
}
# Newer Prometheus releases take these, and older ones do not; or Go means something else by them than Rust.
STRICTER = {
    "(?<code>5..)": "name a group (?P<code>…), which every Prometheus knows",
    "[a-z&&[^b]]": r"a '[' inside [ ] must be written '\['",
}
PIECES = (
    *"ab|()[]*+?.^$-\\{},:&~<>09 é_#=",
    *("(?:", "(?i)", "(?P<n>", "(?<n>", "(?s:", "(?-i:", "(?x)", "(?u:", "{2}", "{2,}", "{500}", "{3}", "{1001}"),
    *(r"\d", r"\b", r"\A", r"\z", r"\Z", r"\pL", r"\p{L}", r"\p{Greek}", r"\p{^Lu}", r"\x41", r"\x{41}", r"\u0041"),
    *("[a-z]", "[^a]", "[[:alpha:]]", "[[:what:]]", r"[\d]", "[a-c-e]", "[]a]", "(a|b)", "(a{40}){40}", r"\Q", r"\07"),
)
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


def _rust_takes(pattern: str) -> bool:
    try:
        promql_parser.parse(f"up{{a=~{quote(pattern)}}}")
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("promtool", refusals.PROMTOOLS)
def test_usual_patterns_pass_here_and_there(promtool: str, tmp_path: Path) -> None:
    """Neither this reader nor promtool refuses a pattern that people write."""
    assert [pattern for pattern in USUAL if goregex.problem(pattern)] == []
    assert refusals.of_expressions(promtool, [f"up{{a=~{quote(p)}}}" for p in USUAL], tmp_path) == {}


@pytest.mark.parametrize(("pattern", "problem"), [*REFUSED.items(), *STRICTER.items()])
def test_says_what_go_refuses(pattern: str, problem: str) -> None:
    """The first thing that Go would refuse is named."""
    assert goregex.problem(pattern) == problem


@pytest.mark.parametrize("promtool", refusals.PROMTOOLS)
def test_promtool_refuses_the_same(promtool: str, tmp_path: Path) -> None:
    """Every pattern of the table of refusals is one that promtool refuses."""
    refused = refusals.of_expressions(promtool, [f"up{{a=~{quote(p)}}}" for p in REFUSED], tmp_path)
    assert [pattern for index, pattern in enumerate(REFUSED) if index not in refused] == []


@settings(max_examples=max(1, settings.default.max_examples // 100))
@given(st.lists(patterns, min_size=300, max_size=300))
def test_what_passes_promtool_takes(tmp_path_factory: pytest.TempPathFactory, found: list[str]) -> None:
    """Of random patterns, promtool takes all that the parser and this reader pass."""
    passed = [pattern for pattern in found if _rust_takes(pattern) and not goregex.problem(pattern)]
    asked = [f"up{{a=~{quote(pattern)}}}" for pattern in passed]
    refused = refusals.of_expressions("promtool", asked, tmp_path_factory.getbasetemp())
    assert {passed[index]: why for index, why in refused.items()} == {}
