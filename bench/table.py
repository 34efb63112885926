"""The rows of the bench: on the screen as one table, and in a file for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from local.shop import SERVICES


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure beside its peer's. `ratio` is ours / peer: below 1, ours is less."""

    name: str
    unit: str
    ours: float
    peer: float
    peer_name: str = "sloth 0.16.0"
    at: str = field(default_factory=_now)

    @property
    def ratio(self) -> float | None:
        """None where the peer is nought."""
        return self.ours / self.peer if self.peer else None

    def as_dict(self) -> dict[str, object]:
        """The row as it stands in the file."""
        shown = asdict(self) | {"ours": _rounded(self.ours), "peer": _rounded(self.peer)}
        at = shown.pop("at")
        return shown | {"ratio": None if self.ratio is None else _rounded(self.ratio), "at": at}


@dataclass(frozen=True, slots=True)
class Bound:
    """What a row must keep: at most this in its own unit, or at most or least this ratio. Source: the design."""

    ours: float | None = None
    ratio: float | None = None
    least_ratio: float | None = None

    def kept(self, row: Row) -> bool:
        """Whether *row* is within the bound."""
        if self.ours is not None and row.ours > self.ours:
            return False
        if self.least_ratio is not None and row.ratio is not None and row.ratio < self.least_ratio:
            return False
        return self.ratio is None or row.ratio is None or row.ratio <= self.ratio

    def __str__(self) -> str:
        if self.least_ratio is not None:
            return f"≥ {self.least_ratio:.2g} ×"
        return f"≤ {self.ours:g}" if self.ours is not None else f"≤ {self.ratio:.2g} ×"


BOUNDS = {
    "build_cpu_1000": Bound(ratio=0.8),
    "build_cpu_5000": Bound(ratio=0.8),
    "build_peak_5000": Bound(ours=150),
    "samples_100": Bound(ratio=1 / 50),
    "samples_1000": Bound(ratio=1 / 60),
    "budget_error_peak": Bound(ours=0.01),
    "budget_error_trough": Bound(ours=0.01),
    "budget_error_600ph": Bound(ours=0.01),
    "detect_outage_lag": Bound(ours=0.5),
    "detect_outage_240ph_lag": Bound(ours=0.5),
    "false_pages_60rph": Bound(ours=0.1),
    "shop_telemetry_rps": Bound(least_ratio=0.85),
    "platform_ready": Bound(ours=20),
    "platform_pss": Bound(ours=1.3e9 / 2**20),
    **{f"shop_pss_{service}": Bound(ours=110) for service in SERVICES},
    **{f"shop_series_{service}": Bound(ours=5000) for service in SERVICES},
}


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table."""
    table = Table(title="Tillwatch beside sloth", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("measurement", no_wrap=True)
    for heading in ("ours", "peer", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("must be", no_wrap=True)
    for row in rows:
        bound = bound_of(row)
        verdict = "" if bound is None else f"[{'green' if bound.kept(row) else 'red'}]{bound}[/]"
        ratio = "–" if row.ratio is None else _short(row.ratio)
        table.add_row(row.name, _short(row.ours), _short(row.peer), ratio, row.unit, verdict)
    console.print(table)


def broken(rows: Iterable[Row]) -> list[str]:
    """Names of the rows that do not keep their bound."""
    return [row.name for row in rows if (bound := bound_of(row)) is not None and not bound.kept(row)]


def bound_of(row: Row) -> Bound | None:
    """What *row* must keep. Of each dashboard's questions, the limit stands beside them as the peer."""
    return Bound(ratio=1) if row.name.startswith("dashboard_questions_") else BOUNDS.get(row.name)


def write(rows: Sequence[Row], path: Path) -> None:
    """Put *rows* into the JSON list at *path*; rows of other names that stand there stay, in their place."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    fresh = {row.name: row.as_dict() for row in rows}
    merged = [fresh.pop(old["name"], old) for old in stored] + list(fresh.values())
    path.parent.mkdir(parents=True, exist_ok=True)
    stage = path.with_name(path.name + ".new")
    stage.write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")
    stage.replace(path)


def _short(value: float) -> str:
    """A few significant digits, as people read them: 4.28 M, 0.031, 1.3e-05."""
    if value >= 1e6:
        return f"{value / 1e6:,.4g} M"
    return f"{value:.1e}" if 0 < value < 0.001 else f"{value:.3g}"


def _rounded(value: float) -> float:
    """Five significant digits: more would be noise in the history of the file."""
    return float(f"{value:.5g}")
