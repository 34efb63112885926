"""What gotemplate passes, a real promtool passes; usual templates pass; the fault is named."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo import gotemplate
from tests.slo import refusals

PASSES = (
    "no template",
    "}} alone",
    "{{ $value }}",
    "{{$value}}",
    "{{- $value -}}",
    "{{ $labels.job }}",
    '{{ index $labels "a-b" }}',
    "{{ $externalURL }}/graph",
    "{{ $externalLabels.cluster }}",
    "{{ . }}",
    "{{ .Value }}",
    "{{ $.Labels }}",
    "{{ $value | humanize }}",
    "{{ $value | humanizePercentage }}",
    "{{ humanizeDuration $value }}",
    "{{ humanize1024 $value }}B",
    "{{ $value | humanizeTimestamp }}",
    '{{ printf "%.2f" $value }}',
    '{{ printf "%.2f%%" (100.0) }}',
    '{{ $value | printf "%.2f" }}',
    "{{ if eq $labels.job `api` }}api{{ else }}other{{ end }}",
    "{{ if gt $value 1.0 }}a{{ else if gt $value .5 }}b{{ else }}c{{ end }}",
    "{{ if and $labels.a (or $labels.b (not $labels.c)) }}x{{ end }}",
    '{{ with query "up" }}{{ . | first | value }}{{ end }}',
    '{{ with query "up" }}{{ . | first | value }}{{ else }}none{{ end }}',
    '{{ range query "up" }}{{ .Labels.job }}={{ .Value }} {{ end }}',
    '{{ range $i, $e := query "up" }}{{ $i }}{{ $e.Value }}{{ end }}',
    '{{ range $e := query "up" }}{{ $e.Value }}{{ else }}none{{ end }}',
    '{{ $x := query "up" | first | value }}{{ $x }}',
    "{{ $x := 1 }}{{ $x = 2 }}{{ $x }}",
    '{{ (query "up" | first).Value }}',
    '{{ query "up" | first | label "job" | toUpper }}',
    '{{ reReplaceAll "(.*):9100" "$1" $labels.instance }}',
    '{{ if match "a.*" $labels.job }}x{{ end }}',
    "{{ title $labels.job | safeHtml }}",
    '{{ graphLink "up" }} {{ tableLink "up" }}',
    '{{ range query "up" | sortByLabel "job" }}{{ . | strvalue }}{{ end }}',
    "{{ stripPort $labels.instance }}{{ stripDomain $labels.instance }}",
    '{{ with $x := parseDuration "1h" }}{{ $x }}{{ end }}',
    "{{ externalURL }}{{ pathPrefix }}",
    '{{ with args 1 "a" }}{{ .arg0 }}{{ end }}',
    "{{/* a comment */}}",
    "{{- /* a comment with }} in it */ -}}",
    '{{ "}}" }}',
    '{{ "{{" }}',
    '{{ "\\"quoted\\" \\\\ \\x41 \\u00e9" }}',
    "{{ `raw }} text` }}",
    "{{ 'c' }}",
    "{{ -1 }}{{ +2.5 }}{{ 1e3 }}{{ 0x1f }}",
    "{{ true }}{{ false }}",
    "{{ len $labels }}",
    "{{ eq 1 2 }}{{ ne 1 2 }}{{ lt 1 2 }}{{ le 1 2 }}{{ ge 1 2 }}",
    "{{ slice `abc` 1 2 }}{{ html `<` }}{{ js `'` }}{{ urlquery ` ` }}{{ print 1 }}{{ println 1 }}",
    "{{\n  $value\n  | humanize\n}}",
    "{{ if $value }}{{ if $value }}x{{ end }}{{ end }}",
    "{{ $labels.a.b.c }}",
    "{{ toTime $value }}",
)
REFUSED = {
    "{{ $value": "'{{' is not closed by '}}' in '{{ $value'",
    "{{ $value }": "'{{' is not closed by '}}' in '{{ $value }'",
    "a\n{{ $value\n}": "'{{' is not closed by '}}' in '{{ $value'",
    "{{ }}": "a value is missing",
    "{{}}": "a value is missing",
    "{{ $nope }}": "undefined variable $nope",
    "{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}": "undefined variable $x",
    "{{ humanise $value }}": "unknown function humanise; did you mean humanize?",
    "{{ $value | humanise }}": "unknown function humanise; did you mean humanize?",
    "{{ $value | 1 }}": "1 cannot take the value that is piped into it",
    "{{ $value | . }}": ". cannot take the value that is piped into it",
    "{{ $value || humanize }}": "a value is missing",
    "{{ | humanize }}": "a value is missing",
    "{{ (1 }}": "'(' is not closed by ')'",
    "{{ 1) }}": "')' must stand apart from what is before it",
    "{{ if true }}": "{{if}} has no {{end}}",
    "{{ range query `up` }}{{ else }}": "{{else}} has no {{end}}",
    "{{ end }}": "an {{end}} that closes nothing",
    "{{ else }}": "an {{else}} outside of if, with or range",
    "{{ if true }}{{ else }}{{ else }}{{ end }}": "an {{else}} outside of if, with or range",
    "{{ if }}x{{ end }}": "a value is missing",
    "{{ ; }}": "';' is out of place in '{{ ; }}'",
    "{{ $value.1 }}": "'.1' must stand apart from what is before it",
    "{{ 'ab' }}": '"\'" is out of place in "{{ \'ab\' }}"',
    '{{ "\\q" }}': "'\"' is out of place in '{{ \"\\\\q\" }}'",
    "{{ 1x }}": "'1' is out of place in '{{ 1x }}'",
    "{{ `a``b` }}": "'`b`' must stand apart from what is before it",
    "{{ true.x }}": "'.x' must stand apart from what is before it",
    "{{-$value}}": "'-' is out of place in '{{-$value}}'",
    "{{ /* c */ }}": "'/' is out of place in '{{ /* c */ }}'",
    "{{/* c }}": "'/' is out of place in '{{/* c }}'",
    "{{ $a, $b := 1 }}": "undefined variable $a",
    "{{ template }}": "{{template}} is not supported here",
}
# Prometheus parses these; they would fail or change their meaning when the alert fires, or are beyond this reader.
STRICTER = {
    "{{ template `x` }}": "{{template}} is not supported here",
    "{{ $x = 1 }}": "undefined variable $x",
    "{{ $value | }}": "a value is missing",
    "{{ " + "(" * 21 + "1" + ")" * 21 + " }}": "more than 20 parentheses inside one another",
}
PIECES = (
    *("{{", "}}", "{{-", "-}}", "{{- ", " -}}", " ", "\n", "/*", "*/", "(", ")", "|", ":=", "=", ",", ".", ".x", "$"),
    *("$x", "$labels", "$value", "$labels.job", '"a"', "`b`", "'c'", "1", "-1", "1.5", "08", "0x1f", ".5", "5.", "nil"),
    *("true", "if", "else", "end", "with", "range", "humanize", "printf", "eq", "query", '"}}"', '"\\q"', '"\\u00e9"'),
    *(
        "é",
        "text",
        "else if",
        "break",
        "$i, $e := ",
        "$x := ",
        "$x = ",
        "..",
        "-",
        ";",
        "''",
        "1i",
        "(.x).y",
        "foo.bar",
    ),
)
GOOD = [template for template in PASSES if "{{" in template]
mutated = st.builds(
    lambda good, pieces, at, cut: good[: at % len(good)] + "".join(pieces) + good[at % len(good) + cut :],
    st.sampled_from(GOOD),
    st.lists(st.sampled_from(PIECES), max_size=2),
    st.integers(0, 200),
    st.integers(0, 2),
)
composed = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map(lambda pieces: f"{{{{ {' '.join(pieces)} }}}}")


@pytest.mark.parametrize("promtool", refusals.PROMTOOLS)
def test_usual_templates_pass_here_and_there(promtool: str, tmp_path: Path) -> None:
    """Neither this reader nor promtool refuses a template of the table."""
    assert {text: problem for text in PASSES if (problem := gotemplate.problem(text))} == {}
    assert refusals.of_templates(promtool, PASSES, tmp_path) == {}


@pytest.mark.parametrize(("text", "problem"), [*REFUSED.items(), *STRICTER.items()])
def test_names_what_is_wrong(text: str, problem: str) -> None:
    """The first thing that Go would refuse is named."""
    assert gotemplate.problem(text) == problem


@pytest.mark.parametrize("promtool", refusals.PROMTOOLS)
def test_promtool_refuses_the_same(promtool: str, tmp_path: Path) -> None:
    """Every template of the table of refusals is one that promtool refuses."""
    refused = refusals.of_templates(promtool, list(REFUSED), tmp_path)
    assert [text for index, text in enumerate(REFUSED) if index not in refused] == []


@pytest.mark.parametrize("promtool", refusals.PROMTOOLS)
def test_every_function_is_known_to_prometheus(promtool: str, tmp_path: Path) -> None:
    """No function passes that a promtool does not know."""
    functions = sorted(gotemplate.FUNCTIONS)
    refused = refusals.of_templates(promtool, [f"{{{{ {name} }}}}" for name in functions], tmp_path)
    assert [functions[index] for index in refused] == []


@settings(max_examples=max(1, settings.default.max_examples // 100))
@given(st.lists(mutated | composed, min_size=400, max_size=400))
def test_what_passes_promtool_takes(tmp_path_factory: pytest.TempPathFactory, found: list[str]) -> None:
    """Of random and mutated templates, promtool takes all that this reader passes."""
    passed = [text for text in found if not gotemplate.problem(text)]
    refused = refusals.of_templates("promtool", passed, tmp_path_factory.getbasetemp())
    assert {passed[index]: why for index, why in refused.items()} == {}


@pytest.mark.parametrize("text", ["{{" * 16_000, "{{/*" * 8_000, "{{ (" * 8_000, "{{ `" * 8_000, "{{ a" * 8_000])
def test_time_grows_with_the_text_alone(text: str) -> None:
    """Thousands of braces that never close are refused at once."""
    started = time.process_time()
    assert gotemplate.problem(text)
    assert time.process_time() - started < 0.5


def test_length_is_bounded() -> None:
    """A text beyond the limit is refused whatever is in it."""
    assert gotemplate.problem("x" * (gotemplate.MAX_LENGTH + 1)) == "it is longer than 32768 characters"
