"""What the page was started with, put together: whom it asks, whom it tells, and what it may break."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from budget.ops.alertmanager import Alertmanagers
from budget.ops.board import Board, Server
from budget.ops.drills import Drills
from budget.ops.faults import Faults
from budget.ops.fire_alarm import FireAlarm
from budget.ops.gates import Gate
from budget.ops.incidents import Incidents
from budget.ops.runbooks import Runbooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that the page can ask or do. jaeger: where traces are looked at; empty where nobody keeps them so.

    faults, drills: None where nothing may be broken from here.
    """

    server: Server
    alertmanagers: Alertmanagers
    incidents: Incidents
    gate: Gate
    runbooks: Runbooks
    environment: str
    jaeger: str = ""
    faults: Faults | None = None
    drills: Drills | None = None
    alarm: FireAlarm = field(default_factory=FireAlarm)
    clock: Callable[[], float] = time.time

    def board(self) -> Board:
        """What it shows."""
        return Board(
            server=self.server,
            alertmanagers=self.alertmanagers,
            incidents=self.incidents,
            gate=self.gate,
            faults=self.faults,
            clock=self.clock,
        )
