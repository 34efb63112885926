"""Specs by chance: valid ones, ones with single wrong values, and texts with something broken in them."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import strategies as st

from slo.promql import quote
from tests.slo import nasty

W = "{{.window}}"
NASTY = [text for text in nasty.texts(400) if text.encode(errors="ignore").decode() == text]

texts = st.sampled_from(NASTY) | st.text(max_size=12)
plain_texts = texts.map(lambda text: text.replace("{{", "{ {") or "x")
metrics = st.sampled_from(["requests_total", "job:errors:rate", "by", "x"])
matchers = st.builds(
    lambda name, op, value: f"{name}{op}{quote(value)}", st.sampled_from("abc"), st.sampled_from(["=", "!="]), texts
)
regexes = st.sampled_from(['a=~"5..|429"', 'a!~"(?i)x+"', "a=~'[0-9]{1,3}'", "a=~`\\d.*`", 'a=~"a{2,}?"'])


def _selector(metric: str, inside: list[str]) -> str:
    return f"{metric}{{{','.join([*inside, 'z!=' + quote('-')])}}}"


selectors = st.builds(_selector, metrics, st.lists(matchers | regexes, max_size=3))
COUNTS = (  # one form for bad and total: their labels then match
    "sum(rate({}[{{{{.window}}}}]))",
    "sum by (zone, host) (increase({}[{{{{ .window }}}}] offset 1m))",
    "sum(rate({}[{{{{- .window -}}}}])) - (sum(irate({}[{{{{.window}}}}])) or vector(0))",
    "  sum_over_time((count({} < 0.75))[{{{{.window}}}}:]) OR on() vector(0) # why\n",
    "avg_over_time({}[{{{{.window}}}}]) > bool 0.5",
    "histogram_quantile(0.9, sum by (le) (rate({}[{{{{.window}}}}])))",
    "first_over_time({}[{{{{.window}}}}])",
    "scalar(rate({}[{{{{.window}}}}])) * 60",
)


def _counts(form: str, inside: list[str]) -> list[str]:
    return [form.format(one, one) for one in inside]


pairs = st.builds(_counts, st.sampled_from(COUNTS), st.lists(selectors, min_size=2, max_size=2))
counts = pairs.map(lambda pair: pair[0])
wrong_queries = st.sampled_from(
    [
        "",
        "up",
        f"x[{W}]",
        f'"{W}"',
        f"sum(rate(x[{W}])",
        f"limitk(1, rate(x[{W}]))",
        f'rate(x{{a=~"("}}[{W}])',
        f"a {W} b",
    ]
)
templates = st.sampled_from(
    ["{{ $value | humanize }}", "{{ if $labels.a }}a{{ else }}b{{ end }}", '{{ printf "%.2f" $value }}', "{{/* c */}}x"]
)
wrong_templates = st.sampled_from(["{{", "{{ $nope }}", "{{ end }}", "{{ $value | 1 }}", "{{ humanise 1 }}"])
names = st.sampled_from(["orders", "a1", "x-y_z.9", "A0", "aa-b", "aa", "b-c1", "c1"])
wrong_names = st.sampled_from(["", "a", "-ab", "a b", "größe", "a\n", "{{x}}"])
label_names = st.sampled_from(
    ["tier", "owner", "_x9", "cluster", "namespace", "service", "slo", "severity", "team", "le"]
)
wrong_label_names = st.sampled_from(["sloth_id", "__name__", "my-team", "9a", "", "é"])
objectives = st.sampled_from([99.9, 99, 50, 99.999, 1, 0.1, 99.95])
wrong_objectives = st.sampled_from([0, 100, -1, 101, "99.9", True, None, [], float("inf"), 1e-99])
windows = st.sampled_from(["30d", "28d", "7d", "1d", "4w", "90d", "13d", "3d", "24h"])
wrong_windows = st.sampled_from(["0d", "91d", 30, "1.5d", "P30D", "12h"])
junk = st.sampled_from([None, True, 3, 1.5, "x", [], {}, ["x"], {"x": "y"}])


def _mostly(right: st.SearchStrategy[Any], *wrong: st.SearchStrategy[Any], faulty: bool) -> st.SearchStrategy[Any]:
    """Wrong once in twenty times; `one_of` would give each branch of *right* a share of its own."""
    return st.integers(0, 19).flatmap(lambda chance: st.one_of(*wrong) if chance == 19 else right) if faulty else right


def _mapping(required: dict[str, Any], optional: dict[str, Any], *, faulty: bool) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping; now and then one that lacks a key or has one too many."""
    right = st.fixed_dictionaries(required, optional=optional)
    if not faulty:
        return right
    lacks = st.builds(
        lambda value, key: {k: v for k, v in value.items() if k != key}, right, st.sampled_from([*required, *optional])
    )
    extra = st.builds(
        lambda value, key, more: {**value, key: more}, right, st.sampled_from(["labls", "disabled", "x"]), junk
    )
    return _mostly(right, lacks, extra, faulty=True)


def _labels(values: st.SearchStrategy[str], *, faulty: bool) -> st.SearchStrategy[Any]:
    keys = _mostly(label_names, wrong_label_names, faulty=faulty)
    return st.dictionaries(keys, _mostly(values, texts, junk, faulty=faulty), max_size=3)


def _slo(*, faulty: bool) -> st.SearchStrategy[dict[str, Any]]:
    plain, template = (_labels(values, faulty=faulty) for values in (plain_texts, plain_texts | templates))
    annotations = _labels(_mostly(plain_texts | templates, wrong_templates, faulty=faulty), faulty=faulty)
    query = _mostly(counts, wrong_queries, junk, faulty=faulty)
    events = _mostly(
        pairs.map(lambda pair: {"error_query": pair[0], "total_query": pair[1]}),
        _mapping({"error_query": query, "total_query": query}, {}, faulty=faulty),
        faulty=faulty,
    )
    latency = st.fixed_dictionaries(
        {"histogram": st.just("d_seconds"), "below": st.sampled_from([0.25, 1, 2.0, 10])},
        optional={"selector": st.sampled_from(['job="x"', 'job="x",', "", "a=~'b'"])},
    )
    sli = st.one_of(
        st.builds(lambda value: {"events": value}, events),
        st.builds(lambda value: {"raw": {"error_ratio_query": value}}, query),
        st.builds(lambda value: {"latency": value}, latency),
    )
    notice = _mapping({}, {"disable": st.booleans(), "labels": template, "annotations": annotations}, faulty=faulty)
    alerting = _mapping(
        {"name": _mostly(st.sampled_from(["Orders", "A B", "é: 'x'", '"']), junk, faulty=faulty)},
        {
            "labels": template,
            "annotations": annotations,
            "page_alert": notice,
            "ticket_alert": notice,
            "min_failures": _mostly(st.integers(0, 9), junk, faulty=faulty),
            "absent_after": _mostly(st.sampled_from(["10m", 0, "1h", "30s", "2d"]), junk, faulty=faulty),
        },
        faulty=faulty,
    )
    return _mapping(
        {
            "name": _mostly(names, wrong_names, junk, faulty=faulty),
            "objective": _mostly(objectives, wrong_objectives, faulty=faulty),
            "sli": _mostly(sli, junk, faulty=faulty),
            "alerting": _mostly(alerting, junk, faulty=faulty),
        },
        {
            "description": texts,
            "labels": plain,
            "window": _mostly(windows, wrong_windows, faulty=faulty),
            "journey": st.just("browse"),
        },
        faulty=faulty,
    )


def _named_apart(slos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({str(slo.get("name")): slo for slo in slos}.values())


def _document(*, faulty: bool) -> st.SearchStrategy[dict[str, Any]]:
    kpi = st.fixed_dictionaries(
        {
            "name": names,
            "title": texts,
            "query": counts,
            "unit": st.just("EUR"),
            "better": st.sampled_from(["higher", "lower"]),
        }
    )
    return _mapping(
        {
            "version": _mostly(st.just("prometheus/v1"), junk, faulty=faulty),
            "service": _mostly(names, wrong_names, junk, faulty=faulty),
            "slos": _mostly(
                st.lists(_slo(faulty=faulty), min_size=1, max_size=2).map(_named_apart),
                junk,
                faulty=faulty,
            ),
        },
        {
            "labels": _labels(plain_texts, faulty=faulty),
            "depends_on": st.lists(names, max_size=2),
            "kpis": st.lists(kpi, max_size=1),
        },
        faulty=faulty,
    )


def _camel(value: Any) -> Any:
    """The keys of a CRD; those of labels and annotations are the author's own."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    own = ("labels", "annotations")
    return {_camel_key(key): item if key in own else _camel(item) for key, item in value.items()}


def _camel_key(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _as_crd(document: dict[str, Any]) -> dict[str, Any]:
    inside = {key: item for key, item in document.items() if key != "version"}
    return {"apiVersion": "sloth.slok.dev/v1", "kind": "PrometheusServiceLevel", "spec": _camel(inside)}


def _as_yaml(documents: list[dict[str, Any]], flow: bool, ascii_only: bool) -> str:
    return yaml.safe_dump_all(documents, default_flow_style=flow, allow_unicode=not ascii_only, sort_keys=False)


def _spelt(document: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[str]:
    either = document | st.builds(_as_crd, document)
    return st.one_of(
        st.builds(_as_yaml, st.lists(either, min_size=1, max_size=3), st.booleans(), st.booleans()),
        st.builds(lambda value, indent: json.dumps(value, indent=indent), either, st.sampled_from([None, "\t"])),
    )


INSERTED = [
    *"\t\n:-{}[]&*!|>'\"#%@`,\\ ",
    "\n- ",
    ": ",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!int ",
    "---\n",
    "\x00",
    "\u2028",
    "é",
    "{{",
    W,
    "0x1f",
]


def _broken(text: str, changes: list[tuple[int, int, str]]) -> str:
    for at, cut, inserted in changes:
        start = at % (len(text) + 1)
        text = text[:start] + inserted + text[start + cut :]
    return text


_VALID, _FAULTY = _spelt(_document(faulty=False)), _spelt(_document(faulty=True))
_BROKEN = st.builds(
    _broken,
    _VALID,
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.sampled_from(["", *INSERTED])), min_size=1, max_size=3
    ),
)


@st.composite
def specs(draw: st.DrawFn) -> str:
    """The text of a spec: half of them valid, a quarter with wrong values, a quarter with broken text."""
    return draw(draw(st.sampled_from([_VALID, _VALID, _FAULTY, _BROKEN])))
