"""The alerts of one SLO: which, since when, and how bad that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from budget.answers import Sample
from budget.identity import Key, key_of, same_slo
from slo import conventions

PENDING = "pending"
ABSENT = "absent"
_ORDER = (conventions.PAGE, ABSENT, conventions.TICKET, PENDING)
_ABSENT_SUFFIX = conventions.absent_alert("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. *state* is firing or pending; *since*: when its condition became true, in Unix seconds, if known."""

    name: str
    severity: str
    state: str
    since: float | None

    @property
    def gravity(self) -> str | None:
        """One word for how bad it is; None for an SLI that is only waited for, as it is after every start."""
        fires = self.state == "firing"
        if self.name.endswith(_ABSENT_SUFFIX):
            return ABSENT if fires else None
        if not fires:
            return PENDING
        return conventions.PAGE if self.severity == conventions.PAGE else conventions.TICKET


def alerts_of(key: Key, samples: Iterable[Sample], since: Iterable[Sample]) -> tuple[Alert, ...]:
    """The alerts of the SLO *key*, the gravest first.

    Args:    samples: of ALERTS. since: of ALERTS_FOR_STATE.
    """
    began = {_identity(sample.labels): sample.value for sample in since}
    found = {
        Alert(
            name=sample.labels.get("alertname", ""),
            severity=sample.labels.get(conventions.SEVERITY) or sample.labels.get("severity", ""),
            state=sample.labels.get("alertstate", ""),
            since=began.get(_identity(sample.labels)),
        )
        for sample in samples
        if same_slo(key, key_of(sample.labels))
    }
    return tuple(sorted(found, key=_place))


def gravest(alerts: Iterable[Alert]) -> str | None:
    """The gravest word; None where there is nothing to say."""
    words = {alert.gravity for alert in alerts}
    return next((word for word in _ORDER if word in words), None)


def _identity(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in labels.items() if name not in ("__name__", "alertstate"))


def _place(alert: Alert) -> tuple[int, str, str, float]:
    rank = _ORDER.index(alert.gravity) if alert.gravity else len(_ORDER)
    return (rank, alert.name, alert.severity, alert.since or 0.0)
