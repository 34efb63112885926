"""promtool tests of the records of requests: each keeps its labels, sums over all others, and counts users alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from slo import conventions as names
from slo import promql, promtool
from slo.model import Pairs, pairs
from slo.promtool import Case, Check
from slo.request_records import INTERVAL_SECONDS, RECORDS, STEM, USERS, RequestRecord
from slo.windows import MINUTE

GROWTH = f"1000+{INTERVAL_SECONDS}x20"
"""One event a second of each series."""
AT_SECONDS = 10 * MINUTE
SUMMED = "instance"
"""A label that no record keeps."""


def text() -> str:
    """The test file."""
    metrics = dict.fromkeys(record.metric for record in RECORDS)
    cases = (_case(metric, [record for record in RECORDS if record.metric == metric]) for metric in metrics)
    return promtool.to_yaml(f"../rules/{STEM}.yaml", INTERVAL_SECONDS, (names.REQUESTS_GROUP,), cases)


def _case(metric: str, records: list[RequestRecord]) -> Case:
    """Series that differ from the first in one label each."""
    kept = tuple(dict.fromkeys(label for record in records for label in record.kept))
    users = records[0].users
    first = {label: _value(label, "1") for label in (*kept, SUMMED)} | (dict(USERS) if users else {})
    rows = [first, *({**first, label: _value(label, "2")} for label in (*kept, SUMMED))]
    others = [{**first, label: "probe"} for label, _ in USERS if users]
    inputs = tuple((metric + promql.matchers(pairs(row)), GROWTH) for row in (*rows, *others))
    checks = tuple(_check(record, rows) for record in records)
    title = f"{metric}: what is not kept is summed{', of users alone' if users else ''}"
    return Case(title, tuple(record.name for record in records), INTERVAL_SECONDS, inputs, checks)


def _value(label: str, sign: str) -> str:
    """A bucket's bound must be a number; of anything else, the name says what it is."""
    return sign if label == "le" else f"{label}-{sign}"


def _check(record: RequestRecord, rows: list[dict[str, str]]) -> Check:
    counted = Counter(pairs(record.own_labels, _kept(record, row)) for row in rows)
    return Check(AT_SECONDS, f"round({record.name}, 0.001)", tuple(_samples(counted)))


def _kept(record: RequestRecord, row: dict[str, str]) -> Pairs:
    return tuple((label, row[label]) for label in record.kept)


def _samples(counted: Counter[Pairs]) -> Iterator[tuple[Pairs, float]]:
    for labels, count in sorted(counted.items()):
        yield labels, float(count)
