"""The unit-test files of promtool as data, and as the YAML that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slo import promql
from slo.model import Pairs
from slo.rule import quoted
from slo.windows import spell


@dataclass(frozen=True, slots=True)
class Check:
    """What *expr* must answer `at_seconds` after the start: (labels, value) of each sample."""

    at_seconds: int
    expr: str
    samples: tuple[tuple[Pairs, float], ...]


@dataclass(frozen=True, slots=True)
class AlertCheck:
    """Exactly which alerts called *alert* fire `at_seconds` after the start: (labels, annotations) of each."""

    at_seconds: int
    alert: str
    firing: tuple[tuple[Pairs, Pairs], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One course of input series, (series, values) every `sample_seconds`, and what must follow from it.

    `notes` name the SLOs that it is about, and what was predicted for them.
    """

    name: str
    notes: tuple[str, ...]
    sample_seconds: int
    inputs: tuple[tuple[str, str], ...]
    checks: tuple[Check, ...]
    alerts: tuple[AlertCheck, ...] = ()


def samples_equal(at_seconds: int, expr: str, value: float) -> Check:
    """A check that *expr* answers one number without labels."""
    return Check(at_seconds, expr, (((), value),))


def merged(cases: Iterable[Case]) -> Iterator[Case]:
    """Cases of one name and pace as one, in order of their first; their inputs must not meet."""
    together: dict[tuple[str, int], Case] = {}
    for case in cases:
        key = (case.name, case.sample_seconds)
        known = together.get(key)
        together[key] = (
            case
            if known is None
            else Case(
                case.name,
                known.notes + case.notes,
                case.sample_seconds,
                known.inputs + case.inputs,
                known.checks + case.checks,
                known.alerts + case.alerts,
            )
        )
    yield from together.values()


def to_yaml(rule_file: str, step_seconds: int, order: Iterable[str], cases: Iterable[Case]) -> str:
    """A test file. *order* is that of the groups: promtool would otherwise shuffle them."""
    out = [f"rule_files:\n  - {quoted(rule_file)}\nevaluation_interval: {spell(step_seconds)}\ngroup_eval_order:\n"]
    out += [f"  - {quoted(name)}\n" for name in order]
    out.append("tests:\n")
    for case in cases:
        out += [f"  # {note}\n" for note in case.notes]
        out.append(f"  - name: {quoted(case.name)}\n    interval: {spell(case.sample_seconds)}\n    input_series:\n")
        for series, values in case.inputs:
            out.append(f"      - series: {quoted(series)}\n        values: {quoted(values)}\n")
        _write_checks(case.checks, out)
        _write_alerts(case.alerts, out)
    return "".join(out)


def _write_checks(checks: tuple[Check, ...], out: list[str]) -> None:
    if checks:
        out.append("    promql_expr_test:\n")
    for check in checks:
        out.append(f"      - expr: {quoted(check.expr)}\n        eval_time: {spell(check.at_seconds)}\n")
        out.append("        exp_samples:\n")
        for labels, value in check.samples:
            out.append(f"          - labels: {quoted(_labels(labels))}\n            value: {promql.number(value)}\n")


def _write_alerts(checks: tuple[AlertCheck, ...], out: list[str]) -> None:
    if checks:
        out.append("    alert_rule_test:\n")
    for check in checks:
        at = spell(check.at_seconds) if check.at_seconds else "0s"
        out.append(f"      - alertname: {quoted(check.alert)}\n        eval_time: {at}\n")
        out.append("        exp_alerts:\n" if check.firing else "        exp_alerts: []\n")
        for labels, texts in check.firing:
            out.append(f"          - exp_labels: {_mapping(labels)}\n            exp_annotations: {_mapping(texts)}\n")


def _mapping(values: Pairs) -> str:
    return "{" + ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in values) + "}"


def _labels(labels: Pairs) -> str:
    """`NAME{a="b"}` as promtool expects it."""
    name = dict(labels).get("__name__", "")
    return name + promql.matchers(pair for pair in labels if pair[0] != "__name__")
