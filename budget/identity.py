"""Which SLO, and which copy of it, a series speaks of: told by the labels that identify it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from budget.answers import Sample
from slo import conventions

# An SLO's identity: the three ids, and what tells its copies apart. Hashable, and readable in a test.
Key = tuple[tuple[str, str], ...]

_NAMES = (*conventions.ID_LABELS, *conventions.IDENTITY_LABELS)


def key_of(labels: Mapping[str, str]) -> Key:
    """*labels*' identity."""
    return tuple((name, labels[name]) for name in _NAMES if labels.get(name))


def same_slo(key: Key, other: Key) -> bool:
    """Whether both name one SLO: neither says more than the other but where the other is silent."""
    return set(key) <= set(other) or set(other) <= set(key)


def of_slo(key: Key, samples: Iterable[Sample]) -> list[Sample]:
    """What speaks of *key*: its own samples, else those that carry fewer labels or more.

    Constants carry fewer than a query that is grouped by cluster.
    """
    known = [(key_of(sample.labels), sample) for sample in samples]
    exact = [sample for other, sample in known if other == key]
    return exact or [sample for other, sample in known if same_slo(key, other)]
