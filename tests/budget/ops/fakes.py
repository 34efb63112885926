"""A page over answers that were written beforehand: a Prometheus, who is told, and what can be broken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from budget.answers import Exemplar, RuleGroup, Sample, Series
from budget.errors import BudgetError, Unreachable
from budget.ops.alertmanager import Alert, Alertmanagers, Told
from budget.ops.app import create_app
from budget.ops.desk import Desk
from budget.ops.door import Door
from budget.ops.drills import Drills
from budget.ops.faults import Active, Broken
from budget.ops.gates import Gate
from budget.ops.incidents import Incident
from budget.ops.runbooks import Runbooks
from slo import conventions
from tests.budget.canned import FIGURES, NOW, UP, sample

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "a-token-that-nobody-can-guess"
HOUR, DAY = 3600.0, 86_400.0
RECORDS = [name for name in FIGURES if name.startswith("slo:")]


class FakeServer:
    """Answers a question by the first key that is a part of it; nothing to any other.

    fault: raised in place of every answer. asked: every question.
    """

    def __init__(
        self,
        instants: Mapping[str, Sequence[Sample]] | None = None,
        ranges: Mapping[str, Sequence[Series]] | None = None,
        exemplars: Sequence[Exemplar] = (),
        groups: Sequence[RuleGroup] = (),
        url: str = "http://prometheus.example:9090",
    ) -> None:
        self.instants, self.ranges = dict(instants or {}), dict(ranges or {})
        self._exemplars, self._groups = tuple(exemplars), tuple(groups)
        self.url = url
        self.fault: BudgetError | None = None
        self.asked: list[str] = []

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """What `instants` holds for it."""
        return tuple(self._found(query, self.instants))

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """What `ranges` holds for it, within the range."""
        return tuple(
            Series(labels=each.labels, points=tuple(point for point in each.points if start <= point[0] <= end))
            for each in self._found(query, self.ranges)
        )

    def exemplars(self, query: str, *, start: float, end: float) -> tuple[Exemplar, ...]:
        """All of them."""
        self._note(query)
        return self._exemplars

    def rules(self) -> tuple[RuleGroup, ...]:
        """The groups."""
        self._note("rules")
        return self._groups

    def _found(self, query: str, known: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
        self._note(query)
        return next((found for key, found in known.items() if key in query), ())

    def _note(self, query: str) -> None:
        self.asked.append(query)
        if self.fault is not None:
            raise self.fault


def figures(labels: Mapping[str, str] = UP, **changes: float) -> dict[str, tuple[Sample, ...]]:
    """What a server answers of one SLO that is well; *changes*: by the record's own words, as burn=3."""
    words = {
        "burn": conventions.CURRENT_BURN_RATE,
        "left": conventions.BUDGET_REMAINING,
        "hour": conventions.sli_ratio("1h"),
    }
    values = {name: FIGURES[name] for name in RECORDS} | {words[name]: value for name, value in changes.items()}
    moments = {"timestamp(slo:current": (sample(labels, NOW - 20),)}
    return moments | {f"{name}{{": (sample(labels, value),) for name, value in values.items()}


def together(*answers: Mapping[str, Sequence[Sample]]) -> dict[str, tuple[Sample, ...]]:
    """The answers about several SLOs."""
    found: dict[str, tuple[Sample, ...]] = {}
    for each in answers:
        for key, samples in each.items():
            found[key] = (*found.get(key, ()), *samples)
    return found


class FakeAlertmanagers(Alertmanagers):
    """Says what it was given, and remembers what it was told."""

    def __init__(self, *alerts: Alert, told: Told | None = None) -> None:
        super().__init__(["http://alertmanager.example:9093"])
        self.says = told or Told(alerts=alerts)
        self.fault: BudgetError | None = None
        self.hides = False
        self.done: list[Any] = []

    def told(self) -> Told:
        """What it was given."""
        if self.fault is not None or self.hides:
            raise self.fault or unreachable()
        return self.says

    def silence(self, labels: Mapping[str, str], *, seconds: float, comment: str, now: float) -> None:
        """Noted."""
        if self.fault is not None:
            raise self.fault
        self.done.append(("silence", dict(labels), seconds, comment, now))

    def expire(self, silence: str) -> None:
        """Noted."""
        self.done.append(("expire", silence))


class FakeIncidents:
    """Open incidents, and who was acknowledged."""

    url = "http://pagerduty.example:8081"

    def __init__(self, *incidents: Incident) -> None:
        self._incidents = incidents
        self.fault: BudgetError | None = None
        self.done: list[int] = []

    def __bool__(self) -> bool:
        return True

    def open(self) -> tuple[Incident, ...]:
        """What it was given."""
        if self.fault is not None:
            raise self.fault
        return self._incidents

    def acknowledge(self, number: int) -> None:
        """Noted."""
        self.done.append(number)


class FakeFaults:
    """What is broken, and what was done."""

    names = ("catalog", "orders")

    def __init__(self, *active: Active) -> None:
        self.says = Broken(active=active)
        self.done: list[Any] = []

    def broken(self) -> Broken:
        """What it was given."""
        return self.says

    def break_(self, target: str, body: Mapping[str, Any]) -> None:
        """Noted."""
        self.done.append(("break", target, dict(body)))

    def mend(self, target: str) -> None:
        """Noted."""
        self.done.append(("mend", target))


def alert(name: str = "ShopUp", **changes: Any) -> Alert:
    """A page of the SLO `shop-up` that has fired for a minute."""
    labels = {"alertname": name, "severity": "page", "service": "shop", "slo": "up"} | changes.pop("labels", {})
    given: dict[str, Any] = {"annotations": {}, "since": NOW - 60, "fingerprint": "f1"}
    return Alert(labels=labels, **given | changes)


def incident(number: int = 3, **changes: Any) -> Incident:
    """The one that was opened for it."""
    given: dict[str, Any] = {
        "status": "triggered",
        "alert": "ShopUp",
        "service": "shop",
        "group": "up",
        "team": "shop",
        "summary": "too fast",
        "severity": "critical",
        "since": NOW - 40,
    }
    return Incident(number=number, **given | changes)


def desk(server: Any = None, **changes: Any) -> Desk:
    """A desk of fakes; every one can be another."""
    given: dict[str, Any] = {
        "server": server or FakeServer(figures()),
        "alertmanagers": FakeAlertmanagers(),
        "incidents": FakeIncidents(),
        "gate": Gate(ROOT / "slo/specs", "local"),
        "runbooks": Runbooks(ROOT / "alerts/runbooks", at="/ops/runbooks/"),
        "environment": "local",
        "clock": lambda: NOW,
    }
    return Desk(**given | changes)


def client(given: Desk, door: Door | None = None, **options: Any) -> FlaskClient:
    """A browser before the page of *given*."""
    app = create_app(given, door or Door(TOKEN), port=8080, **options)
    app.testing = True
    return app.test_client()


def signed_in(browser: FlaskClient) -> FlaskClient:
    """*browser*, once it has shown the token."""
    answer = browser.post("/ops/sign-in", data={"token": TOKEN})
    assert answer.status_code == 303, answer.text
    browser.get("/ops")  # where its forms get a key of their own
    return browser


def press(browser: FlaskClient, path: str, **fields: str) -> Any:
    """A form of the page, sent."""
    with browser.session_transaction() as session:
        key = str(session.get("key", ""))
    return browser.post(path, data={"key": key, **fields})


def never_answering(until: threading.Event) -> Callable[..., Any]:
    """A question that is answered once *until* is set."""

    def ask(*_: Any, **__: Any) -> tuple[Any, ...]:
        until.wait(20)
        return ()

    return ask


def unreachable(name: str = "http://prometheus.example:9090") -> Unreachable:
    """What is raised where nothing listens."""
    return Unreachable(f"{name} does not answer (NewConnectionError)")


def drills(*found: Any, forecast: Callable[[Any], Any] = lambda drill: tuple(105.0 for _ in drill.pages)) -> Drills:
    """Those drills, with pages after a minute and three quarters."""
    return Drills(found, forecast)
