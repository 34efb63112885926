"""Counts in drawn series what each SLO's own queries would count: bad events and all events, minute by minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from local.past.draw import Floats, Series
from slo import event_series
from slo.catalogue import Catalogue
from slo.model import Events, Slo
from slo.query import Query


@dataclass(frozen=True, slots=True)
class Counted:
    """Events of one SLO in each minute."""

    bad: Floats
    total: Floats

    @staticmethod
    def joined(parts: Sequence[Counted]) -> Counted:
        """Several stretches of time, one after the other."""
        return Counted(np.concatenate([part.bad for part in parts]), np.concatenate([part.total for part in parts]))


def countable(catalogue: Catalogue) -> tuple[list[Slo], list[str]]:
    """The SLOs whose events can be counted here, and the ids of those whose queries do more than add rates up to one
    number.
    """
    found: list[Slo] = []
    others: list[str] = []
    for slo in (slo for file in catalogue.files for slo in file.slos):
        if isinstance(slo.sli, Events) and slo.sli.total.labels == frozenset() and _is_sum(slo.sli):
            found.append(slo)
        else:
            others.append(slo.id)
    return found, others


def _is_sum(sli: Events) -> bool:
    return bool(event_series.leaves(sli.bad) and event_series.leaves(sli.total))


def count(slo: Slo, series: Iterable[Series]) -> Counted:
    """The events of *slo*, whose queries read *series*."""
    assert isinstance(slo.sli, Events)
    known = list(series)
    return Counted(_weighed(slo.sli.bad, known), _weighed(slo.sli.total, known))


def _weighed(query: Query, series: Sequence[Series]) -> Floats:
    found = np.zeros(len(series[0].growth))
    for leaf in event_series.leaves(query):
        for each in series:
            if each.name == leaf.name and leaf.matches((each.name, (("job", each.job), *each.labels))):
                found += leaf.weight * each.growth
    return found
