"""What the gate would say of a release of each service, without asking it as a process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from budget import gate_facts
from budget.gate import decide
from budget.gate_decision import Decision, Request
from budget.gate_rules import Finding
from budget.ops.reread import Reread
from budget.policy import RuleName
from budget.readings import Source
from slo.catalogue import Catalogue
from slo.errors import TillwatchError
from slo.load import load


class Gate:
    """The specs in one folder, as they are when it is asked, and the environment that releases go to."""

    def __init__(self, specs: Path, environment: str) -> None:
        self._environment = environment
        # Only names are read, as the gate's own command does.
        self._specs = Reread(specs, lambda: load([str(specs)], plugins=True, runbooks=False))

    @property
    def seeded_counts(self) -> bool:
        """Whether a seeded past counts there."""
        return Request(service="", environment=self._environment).seeded_counts

    def decisions(self, source: Source, *, now: float, others: Iterable[str] = ()) -> tuple[Decision, ...]:
        """The answer for each service, the gravest first; a server that does not answer holds them all.

        Args:    others: services that are known where the specs cannot be read.
        """
        catalogue, faults = self._read()
        services = sorted(set(others) if catalogue is None else {slo.service for slo in catalogue.slos})
        facts = gate_facts.ask(source, services, seeded_counts=self.seeded_counts, now=now)
        facts = replace(facts, faults=(*faults, *facts.faults))
        found = [
            decide(Request(service=service, environment=self._environment), facts, catalogue) for service in services
        ]
        return tuple(sorted(found, key=lambda each: (-each.outcome, each.request.service)))

    def _read(self) -> tuple[Catalogue | None, tuple[Finding, ...]]:
        """The specs; or why they cannot be read."""
        try:
            return self._specs.get(), ()
        except TillwatchError as error:
            first, *more = str(error).splitlines()
            says = f"the specs cannot be read: {first}{f' (and {len(more)} more faults)' if more else ''}"
            return None, (Finding(rule=RuleName.UNREADABLE, says=says),)
