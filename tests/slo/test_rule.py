"""slo.rule: rules become YAML that every reader takes for what they are."""

import subprocess

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo import promql
from slo.model import pairs
from slo.rule import Alert, Group, Record, quoted, to_yaml
from tests.slo import nasty
from tests.slo.answers import BOTH_PROMTOOLS
from tools import install

texts = st.one_of(st.sampled_from(nasty.texts(400)), st.text(st.characters(exclude_categories=["Cs"])))
WORDS = ["on", "off", "yes", "no", "y", "N", "null", "true", "_", "sloth_id", "a9"]
maps = st.dictionaries(st.sampled_from(WORDS), texts, max_size=2).map(pairs)
records = st.builds(Record, texts, texts, maps)
alerts = st.builds(Alert, texts, texts, maps, maps, st.integers(0, 10**6))
groups = st.builds(Group, texts, st.integers(0, 10**6), st.tuples(records, alerts))


def _plain(rule: Record | Alert) -> dict[str, object]:
    """What a reader should see, but for the delay."""
    out: dict[str, object] = {"record" if isinstance(rule, Record) else "alert": rule.name, "expr": rule.expr}
    for key in ("labels", "annotations"):
        if values := dict(getattr(rule, key, ())):
            out[key] = values
    return out


@given(groups)
def test_what_is_written_is_read_back(group):
    """Every text is the same text again, never a number, a date or a null, and nothing leaves its place."""
    text = to_yaml([group])
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        (found,) = yaml.load(text, Loader=loader)["groups"]
        assert found["name"] == group.name
        assert ("interval" in found) == bool(group.interval_seconds)
        delay = found["rules"][1].pop("for", None)
        assert (delay is None) == (group.rules[1].for_seconds == 0)
        assert found["rules"] == [_plain(rule) for rule in group.rules]
    # Line ends of one kind, and nothing that an editor would take for one.
    assert text.endswith("\n")
    assert not set(text) & {"\t", "\r", "\x85", "\u2028", "\u2029", "\ufeff"}


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_prometheus_reads_every_label_as_it_was(tool, tmp_path):
    """Hundreds of records in one file, each with a text that YAML gets wrong, compared inside promtool."""
    samples = [text for text in nasty.texts(400) if text]
    rules = [Record("r", f"vector({n})", pairs({"n": str(n), "a": text})) for n, text in enumerate(samples)]
    rules += [Record("named", "vector(1)", ((name, name),)) for name in WORDS]
    (tmp_path / "rules.yaml").write_text(to_yaml([Group("all: #1", 30, tuple(rules))]), encoding="utf-8")
    asked = [
        {
            "expr": f'r{{n="{n}"}}',
            "eval_time": "0s",
            "exp_samples": [{"labels": "r" + promql.matchers((("a", text), ("n", str(n)))), "value": n}],
        }
        for n, text in enumerate(samples)
    ]
    named = [{"labels": f'named{{{name}="{name}"}}', "value": 1} for name in WORDS]
    asked.append({"expr": "named", "eval_time": "0s", "exp_samples": named})
    test = {"rule_files": ["rules.yaml"], "tests": [{"interval": "1m", "promql_expr_test": asked}]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test), encoding="utf-8")
    command = [install.find(tool), "test", "rules", tmp_path / "test.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("page", "page"),
        ("slo:sli_error:ratio_rate5m", "slo:sli_error:ratio_rate5m"),
        ("myorg/my-service", "myorg/my-service"),
        ("no", '"no"'),
        ("True", '"True"'),
        ("99.9", '"99.9"'),
        ("5m", '"5m"'),
        ("~", '"~"'),
        ("a: b", '"a: b"'),
        ("", '""'),
        ("tab\there", '"tab\\there"'),
    ],
)
def test_words_stand_bare_and_all_else_is_quoted(text, written):
    """A file that people can read, in which nothing is ever anything but text."""
    assert f"  - name: {written}\n" in to_yaml([Group(text, 0, ())])


def test_durations_are_left_out_where_they_say_nothing():
    """No interval of 0, no `for` of 0."""
    text = to_yaml([Group("g", 0, (Alert("a", "up", (), ()),)), Group("h", 90, (Alert("b", "up", (), (), 600),))])
    assert text == (
        "groups:\n  - name: g\n    rules:\n      - alert: a\n        expr: |-\n          up\n"
        "  - name: h\n    interval: 1m30s\n    rules:\n      - alert: b\n        expr: |-\n          up\n"
        "        for: 10m\n"
    )


@given(texts)
def test_a_quoted_scalar_is_on_one_line(text):
    """Whatever is in it."""
    assert "\n" not in quoted(text)
    assert yaml.load(quoted(text), Loader=yaml.CSafeLoader) == text
