"""What a change of an SLO would have cost in pages: the backtest that `./generate.py diff --backtest` adds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from budget import backtest_run, backtest_text
from budget.backtest_command import ANSWER_SECONDS, alerts, installed
from budget.backtest_replay import NoHistory
from budget.backtest_run import Asked
from budget.prometheus import Prometheus
from slo.catalogue import Catalogue
from slo.changes import Change
from slo.model import Plugin, Slo


def added(
    changes: Iterable[Change], old: Catalogue, new: Catalogue, url: str, *, days: int, say: Callable[[str], None]
) -> Iterator[Change]:
    """*changes*, each of an SLO that would have told people otherwise with what it would have told.

    Args:    url: of the Prometheus that has the history, so many *days* of it.
    Raises:  ValueError: no address. Unreachable, QueryFailed, NotEvaluated.
    """
    source, programs = Prometheus(url, timeout_seconds=ANSWER_SECONDS), installed()
    before, after = _by_name(old), _by_name(new)

    def compared(name: str, one: Slo, other: Slo) -> str:
        say(f"backtesting {name} over {days}d")
        asked = Asked(slos=(one, other), now=time.time(), days=days)
        try:
            found = backtest_run.on_server(asked, source, alerts, programs, raw=False, say=lambda text: None)
        except NoHistory as error:
            return f"not backtested: {error}"
        return f"over the last {days}d, {backtest_text.compared(*found.outcomes)}"

    for change in changes:
        one, other = before.get(change.slo), after.get(change.slo)
        if one is None or other is None or not _is_told_otherwise(one, other):
            yield change
        elif one.sli != other.sli:
            why = "not backtested: its queries changed, and what was recorded is what the old ones counted"
            yield replace(change, effects=(*change.effects, why))
        else:
            yield replace(change, effects=(*change.effects, compared(change.slo, one, other)))


def _by_name(catalogue: Catalogue) -> dict[str, Slo]:
    """The SLOs as `slo.changes` calls them."""
    return {slo.id + "".join(f" {label}={value}" for label, value in slo.identity): slo for slo in catalogue.slos}


def _is_told_otherwise(one: Slo, other: Slo) -> bool:
    if isinstance(one.sli, Plugin) or isinstance(other.sli, Plugin):
        return False

    def says(slo: Slo) -> tuple[object, ...]:
        alerting = slo.alerting
        told = (alerting.page.enabled, alerting.ticket.enabled, alerting.min_failures, alerting.absent_after_seconds)
        return (slo.sli, slo.objective, slo.period_days, *told)

    return says(one) != says(other)
