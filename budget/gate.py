"""The gate's decision: may this change of a service go out now? Facts, catalogue and policy in, a `Decision` out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cached_property

from budget.gate_decision import Decision, Reason, Request, worst
from budget.gate_facts import Facts
from budget.gate_measured import key, measured
from budget.gate_rules import Finding, Measured, findings, is_busy
from budget.identity import key_of, same_slo
from budget.policy import POLICY, Change, Policy, RuleName
from budget.status import statuses
from budget.trust import spelt
from slo import conventions
from slo.catalogue import Catalogue

_ENVIRONMENT_LABELS = ("environment", "env")


def dependencies(catalogue: Catalogue, service: str) -> tuple[str, ...]:
    """The services that *service* calls itself.

    Not those that these call: what reaches a service from further away shows in the SLOs of what lies between, and
    what is absorbed on the way is no reason to wait.
    """
    named = {name for spec in catalogue.specs if spec.service == service for name in spec.depends_on}
    return tuple(sorted(named - {service}))


def decide(request: Request, facts: Facts, catalogue: Catalogue | None, policy: Policy = POLICY) -> Decision:
    """What *request* is told.

    Args:    catalogue: what was promised; None where it cannot be read, which *facts* then says.
    """
    gate = _Gate(request, facts, catalogue, policy)
    reasons = tuple(sorted(gate.reasons(), key=lambda each: _place(each, request.service)))
    return Decision(
        request=request,
        outcome=worst(reasons),
        reasons=reasons,
        slos=tuple(each.row for each in gate.of(request.service)),
        dependencies=gate.dependencies,
        dependency_slos=tuple(each.row for name in gate.dependencies for each in gate.of(name)),
        at=facts.now if facts.readings is None else facts.readings.at,
    )


def _place(reason: Reason, service: str) -> tuple[object, ...]:
    """The worst first; the service itself before what it depends on."""
    of_others = reason.service != service
    return (-reason.decision, -reason.as_release, of_others, reason.service, reason.slo, *reason.labels.values())


class _Gate:
    """One question, with what it is answered from at hand."""

    def __init__(self, request: Request, facts: Facts, catalogue: Catalogue | None, policy: Policy) -> None:
        self._request, self._facts, self._catalogue, self._policy = request, facts, catalogue, policy
        self._rows = () if facts.readings is None else statuses(facts.readings)
        self.dependencies = () if catalogue is None else dependencies(catalogue, request.service)

    def of(self, service: str) -> tuple[Measured, ...]:
        """The SLOs of *service* in the environment that is asked for."""
        rows = (row for row in self._rows if row.service == service and self._is_here(row.labels))
        seeded_counts = self._request.seeded_counts
        return tuple(measured(row, self._facts, self._policy, seeded_counts=seeded_counts) for row in rows)

    def reasons(self) -> Iterator[Reason]:
        for fault in (*self._facts.faults, *self._clocks()):
            yield self._reason(fault, self._request.service)
        if self._catalogue is not None and self._request.service not in self._promised:
            yield self._reason(self._unknown(self._request.service), self._request.service)
        elif self._facts.readings is not None:
            for service in (self._request.service, *self.dependencies):
                yield from self._service(service)

    def _service(self, service: str) -> Iterator[Reason]:
        if self._catalogue is not None and service not in self._promised:
            says = "it has promised nothing here, so that nothing is known of it"
            yield self._reason(Finding(rule=RuleName.NO_PROMISE, says=says), service)
            return
        here = self.of(service)
        yield from (self._reason(each, service) for each in self._not_loaded(service, here))
        yield from (self._reason(each, service) for each in self._pages(service))
        for each in here:
            others_busy = any(is_busy(other) for other in here if other is not each)
            found = findings(each, self._policy, others_busy=others_busy)
            yield from (self._reason(finding, service, each.row.id, each.row.labels) for finding in found)
        yield from self._lost(service, here)

    def _reason(self, finding: Finding, service: str, slo: str = "", labels: Mapping[str, str] | None = None) -> Reason:
        is_dependency = service != self._request.service
        judged = self._policy.outcome
        return Reason(
            service=service,
            slo=slo,
            labels=dict(labels or {}),
            rule=finding.rule,
            says=finding.says,
            decision=judged(finding.rule, self._request.change, dependency=is_dependency),
            as_release=judged(finding.rule, Change.RELEASE, dependency=is_dependency),
        )

    @cached_property
    def _promised(self) -> dict[str, set[str]]:
        """The ids of each service's SLOs."""
        promised: dict[str, set[str]] = {}
        for slo in () if self._catalogue is None else self._catalogue.slos:
            promised.setdefault(slo.service, set()).add(slo.id)
        return promised

    def _unknown(self, service: str) -> Finding:
        known = sorted(self._promised)
        near = difflib.get_close_matches(service, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        return Finding(rule=RuleName.UNKNOWN_SERVICE, says=f"no spec has an SLO of {service}: {hint}")

    def _clocks(self) -> Iterator[Finding]:
        ahead = self._now - self._facts.now
        if abs(ahead) > self._policy.most_clock_seconds:
            when = f"{spelt(ahead)} from now" if ahead > 0 else f"{spelt(-ahead)} ago"
            says = f"Prometheus answers for {when}: an old answer, or one of both clocks is wrong"
            yield Finding(rule=RuleName.CLOCKS, says=says)

    def _not_loaded(self, service: str, here: tuple[Measured, ...]) -> Iterator[Finding]:
        """What was promised and has neither rules nor series."""
        known = {each.row.id for each in here}
        elsewhere = {row.id for row in self._rows if row.service == service} - known
        missing = sorted(self._promised.get(service, set()) - known)
        if not missing:
            return
        where = f" for {self._request.environment}, though elsewhere" if elsewhere >= set(missing) else ""
        names = ", ".join(missing) if known else "its SLOs"
        says = f"this Prometheus has no rules of {names}{where}: load what ./generate.py build writes, or ask another"
        yield Finding(rule=RuleName.NO_RULES, says=says)

    def _pages(self, service: str) -> Iterator[Finding]:
        fire = {
            sample.labels.get("alertname", "")
            for sample in self._facts.pages
            if sample.labels.get("service") == service and self._is_here(sample.labels)
        }
        yield from (Finding(rule=RuleName.PAGE, says=f"{name} fires") for name in sorted(fire))

    def _lost(self, service: str, here: tuple[Measured, ...]) -> Iterator[Reason]:
        """Copies that were measured hours ago and are not any more, while others are."""
        ids = {each.row.id for each in here}
        for sample in self._facts.seen:
            slo, its_key = sample.labels.get(conventions.ID, ""), key_of(sample.labels)
            if slo not in ids or not self._is_here(sample.labels):
                continue
            if not any(same_slo(its_key, key(each.row)) for each in here):
                labels = {name: value for name, value in its_key if name not in conventions.ID_LABELS}
                says = f"this copy of it was last measured {spelt(self._now - sample.value)} ago"
                yield self._reason(Finding(rule=RuleName.STALE, says=says), service, slo, labels)

    @property
    def _now(self) -> float:
        return self._facts.now if self._facts.readings is None else self._facts.readings.at

    def _is_here(self, labels: Mapping[str, str]) -> bool:
        """Whether a copy belongs to the environment that is asked for; one that names none belongs to all."""
        return all(labels.get(name) in (None, "", self._request.environment) for name in _ENVIRONMENT_LABELS)
