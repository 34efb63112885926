"""How single values of a spec are read, and what is said of wrong ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from slo import scalars
from slo.document import Plain
from slo.scalars import KeyFaults

NAME = "is not a name: two or more letters, digits, '-', '_' or '.', a letter or digit at both ends"
LABEL = "is not a label name: letters, digits and '_' only, no digit first"

READS: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (scalars.name, "a1", "a1"),
    (scalars.name, "A-b_c.9", "A-b_c.9"),
    (scalars.team, "", ""),
    (scalars.metric, "http_requests:rate5m", "http_requests:rate5m"),
    (scalars.selector, 'job="x"', 'job="x"'),
    (scalars.number, Plain("99.90"), Decimal("99.9")),
    (scalars.number, Plain("9.99e1"), Decimal("99.9")),
    (scalars.number, Plain("1_000"), Decimal(1000)),
    (scalars.number, Plain(".5"), Decimal("0.5")),
    (scalars.number, Plain("-3"), Decimal(-3)),
    (scalars.count, Plain("0"), 0),
    (scalars.count, Plain("3.0"), 3),
    (scalars.count, Plain("1e6"), 1_000_000),
    (scalars.seconds, Plain("0.25"), Decimal("0.25")),
    (scalars.objective, Decimal("99.90"), Decimal("99.9")),
    (scalars.objective, Decimal("0.0000000001"), Decimal("1e-10")),
    (scalars.objective, Decimal("99.9999999999"), Decimal("99.9999999999")),
    (scalars.switch, True, True),
    (scalars.switch, Plain("yes"), True),
    (scalars.switch, Plain("On"), True),
    (scalars.switch, Plain("FALSE"), False),
    (scalars.duration_seconds, "10m", 600),
    (scalars.duration_seconds, "1w", 604_800),
    (scalars.duration_seconds, Plain("0"), 0),
    (scalars.period_days, "30d", 30),
    (scalars.period_days, "4w", 28),
    (scalars.period_days, "24h", 1),
    (scalars.period_days, "90d", 90),
    (scalars.text_map, {"a": None, "b": "c"}, {"a": "", "b": "c"}),
    (
        scalars.labels,
        {"a": Plain("1.10"), "_b9": "x", "c": True, "d": False},
        {"a": "1.10", "_b9": "x", "c": "true", "d": "false"},
    ),
    (scalars.alert_labels, {"a": "{{ $value }}"}, {"a": "{{ $value }}"}),
    (
        scalars.alert_annotations,
        {"sloth_x": "{{ $labels.job }}", "__y": "z"},
        {"sloth_x": "{{ $labels.job }}", "__y": "z"},
    ),
]
REFUSES: list[tuple[Callable[[Any], Any], Any, str]] = [
    (scalars.name, "a", f"'a' {NAME}"),
    (scalars.name, "", f"'' {NAME}"),
    (scalars.name, "-ab", f"'-ab' {NAME}"),
    (scalars.name, "a b", f"'a b' {NAME}"),
    (scalars.name, "ab\n", f"'ab\\n' {NAME}"),
    (scalars.name, "größe", f"'größe' {NAME}"),
    (scalars.team, "a b", f"'a b' {NAME}"),
    (scalars.metric, "a-b", "'a-b' is not a metric name: letters, digits, '_' and ':' only, no digit first"),
    (scalars.selector, "job", "'job' is not PromQL: "),
    (scalars.number, "99.9", "expected a number, got the text '99.9'"),
    (scalars.number, Plain("0x10"), "0x10 is not a decimal number"),
    (scalars.number, Plain("yes"), "yes is not a decimal number"),
    (scalars.number, None, "expected a number, got nothing"),
    (scalars.number, {}, "expected a number, got a mapping"),
    (scalars.number, [], "expected a number, got a list"),
    (scalars.number, True, "expected a number, got true"),
    (scalars.number, Plain("1e999999"), "1e999999 is out of range"),
    (scalars.number, Plain("1e-13"), "1e-13 is out of range"),
    (scalars.count, Plain("-1"), "-1 is not a whole number from 0 to 1000000"),
    (scalars.count, Plain("1.5"), "1.5 is not a whole number from 0 to 1000000"),
    (scalars.count, Plain("NaN"), "NaN is not a whole number from 0 to 1000000"),
    (scalars.seconds, Plain("0"), "0 is not a positive number of seconds"),
    (scalars.seconds, Plain("NaN"), "NaN is not a positive number of seconds"),
    (scalars.objective, Decimal(100), "100 is not in (0, 100); 100 leaves no error budget"),
    (scalars.objective, Decimal(0), "0 is not in (0, 100)"),
    (scalars.objective, Decimal("100.1"), "100.1 is not in (0, 100)"),
    (scalars.objective, Decimal("NaN"), "NaN is not in (0, 100)"),
    (scalars.objective, Decimal("Infinity"), "Infinity is not in (0, 100)"),
    (scalars.objective, Decimal("99.99999999999"), "99.99999999999 has more than 10 digits behind the point;"),
    (scalars.switch, "true", "expected true or false, got the text 'true'"),
    (scalars.switch, Plain("1"), "expected true or false, got '1'"),
    (scalars.duration_seconds, "soon", "'soon' is not a duration such as 10m or 1h (0 turns it off)"),
    (scalars.duration_seconds, "0m", "'0m' is not a duration"),
    (scalars.duration_seconds, "٣m", "'٣m' is not a duration"),
    (scalars.duration_seconds, "1h30m", "'1h30m' is not a duration"),
    (scalars.duration_seconds, Plain("10"), "'10' is not a duration"),
    (scalars.period_days, "0d", "'0d' is not a period of whole days from 1d to 90d"),
    (scalars.period_days, "91d", "'91d' is not a period"),
    (scalars.period_days, "12h", "'12h' is not a period"),
    (scalars.period_days, "1000000000d", "'1000000000d' is not a period"),
    (scalars.period_days, Plain("30"), "'30' is not a period of whole days from 1d to 90d; did you mean 30d?"),
    (scalars.period_days, "90", "'90' is not a period of whole days from 1d to 90d; did you mean 90d?"),
]
KEY_FAULTS: list[tuple[Callable[[Any], Any], dict[str, Any], tuple[str, str, bool]]] = [
    (scalars.labels, {"a-b": "x"}, ("a-b", f"{LABEL}; did you mean 'a_b'?", True)),
    (scalars.labels, {"9a": "x"}, ("9a", LABEL, True)),
    (scalars.labels, {"é": "x"}, ("é", LABEL, True)),
    (scalars.labels, {"sloth_id": "x"}, ("sloth_id", "is reserved; choose a label that does not start with", True)),
    (scalars.labels, {"__name__": "x"}, ("__name__", "is reserved; choose a label that does not start with", True)),
    (scalars.labels, {"a": ""}, ("a", "is empty; give it a value or leave it out", False)),
    (scalars.labels, {"a": None}, ("a", "is empty; give it a value or leave it out", False)),
    (scalars.labels, {"a": ["x"]}, ("a", "expected text, got a list", False)),
    (scalars.labels, {"a": {}}, ("a", "expected text, got a mapping", False)),
    (scalars.labels, {"a": "{{ $value }}"}, ("a", "holds a template, but labels of an SLO are plain text", False)),
    (scalars.labels, {"a": "x" * 32_769}, ("a", "is longer than 32768 characters", False)),
    (scalars.alert_labels, {"sloth_window": "x"}, ("sloth_window", "is reserved", True)),
    (scalars.alert_labels, {"a": "{{ $x }}"}, ("a", "is not a template that Prometheus can read: undefined", False)),
    (scalars.alert_annotations, {"a-b": "x"}, ("a-b", "is not an annotation name: letters", True)),
    (scalars.alert_annotations, {"a": "{{"}, ("a", "is not a template that Prometheus can read: '{{' is not", False)),
    (scalars.alert_annotations, {"a": ""}, ("a", "is empty; give it a value or leave it out", False)),
]


@pytest.mark.parametrize(("reader", "value", "expected"), READS)
def test_reads(reader: Callable[[Any], Any], value: Any, expected: Any) -> None:
    """What is right is read, exactly."""
    found = reader(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("reader", "value", "message"), REFUSES)
def test_refuses(reader: Callable[[Any], Any], value: Any, message: str) -> None:
    """What is wrong is named with what was expected."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        reader(value)


@pytest.mark.parametrize(("reader", "value", "fault"), KEY_FAULTS)
def test_refuses_an_entry(reader: Callable[[Any], Any], value: Any, fault: tuple[str, str, bool]) -> None:
    """A wrong entry of a mapping is told with its key, and whether key or value is meant."""
    with pytest.raises(KeyFaults) as refused:
        reader(value)
    [(key, message, at_key)] = refused.value.found
    assert (key, at_key) == (fault[0], fault[2])
    assert message.startswith(fault[1])


def test_every_entry_is_looked_at() -> None:
    """Three wrong labels are three faults."""
    with pytest.raises(KeyFaults) as refused:
        scalars.labels({"a-b": "x", "c": "", "sloth_id": "y", "fine": "z"})
    assert [key for key, _, _ in refused.value.found] == ["a-b", "c", "sloth_id"]


@pytest.mark.parametrize(
    ("text", "expected"), [("yes", True), ("off", False), ("3", 3), ("1.5", 1.5), (".inf", ".inf"), ("0x10", "0x10")]
)
def test_typed(text: str, expected: Any) -> None:
    """A setting of unknown type becomes what YAML means by it."""
    assert scalars.typed(Plain(text)) == expected
