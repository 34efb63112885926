"""What fires and what is silenced, as Alertmanagers know it; and a new silence, or the end of one.

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from budget.errors import BudgetError, QueryFailed, Unreachable
from budget.ops.errors import NotHere, Refused
from budget.ops.peer import Peer
from slo import conventions

WHO = "ops page"
LOOK_SECONDS = 1.5
_LISTS = ("alerts", "silences")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert that fires. since: Unix seconds. silenced, inhibited: by whom; empty where it tells somebody.

    fingerprint: of its labels, as Alertmanager makes it; empty where Prometheus was asked in its place.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float | None
    fingerprint: str = ""
    silenced: tuple[str, ...] = ()
    inhibited: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its own."""
        return self.labels.get(conventions.ALERT_NAME, "")

    @property
    def severity(self) -> str:
        """page, ticket, or another word."""
        return self.labels.get(conventions.SEVERITY) or self.labels.get("severity", "")

    @property
    def service(self) -> str:
        """Whose it is."""
        return self.labels.get(conventions.SERVICE) or self.labels.get("service", "")

    @property
    def slo(self) -> str:
        """The promise that it speaks of, if it does."""
        return self.labels.get(conventions.SLO) or self.labels.get("slo", "")

    @property
    def summary(self) -> str:
        """What it says to people."""
        named = (self.annotations.get(name, "") for name in ("summary", "title", "description"))
        return next(filter(None, named), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One silence that is on, or will be. matchers: as people write them. starts, ends: Unix seconds."""

    id: str
    matchers: tuple[str, ...]
    by: str
    comment: str
    starts: float
    ends: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What those that answered say. down: what the others' failures are."""

    alerts: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
    down: tuple[str, ...] = ()


class Alertmanagers:
    """One cluster: each of its members knows all, but for moments."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._peers = tuple(Peer(url) for url in urls)

    def __bool__(self) -> bool:
        return bool(self._peers)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where they are."""
        return tuple(peer.url for peer in self._peers)

    def told(self) -> Told:
        """What fires, and every silence that is not over; all are asked at once, that none holds the others up.

        Raises:  Unreachable, Refused, QueryFailed: none of them can be asked.
        """
        alerts: dict[str, Alert] = {}
        silences: dict[str, Silence] = {}
        failures: list[BudgetError] = []
        with ThreadPoolExecutor(max_workers=max(1, len(self._peers))) as pool:
            answers = list(pool.map(_answered, self._peers))
        for found in answers:
            if isinstance(found, BudgetError):
                failures.append(found)
                continue
            for alert in found.alerts:
                alerts.setdefault(alert.fingerprint, alert)
            silences |= {each.id: each for each in found.silences}
        if failures and len(failures) == len(self._peers):
            raise failures[0]
        return Told(alerts=tuple(alerts.values()), silences=tuple(silences.values()), down=tuple(map(str, failures)))

    def silence(self, labels: Mapping[str, str], *, seconds: float, comment: str, now: float) -> None:
        """Hold back, from *now* on for so long, whoever has all of *labels*.

        Raises:  Unreachable, Refused, NotAnswered, QueryFailed, NotHere.
        """
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in sorted(labels.items())
        ]
        body = {
            "matchers": matchers,
            "startsAt": _written(now),
            "endsAt": _written(now + seconds),
            "createdBy": WHO,
            "comment": comment,
        }
        self._first("POST", "/api/v2/silences", body)

    def expire(self, silence: str) -> None:
        """End the silence with this id.

        Raises:  Unreachable, Refused, NotAnswered, QueryFailed, NotHere.
        """
        self._first("DELETE", f"/api/v2/silence/{quote(silence, safe='')}")

    def _first(self, method: str, path: str, body: Any = None) -> None:
        """By the first that answers a question: it tells the others.

        One that hangs is found out by that, and passed by; where it hangs only then, nobody else is told: a silence
        that two of them made is two.
        """
        failure: BudgetError = NotHere("no Alertmanager is known here: start the page with --alertmanager")
        for peer in self._peers:
            try:
                peer.ask("GET", "/api/v2/status", timeout_seconds=LOOK_SECONDS)
                peer.ask(method, path, body=body)
                return
            except (Unreachable, Refused) as error:  # another one may know a silence that this one does not yet
                failure = error
        raise failure


def _answered(peer: Peer) -> Told | BudgetError:
    try:
        return _parsed(peer)
    except BudgetError as error:
        return error


def _told(peer: Peer) -> Told:
    alerts, silences = (peer.ask("GET", f"/api/v2/{each}", timeout_seconds=LOOK_SECONDS) for each in _LISTS)
    if not isinstance(alerts, list) or not isinstance(silences, list):
        raise TypeError("expected lists of alerts and silences")
    kept = (each for each in silences if each["status"]["state"] != "expired")
    return Told(alerts=tuple(map(_alert, alerts)), silences=tuple(map(_silence, kept)))


def _alert(row: Any) -> Alert:
    status = row["status"]
    return Alert(
        labels=_texts(row["labels"]),
        annotations=_texts(row["annotations"]),
        since=_read(row["startsAt"]),
        fingerprint=str(row["fingerprint"]),
        silenced=tuple(map(str, status["silencedBy"])),
        inhibited=tuple(map(str, status["inhibitedBy"])),
    )


def _silence(row: Any) -> Silence:
    return Silence(
        id=str(row["id"]),
        matchers=tuple(map(_matcher, row["matchers"])),
        by=str(row["createdBy"]),
        comment=str(row["comment"]),
        starts=_read(row["startsAt"]),
        ends=_read(row["endsAt"]),
        state=str(row["status"]["state"]),
    )


def _matcher(row: Any) -> str:
    sign = ("=~" if row["isRegex"] else "=") if row.get("isEqual", True) else ("!~" if row["isRegex"] else "!=")
    return f"{row['name']}{sign}{row['value']}"


def _texts(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()}


def _parsed(peer: Peer) -> Told:
    try:
        return _told(peer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise QueryFailed(f"{peer.url} has not the shape of Alertmanager's API: {error!r}") from error


def _read(text: str) -> float:
    # Of Go's nine digits Python 3.11 reads six.
    return datetime.fromisoformat(text).timestamp()


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def gravest_first(alerts: Iterable[Alert]) -> Sequence[Alert]:
    """Pages, tickets, the rest; those that tell somebody first, the newest first among equals."""
    order = {conventions.PAGE: 0, conventions.TICKET: 1}
    return sorted(
        alerts,
        key=lambda each: (
            order.get(each.severity, 2),
            bool(each.silenced or each.inhibited),
            -(each.since or 0.0),
            each.name,
            each.service,
            each.slo,
        ),
    )
