"""What the rules of requests would have recorded: rates of what was drawn, summed as slo/request_records.py says.

What the past does not draw, such as statements and calls, has no record in it either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from local.past.draw import Floats, Labels, Series
from local.past.over_time import last
from local.past.records import Recorded
from local.past.timeline import MINUTE
from slo.model import pairs
from slo.request_records import RECORDS, WINDOW
from slo.windows import read_seconds

WINDOW_MINUTES = read_seconds(WINDOW) // MINUTE
_ROUTE = "http_route"
_Grown = Mapping[tuple[str, Labels], Floats]


def recorded(drawn: Iterable[Series], before: Iterable[Series], *, routes: bool) -> Iterator[Recorded]:
    """Every record at each minute of what was *drawn*, which follows on what was drawn *before*, if anything was.

    Args:    routes: also those that tell routes apart: many, and the raw ones reach back for days alone.
    """
    earlier = _grown(before, routes=routes)
    nothing = np.zeros(WINDOW_MINUTES)
    for (name, labels), growth in _grown(drawn, routes=routes).items():
        whole = np.concatenate((earlier.get((name, labels), nothing)[-WINDOW_MINUTES:], growth))
        yield Recorded(name, labels, last(whole, WINDOW_MINUTES)[WINDOW_MINUTES:] / (WINDOW_MINUTES * MINUTE))


def _grown(series: Iterable[Series], *, routes: bool) -> _Grown:
    """By how much what each record sums grew in each minute."""
    found: dict[tuple[str, Labels], Floats] = {}
    records = [record for record in RECORDS if routes or _ROUTE not in record.labels]
    for each in series:
        labels = {"job": each.job, **dict(each.labels)}
        for record in records:
            if each.name == record.metric and set(record.own_labels) <= labels.items():
                kept = {label: labels[label] for label in record.kept if label in labels}
                key = (record.name, pairs(kept, record.own_labels))
                found[key] = found[key] + each.growth if key in found else each.growth
    return found
