"""The gate's decision for programs: plain JSON values, and the line that a log keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from budget.gate_decision import Decision, Reason
from budget.json_document import as_json
from budget.policy import Change, Outcome
from budget.status import SloStatus


def document(decision: Decision) -> dict[str, Any]:
    """Ratios 0–1, null where there is no value; the worst reason first."""
    request = decision.request
    return {
        "service": request.service,
        "environment": request.environment,
        "change": request.change.value,
        "decision": word(decision.outcome),
        "as_release": word(decision.as_release),
        "warning": warning(decision),
        "exit_code": decision.outcome.value,
        "reasons": [_reason(each) for each in decision.reasons],
        "slos": _slos(decision, decision.slos),
        "dependencies": [_dependency(decision, name) for name in decision.dependencies],
        "at": _moment(decision.at),
    }


def warning(decision: Decision) -> str | None:
    """What to say about a change that was told less than a release would be, and about every rollback."""
    change, told = decision.request.change, word(decision.as_release).upper()
    if decision.outcome < decision.as_release:
        return f"this {change.value} passes; a release of {decision.request.service} would be told {told}"
    if change is Change.ROLLBACK:
        return "this rollback passes, as each does: that proves neither that going back works, nor that it helps"
    return None


def passed(decision: Decision) -> dict[str, Any] | None:
    """What a log keeps of a change that passed where a release would have waited; None where none did."""
    request = decision.request
    if request.change is Change.RELEASE or decision.outcome >= Outcome.HOLD or decision.as_release < Outcome.HOLD:
        return None
    return {
        "level": "warning",
        "event": f"gate.{request.change.value}_passed",
        "service": request.service,
        "environment": request.environment,
        "decision": word(decision.outcome),
        "as_release": word(decision.as_release),
        "rules": sorted({each.rule.value for each in decision.reasons if each.as_release >= Outcome.HOLD}),
        "at": _moment(decision.at),
    }


def word(outcome: Outcome) -> str:
    """go, slow, hold or freeze."""
    return outcome.name.lower()


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "service": reason.service,
        "slo": reason.slo or None,
        "labels": dict(reason.labels),
        "rule": reason.rule.value,
        "says": reason.says,
        "decision": word(reason.decision),
        "as_release": word(reason.as_release),
    }


def _slos(decision: Decision, rows: Sequence[SloStatus]) -> list[dict[str, Any]]:
    shown = as_json(rows)["slos"]
    return [{**slo, "decision": word(decision.of(row))} for slo, row in zip(shown, rows, strict=True)]


def _dependency(decision: Decision, service: str) -> dict[str, Any]:
    rows = [row for row in decision.dependency_slos if row.service == service]
    outcome = max((each.decision for each in decision.reasons if each.service == service), default=Outcome.GO)
    return {"service": service, "decision": word(outcome), "slos": _slos(decision, rows)}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
