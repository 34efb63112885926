"""Everything that people declared: specs, alerts and routing together."""

from __future__ import annotations

from dataclasses import dataclass

from slo.alert_model import AlertFile, ThresholdAlert
from slo.model import Slo, Spec, SpecFile
from slo.routing_model import Routing, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Valid and complete. `routing` is None where only specs were given: nothing then asks for teams or runbooks."""

    files: tuple[SpecFile, ...]
    alert_files: tuple[AlertFile, ...] = ()
    routing: Routing | None = None

    @property
    def specs(self) -> tuple[Spec, ...]:
        """Every document, in the order of files."""
        return tuple(spec for file in self.files for spec in file.specs)

    @property
    def slos(self) -> tuple[Slo, ...]:
        """Every SLO, in the order of files and documents."""
        return tuple(slo for file in self.files for slo in file.slos)

    @property
    def alerts(self) -> tuple[ThresholdAlert, ...]:
        """Every threshold alert, in the order of files."""
        return tuple(alert for file in self.alert_files for alert in file.alerts)

    @property
    def teams(self) -> tuple[Team, ...]:
        """Every team that can be woken, by name."""
        return self.routing.teams if self.routing is not None else ()
