"""A report for programs: plain JSON values, ratios 0–1, null where nothing is known, times as RFC 3339."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget.history_alerts import AlertSpan
from budget.incidents import Incident
from budget.report_model import Account, Report, SloReport
from budget.time_range import spelt


def as_json(report: Report) -> dict[str, Any]:
    """The same figures as on the page, the worst SLO first."""
    return {
        "until": spelt(report.end),
        "prometheus": report.server,
        "seeded": _range(report.seeded),
        "notes": list(report.notes),
        "slos": [_slo(each, report.runbooks) for each in report.slos],
    }


def _slo(slo: SloReport, runbooks: Mapping[str, str]) -> dict[str, Any]:
    curve = slo.curve
    return {
        "id": curve.id,
        "service": curve.service,
        "slo": curve.slo,
        "labels": dict(curve.labels),
        "objective": curve.objective,
        "verdict": slo.verdict,
        "budget_left": slo.left,
        "counts_events": curve.counts,
        "ranges": [_account(each) for each in slo.accounts],
        "incidents": [_incident(each, runbooks) for each in slo.incidents],
        "spent_beside": slo.rest,
        "gaps": [_range(each) for each in slo.gaps],
    }


def _account(account: Account) -> dict[str, Any]:
    found = account.spending
    return {
        "name": account.name,
        "from": spelt(found.start),
        "to": spelt(found.end),
        "bad": found.bad,
        "total": found.total,
        "allowed": found.allowed,
        "sli": found.sli,
        "budget_left": found.left,
        "measured": found.measured,
        "seeded": account.seeded,
    }


def _incident(incident: Incident, runbooks: Mapping[str, str]) -> dict[str, Any]:
    return {
        "from": spelt(incident.start),
        "to": spelt(incident.end),
        "seconds": incident.seconds,
        "goes_on": incident.goes_on,
        "bad": incident.bad,
        "total": incident.total,
        "budget_spent": incident.share,
        "highest_burn_rate": incident.peak,
        "alerts": [_alert(each, runbooks) for each in incident.alerts],
    }


def _alert(alert: AlertSpan, runbooks: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": alert.name,
        "severity": alert.severity,
        "from": spelt(alert.start),
        "to": spelt(alert.end),
        "runbook": runbooks.get(alert.name),
    }


def _range(span: tuple[float, float] | None) -> dict[str, str] | None:
    return None if span is None else {"from": spelt(span[0]), "to": spelt(span[1])}
