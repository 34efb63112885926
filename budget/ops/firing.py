"""What fires now: as Alertmanager tells it, else as Prometheus evaluates it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from budget.answers import Sample
from budget.history_alerts import WATCHDOG
from budget.ops.alertmanager import Alert, Silence, Told, gravest_first
from budget.ops.kept import Seen
from budget.readings import ALERTS, ALERTS_FOR_STATE
from slo import conventions

_OWN = ("__name__", "alertstate")


class Source(Protocol):
    """What is asked."""

    def instant(self, query: str) -> tuple[Sample, ...]:
        """Value of *query* now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """What people are told of. known: whether anybody could say it.

    by_prometheus: whether it is Prometheus alone that says so: then nobody knows what is silenced.
    arrives:       whether the alert that always fires has come from Prometheus, as all do; None where there is no such
                   alert, or nobody knows.
    silences, down: as Alertmanagers say.
    """

    alerts: tuple[Alert, ...] = ()
    known: bool = False
    by_prometheus: bool = False
    arrives: bool | None = None
    silences: tuple[Silence, ...] = ()
    down: tuple[str, ...] = ()

    @property
    def pages(self) -> tuple[Alert, ...]:
        """Those that wake somebody: neither silenced nor held back."""
        return tuple(each for each in self.alerts if each.severity == conventions.PAGE and not _is_held(each))

    @property
    def tickets(self) -> tuple[Alert, ...]:
        """Those that wait for the morning."""
        return tuple(each for each in self.alerts if each.severity == conventions.TICKET and not _is_held(each))

    @property
    def held(self) -> tuple[Alert, ...]:
        """Those that tell nobody: silenced, or held back by a graver one."""
        return tuple(each for each in self.alerts if _is_held(each))

    def get(self, fingerprint: str) -> Alert | None:
        """The alert with this fingerprint, if it fires."""
        return next((each for each in self.alerts if fingerprint and each.fingerprint == fingerprint), None)


def firing(told: Seen[Told], evaluated: Seen[tuple[Alert, ...]], *, asked: bool) -> Firing:
    """What fires, by the best that is known. *asked*: whether there is an Alertmanager to ask."""
    if asked and told.known is not None:
        found = told.known
        return Firing(
            alerts=_shown(found.alerts),
            known=True,
            arrives=_arrives(found.alerts, evaluated.known or ()),
            silences=tuple(sorted(found.silences, key=lambda each: each.ends)),
            down=found.down,
        )
    if evaluated.known is None:
        return Firing()
    return Firing(alerts=_shown(evaluated.known), known=True, by_prometheus=True)


def read_evaluated(source: Source) -> tuple[Alert, ...]:
    """What Prometheus' rules say fires, whoever is told.

    Raises:  Unreachable, QueryFailed.
    """
    began = {_identity(each): each.value for each in source.instant(ALERTS_FOR_STATE)}
    return tuple(
        Alert(
            labels={name: value for name, value in each.labels.items() if name not in _OWN},
            annotations={},
            since=began.get(_identity(each)),
        )
        for each in source.instant(f'{ALERTS}{{alertstate="firing"}}')
    )


def _arrives(told: Iterable[Alert], evaluated: Iterable[Alert]) -> bool | None:
    if any(each.name == WATCHDOG for each in told):
        return True
    return False if any(each.name == WATCHDOG for each in evaluated) else None


def _shown(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """In their order, without those that tell nobody anything: they are for rules and for Alertmanager."""
    told = (each for each in alerts if each.name != WATCHDOG and each.severity != conventions.INFO_SEVERITY)
    return tuple(gravest_first(told))


def _is_held(alert: Alert) -> bool:
    return bool(alert.silenced or alert.inhibited)


def _identity(sample: Sample) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in sample.labels.items() if name not in _OWN)
