"""Asks the real promtool what rules record and fire over given series: values instead of a verdict.

Every question goes in as an expectation that cannot hold; promtool then prints what it got, to the last digit.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from alerts import rule_files
from slo.catalogue import Catalogue
from slo.load import load
from slo.rule import quoted
from slo.sloth_engine import Sloth
from tools import install

Vector = dict[frozenset[tuple[str, str]], float]
"""The value of each series, by its labels (`__name__` among them)."""

EVENTS = """
      events:
        error_query: sum(rate(requests_total{code="500"}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))"""
BOTH_PROMTOOLS = ("promtool", "promtool3")

_FAILED = re.compile(r"expr: \"(?:[^\"\\]|\\.)*\", time: .*?,\n\s+exp:.*\n\s+got: ?(.*)")
_SAMPLE = re.compile(r"(\{(?:[^\"{}]|\"(?:[^\"\\]|\\.)*\")*\}) (\S+?)(?:, (?=\{)|$)")
_LABEL = re.compile(r"([\w:.]+)=\"((?:[^\"\\]|\\.)*)\"")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|x([0-9a-f]{2})|(.))")
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def document(*slos: str, service: str = "shop", head: str = "") -> str:
    """A spec file with these SLOs."""
    return f"version: prometheus/v1\nservice: {service}\n{head}slos:\n" + "".join(slos)


def slo(
    name: str = "requests", sli: str = EVENTS, *, objective: str = "99.9", more: str = "", alerting: str = ""
) -> str:
    """One SLO as YAML. *more* are further keys of it, *alerting* of its alerting."""
    return f"""
  - name: {name}
    objective: {objective}
{more}    sli:{sli}
    alerting:
      name: Burning
{alerting}"""


def catalogue(text: str, folder: Path, name: str = "spec.yaml") -> Catalogue:
    """What *text* declares."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load([str(path)], plugins=True)


def rules_of(text: str, folder: Path, sloth: Sloth | None = None) -> str:
    """The rule file of one spec file."""
    found = catalogue(text, folder)
    (made,) = rule_files.build(found, frozenset({"rules", "alerts"}), sloth)
    return made.text


def sloth() -> Sloth:
    """The real one."""
    return Sloth(binary=_tool("sloth"))


def ask(
    rules: str | Iterable[str],
    series: Mapping[str, str],
    questions: Sequence[tuple[str, str]],
    *,
    sample: str = "15s",
    step: str = "1m",
    tool: str = "promtool",
) -> list[Vector]:
    """What each question, (time, expression), is answered, rules evaluated every *step* in the order of their groups.

    Args:    series: promtool's notation for the values, one every *sample*.
    """
    texts = [rules] if isinstance(rules, str) else [*rules]
    with tempfile.TemporaryDirectory() as folder:
        for index, text in enumerate(texts):
            Path(folder, f"rules{index}.yaml").write_text(text, encoding="utf-8")
        test = Path(folder, "test.yaml")
        test.write_text(_test(texts, series, questions, sample, step), encoding="utf-8")
        done = subprocess.run([_tool(tool), "test", "rules", test], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    answers = [_vector(got) for got in _FAILED.findall(said)]
    assert len(answers) == len(questions), said
    return answers


def value(vector: Vector) -> float:
    """The value of the only series."""
    assert len(vector) == 1, vector
    return next(iter(vector.values()))


def labels(vector: Vector) -> dict[str, str]:
    """The labels of the only series."""
    assert len(vector) == 1, vector
    return dict(next(iter(vector)))


def firing(alert: str = "Burning", severity: str = "page") -> str:
    """A query for the alert while it fires."""
    return f'ALERTS{{alertname="{alert}",alertstate="firing",sloth_severity="{severity}"}}'


def check(tool: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """promtool's strictest verdict on rule files."""
    command = [_tool(tool), "check", "rules", "--lint=all", "--lint-fatal", *paths]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _tool(name: str) -> Path:
    found = install.find(name)
    assert found is not None, f"{name} is not installed; make test installs it"
    return found


def _test(
    rules: Sequence[str], series: Mapping[str, str], questions: Sequence[tuple[str, str]], sample: str, step: str
) -> str:
    order = [group["name"] for text in rules for group in yaml.load(text, Loader=yaml.CSafeLoader)["groups"]]
    out = [f"evaluation_interval: {step}\nrule_files: [{', '.join(f'rules{i}.yaml' for i in range(len(rules)))}]\n"]
    out += ["group_eval_order:\n", *(f"  - {quoted(name)}\n" for name in order)]
    out.append(f"tests:\n  - interval: {sample}\n    input_series:\n")
    out += [f"      - series: {quoted(name)}\n        values: {quoted(values)}\n" for name, values in series.items()]
    out.append("    promql_expr_test:\n")
    for time, expr in questions:
        out.append(f"      - expr: {quoted(expr)}\n        eval_time: {time}\n")
        out.append("        exp_samples: [{labels: cannot_be, value: 0}]\n")
    return "".join(out)


def _vector(got: str) -> Vector:
    if got.strip() in ("", "nil"):
        return {}
    return {
        frozenset((name, _unescaped(text)) for name, text in _LABEL.findall(found)): float(number)
        for found, number in _SAMPLE.findall(got.strip())
    }


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1] or m[2] or m[3], 16)) if not m[4] else _SHORT.get(m[4], m[4]), text)


def counter(*phases: tuple[int, int], start: int = 0) -> str:
    """promtool's notation of a counter: (samples, growth at each) one after the other, the first sample before them.

    Whole numbers only: a sum of fractions may fall short of the next run's start, which reads as a reset.
    """
    at, out = start, [f"{start}"]
    for samples, growth in phases:
        out.append(f"{at + growth}+{growth}x{samples - 1}" if growth else f"{at}+0x{samples - 1}")
        at += samples * growth
    return " ".join(out)
