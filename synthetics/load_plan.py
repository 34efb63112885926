"""What a load run is to be: who comes, how often, for how long, in which processes, and what is made of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthetics.claim import Traffic
from synthetics.course import Course, Stampede
from synthetics.generators import Arrangement
from synthetics.keys import Keys

# Rows of a report: more would not be told apart.
MAX_ROWS = 600
# A stampede ends by itself, long before this.
STAMPEDE_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Regulars:
    """So many users, who each come again and again. rate: requests per second of all of them; None: they think."""

    users: int
    rate: float | None
    journeys: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """*who* comes to *host*: visits that arrive as a course says, a stampede, or regulars.

    shape:    the name by which it was asked for. document: the shape as YAML has it.
    peak:     visits per second at the busiest, of a course. at_once: how many may be under way.
    workers:  processes beside the one that keeps the book; 0: that one does it all. expected, bind: they are not
              started here, but come in at that address.
    keys:     None: of users, who sign nothing.
    allowed:  hosts beyond this machine that somebody has named.
    lead_seconds: at the beginning at which the verdict does not look: visits take a while, and a rate is whole later.
    prometheus: where the verdict and the saturation come from; "": there are none.
    """

    host: str
    who: Course | Stampede | Regulars
    shape: str
    seconds: int
    document: Mapping[str, Any] = field(default_factory=dict)
    peak: float = 0.0
    at_once: int = 0
    workers: int = 0
    expected: int = 0
    bind: tuple[str, int] | None = None
    traffic: Traffic = Traffic.LOAD
    keys: Keys | None = None
    allowed: tuple[str, ...] = ()
    lead_seconds: int = 0
    prometheus: str = ""
    report: Path | None = None

    @property
    def model(self) -> str:
        """Open: visits come whatever the shop does. Closed: users wait for their answers before they go on."""
        return "closed" if isinstance(self.who, Regulars) else "open"

    @property
    def row_seconds(self) -> int:
        """How long a row of the report is."""
        return max(1, -(-self.seconds // MAX_ROWS))


def arrangement(plan: LoadPlan) -> Arrangement:
    """The processes of *plan*, and what they are told."""
    who = plan.who
    options = ["--traffic", plan.traffic.value, "--row-seconds", str(plan.row_seconds)]
    processes = plan.expected or plan.workers or 1
    users, kind, seconds = processes, "Arriving", plan.seconds
    if isinstance(who, Course):
        options += ["--shape-json", json.dumps(plan.document), "--peak", f"{plan.peak:.6f}"]
        options += ["--whole-seconds", str(plan.seconds), "--at-once", str(plan.at_once)]
    elif isinstance(who, Stampede):
        options += ["--shape-json", json.dumps(plan.document)]
        kind = "Stampeding"
    else:
        options += ["--journeys-json", json.dumps(dict(who.journeys)), "--request-rate", f"{who.rate or 0:.9f}"]
        options += ["--all-users", str(who.users)]
        users, kind = who.users, "Regulars"
    return Arrangement(
        host=plan.host,
        user_class=kind,
        users=users,
        seconds=seconds,
        options=tuple(options),
        workers=plan.workers,
        expected=plan.expected,
        bind=plan.bind,
    )
