"""The page for programs: the same figures as plain JSON values, null where nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from budget.gate_decision import Decision
from budget.gate_document import document as gate_document
from budget.json_document import as_json
from budget.ops.alertmanager import Alert, Silence
from budget.ops.board import View
from budget.ops.courses import Course
from budget.ops.desk import Desk
from budget.ops.drills import expected
from budget.ops.faults import Active
from budget.ops.happenings import Happening
from budget.ops.incidents import Incident
from budget.ops.invariants import Invariant
from budget.ops.journeys import Timeline
from budget.ops.kept import Seen
from budget.ops.words import iso

Value = TypeVar("Value")


def document(view: View, desk: Desk) -> dict[str, Any]:
    """Times as RFC 3339; a part that is not known now is null, and its fault says why."""
    return {
        "at": iso(view.now),
        "environment": desk.environment,
        "faults_of_sources": {
            name: {"fault": seen.fault, "since": _moment(seen.since)}
            for name, seen in _sources(view).items()
            if seen.fault
        },
        "slos": _known(view.promises, lambda rows: as_json(rows)["slos"]),
        "burndowns": _known(view.courses, lambda found: _each(found.values(), _course)),
        "alerts": [_alert(each) for each in view.firing.alerts] if view.firing.known else None,
        "alerts_by": None if not view.firing.known else "prometheus" if view.firing.by_prometheus else "alertmanager",
        "silences": None
        if not view.firing.known or view.firing.by_prometheus
        else _each(view.firing.silences, _silence),
        "alertmanagers_down": None if not view.firing.known or view.firing.by_prometheus else list(view.firing.down),
        "incidents": _known(view.incidents, lambda found: _each(found, _incident)) if desk.incidents else None,
        "journeys": _known(view.timelines, lambda found: {each.journey: _journey(each) for each in found}),
        "happenings": _known(view.happenings, lambda found: [_happening(each) for each in found]),
        "invariants": _known(view.invariants, lambda found: {each.name: _invariant(each) for each in found}),
        "gate": _known(view.gate, lambda found: {each.request.service: _gate(each) for each in found}),
        "drills": _drills(desk),
        "broken": _broken(view, desk),
        "broken_not_known": None if desk.faults is None else _known(view.broken, lambda found: list(found.silent)),
        "fire_alarm_seconds_left": round(desk.alarm.seconds_left),
    }


def _sources(view: View) -> dict[str, Seen[Any]]:
    return {
        "prometheus": view.promises,
        "alertmanager": view.told,
        "pagerduty": view.incidents,
        "burndowns": view.courses,
        "journeys": view.timelines,
        "happenings": view.happenings,
        "invariants": view.invariants,
        "gate": view.gate,
        "broken": view.broken,
    }


def _known(seen: Seen[Value], shown: Callable[[Value], Any]) -> Any:
    return None if seen.known is None else shown(seen.known)


def _each(found: Iterable[Value], shown: Callable[[Value], Any]) -> list[Any]:
    return [shown(each) for each in found]


def _course(course: Course) -> dict[str, Any]:
    """By the labels that tell it from others, as Prometheus has them: what was left, at each time."""
    return {"labels": dict(course.key), "left": [[iso(at), round(left, 6)] for at, left in course.points]}


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "name": alert.name,
        "severity": alert.severity,
        "service": alert.service or None,
        "slo": alert.slo or None,
        "since": _moment(alert.since),
        "summary": alert.summary or None,
        "silenced": bool(alert.silenced),
        "inhibited": bool(alert.inhibited),
        "fingerprint": alert.fingerprint or None,
        "labels": dict(alert.labels),
    }


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "matchers": list(silence.matchers),
        "by": silence.by,
        "comment": silence.comment,
        "until": iso(silence.ends),
        "state": silence.state,
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "number": incident.number,
        "status": incident.status,
        "alert": incident.alert,
        "service": incident.service,
        "team": incident.team,
        "since": iso(incident.since),
    }


def _journey(timeline: Timeline) -> dict[str, Any]:
    cells = [{"until": iso(cell.end), "word": cell.word, "trace_id": cell.trace or None} for cell in timeline.cells]
    return {"now": timeline.now, "minutes": cells}


def _happening(each: Happening) -> dict[str, Any]:
    end = None if each.goes_on else iso(each.end)
    return {"kind": each.kind, "says": each.says, "from": iso(each.start), "until": end}


def _invariant(each: Invariant) -> dict[str, Any]:
    """A 0 of books that were compared long ago is not known to be one."""
    count = None if each.stale and not each.count else each.count
    return {"count": count, "checked": _moment(each.checked), "stale": each.stale, "note": each.note or None}


def _gate(decision: Decision) -> dict[str, Any]:
    found = gate_document(decision)
    return {name: found[name] for name in ("decision", "reasons")}


def _broken(view: View, desk: Desk) -> list[dict[str, Any]] | None:
    """What is on, by those that answer; null where none does."""
    found = view.broken.known
    if desk.faults is None or found is None or (found.silent and set(found.silent) == set(desk.faults.names)):
        return None
    return _each(found.active, _active)


def _active(each: Active) -> dict[str, Any]:
    return {"target": each.target, "fault": each.fault, "share": each.share, "seconds_left": each.seconds_left}


def _drills(desk: Desk) -> list[dict[str, Any]] | None:
    if desk.drills is None:
        return None
    return [
        {
            "name": drill.name,
            "title": drill.title,
            "pages": [
                {"alert": each.page.alert, "service": each.page.service, "expected_seconds": each.seconds}
                for each in expected(drill, desk.drills.known(drill))
            ],
        }
        for drill in desk.drills.all()
    ]


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)
