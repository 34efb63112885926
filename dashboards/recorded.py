"""Puts recorded series where a query would sum the same raw ones anew at each of its points.

A query says what it wants of raw metrics; what slo/request_records.py keeps is read in their place where that is the
same number, and nothing else is changed. Exemplars stand with raw series alone: a query that shows them names these.
"""

from __future__ import annotations

import re

from slo.request_records import RECORDS, WINDOW, RequestRecord

RATE = f"[{WINDOW}]"
"""The window of what is recorded: for queries that are to read it."""
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SUM = re.compile(
    rf'sum(?P<by> by \((?P<kept>[\w, ]*)\) | ?)\(rate\((?P<metric>\w+)\{{(?P<matchers>(?:[^{{}}"]|{_QUOTED})*)\}}'
    rf"\[{WINDOW}\]\)\)(?!\s*(?:by|without)\b)"
)
_MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({_QUOTED})")
# The cheapest first.
_BY_LABELS = sorted(RECORDS, key=lambda record: len(record.labels))


def read(expression: str) -> str:
    """*expression*, with the recorded series in place of each sum of rates that they hold."""
    return _SUM.sub(_replaced, expression)


def _replaced(match: re.Match[str]) -> str:
    matchers = {(label, operator, value) for label, operator, value in _MATCHER.findall(match["matchers"])}
    asked = {*re.findall(r"\w+", match["kept"] or ""), *(label for label, _, _ in matchers)}
    for record in _BY_LABELS:
        if record.metric == match["metric"] and _holds(record, asked, matchers):
            return f"sum{match['by']}({record.name}{{{match['matchers']}}})"
    return match[0]


def _holds(record: RequestRecord, asked: set[str], matchers: set[tuple[str, str, str]]) -> bool:
    """Whether *record* tells apart all that is *asked* for, and counts whom the *matchers* choose."""
    own = {(label, "=", f'"{value}"') for label, value in record.own_labels}
    return own <= matchers and asked <= {*record.kept, *(label for label, _ in record.own_labels)}


def with_exemplars(expression: str, series: str) -> str:
    """*expression*, and by name the raw *series* whose exemplars Grafana is to show beside it.

    Grafana asks Prometheus for the exemplars of all series that a query names. Here, that costs next to nothing: one
    millisecond is read, once for the whole time range, and what it may hold is no count below 0.
    """
    return f"{expression} or count_over_time({series}[1ms] @ end()) < 0"
