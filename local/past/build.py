"""Builds the past once and keeps it: events of each slice, a block of each piece; lays it into Prometheus' folder.

    <history>/<digest>-<anchor>/events/<slice>.npz      events of each SLO, minute by minute
    <history>/<digest>-<anchor>/blocks/<start>-<end>/   one block, as promtool made it

Everything is made aside and renamed, so that what has its name is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from local.errors import Refused
from local.past import blocks, contents, kpis, model, requests, timeline
from local.past.blocks import Written
from local.past.draw import Floats, draw
from local.past.events import Counted, count, countable
from local.past.records import recorded
from local.past.timeline import DAY, MINUTE, SLICE_SECONDS, Piece
from local.settings import Settings
from slo import load
from slo.model import Kpi, Slo
from synthetics import shape

# A build that took longer is brought up to the minute again, which takes a second or two.
TOP_UP_SECONDS = MINUTE / 2
# A past whose incidents lie further back than this is built anew.
ANCHOR_SECONDS = 14 * DAY
WORKERS = 2
ENGINE = (
    "budget",
    "conventions",
    "event_records",
    "event_series",
    "kpi_rules",
    "request_records",
    "rule_context",
    "rules",
    "windows",
)
OTHERS = 2  # pasts of other specs that are kept: somebody may work on two branches
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What was laid down: from *start* to *end* (Unix seconds); *uncounted*: SLOs and KPIs that have no past."""

    start: int
    end: int
    uncounted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a past is made for. *folder*: where it is kept; *specs*: whose SLOs; *anchor*: before it lie incidents.

    digest: of what it was made of when it was planned, so that somebody who edits meanwhile tears nothing.
    """

    folder: Path
    specs: Path
    anchor: float
    digest: str

    @property
    def kept(self) -> Path:
        """Where its parts are kept."""
        return self.folder / f"{self.digest}-{int(self.anchor)}"


def plan(settings: Settings, *, now: float) -> Plan:
    """The plan for this machine, *now*: an earlier one goes on while its incidents are not too far back."""
    specs = settings.root / "slo" / "specs"
    made_of = digest(specs)
    anchors = [int(found.name.partition("-")[2]) for found in settings.history.glob(f"{made_of}-*")]
    fit = [anchor for anchor in anchors if 0 <= now - anchor < ANCHOR_SECONDS]
    return Plan(folder=settings.history, specs=specs, anchor=max(fit, default=int(now)), digest=made_of)


def place(plan: Plan, data: Path, *, clock: Callable[[], float], say: Say = lambda text: None) -> Seeded:
    """Lay the past that ends now into *data*, which must not be there yet; what is missing of it is built.

    Args:    clock: Unix seconds.
    Raises:  Refused: *data* is there, or promtool is not.  StartFailed: a block was not made.
    """
    if data.exists():
        raise Refused(f"{data} is there already: a past is laid into a new folder only")
    with _locked(plan.folder):
        now = clock()
        done = build(plan, now=now, say=say)
        if clock() - now > TOP_UP_SECONDS:
            # The first build takes minutes, and budgets would be away for as long where the past ends.
            now = clock()
            done = build(plan, now=now, say=say)
        stage = data.with_name(f"{data.name}.new")
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(parents=True)
        for block in done:
            for found in block.iterdir():
                shutil.copytree(found, stage / found.name, copy_function=_linked)
        stage.replace(data)
    catalogue = load.load([str(plan.specs)])
    uncounted = (*countable(catalogue)[1], *kpis.countable(catalogue)[1])
    last = int(now) // MINUTE * MINUTE
    return Seeded(start=timeline.first_slice(now) * SLICE_SECONDS, end=last, uncounted=uncounted)


def keep(plan: Plan, *, clock: Callable[[], float], say: Say = lambda text: None) -> None:
    """Build what is missing of the past, so that those who lay it down next need not.

    Raises:  Refused: promtool is not there.  StartFailed: a block was not made.
    """
    with _locked(plan.folder):
        build(plan, now=clock(), say=say)


def build(plan: Plan, *, now: float, say: Say = lambda text: None) -> list[Path]:
    """The folder of each piece's block, in order; those that were missing are made, what is no longer needed goes."""
    wanted = list(timeline.pieces(now))
    _forget(plan, wanted)
    for folder in ("events", "blocks"):
        (plan.kept / folder).mkdir(parents=True, exist_ok=True)
    slices = sorted({piece.slice for piece in wanted})
    missing = [number for number in slices if not _events_file(plan, number).exists()]
    unmade = [piece for piece in wanted if not (timeline.is_whole(piece) and _block(plan, piece).exists())]
    began, jobs = time.monotonic(), len(missing) + len(unmade)
    if len(unmade) > 1:
        say(f"{len(unmade)} blocks to build")
    with ProcessPoolExecutor(WORKERS, initializer=_end_with_parent) as pool:
        for number, _ in enumerate(pool.map(partial(_count, plan), missing), start=1):
            _tell(say, number, jobs)
        first = min(slices)
        groups = [[piece for piece in unmade if piece.slice == number] for number in slices]
        done = len(missing)
        for made in pool.map(partial(_make, plan, first), [group for group in groups if group]):
            done += made
            _tell(say, done, jobs)
    say(f"{len(unmade)} blocks built in {time.monotonic() - began:.1f} s")
    return [_block(plan, piece) for piece in wanted]


def _tell(say: Say, done: int, jobs: int) -> None:
    if jobs > 4:
        say(f"{done} of {jobs} steps")


def _end_with_parent() -> None:
    """Have this worker end when the process that builds does, by whatever signal: it holds the lock, too."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _count(plan: Plan, number: int) -> None:
    """Count the events of one slice, and what KPIs count, and keep them."""
    catalogue = load.load([str(plan.specs)])
    drawn = draw(model.load(), number, plan.anchor)
    found: dict[str, Floats] = {}
    for slo in countable(catalogue)[0]:
        counted = count(slo, drawn)
        found |= {f"{slo.id}/bad": counted.bad, f"{slo.id}/total": counted.total}
    for kpi in kpis.countable(catalogue)[0]:
        found[_key(kpi)] = np.array(kpis.count(kpi, drawn))
    file = _events_file(plan, number)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".new", delete=False) as new:
        np.savez_compressed(new, allow_pickle=False, **found)
    Path(new.name).replace(file)


def _make(plan: Plan, first: int, pieces: Sequence[Piece]) -> int:
    """Make the blocks of *pieces*, all of one slice; returns how many."""
    number = pieces[0].slice
    catalogue = load.load([str(plan.specs)])
    events = [np.load(_events_file(plan, each)) for each in range(first, number + 1)]
    past = [_recorded(slo, events) for slo in countable(catalogue)[0]]
    past += [_kpi_recorded(kpi, events) for kpi in kpis.countable(catalogue)[0]]
    drawn, raw = draw(model.load(), number, plan.anchor), any(piece.raw for piece in pieces)
    before = draw(model.load(), number - 1, plan.anchor) if number > first else []
    answered = [Written(each.name, each.labels, each.values) for each in requests.recorded(drawn, before, routes=raw)]
    for piece in pieces:
        target = _block(plan, piece)
        with tempfile.TemporaryDirectory(dir=plan.kept, prefix="making-") as folder:
            text, made = Path(folder) / "text", Path(folder) / "made"
            step = MINUTE if piece.raw else 2 * MINUTE
            times = range(piece.start, piece.end, step)
            with text.open("w", encoding="utf-8") as file:
                blocks.write(file, contents.of(piece, step, past, answered, drawn, first), times)
            blocks.make(text, made)
            shutil.rmtree(target, ignore_errors=True)  # an unfinished piece's of before
            made.replace(target)
    return len(pieces)


def _key(kpi: Kpi) -> str:
    return f"kpi/{kpi.service}/{kpi.name}"


def _kpi_recorded(kpi: Kpi, events: Sequence[Mapping[str, np.ndarray]]) -> list[Written]:
    grown = np.concatenate([each[_key(kpi)] for each in events], axis=1)
    return [Written(each.name, each.labels, each.values) for each in kpis.recorded(kpi, list(grown))]


def _recorded(slo: Slo, events: Sequence[Mapping[str, np.ndarray]]) -> list[Written]:
    parts = [Counted(each[f"{slo.id}/bad"], each[f"{slo.id}/total"]) for each in events]
    return [Written(each.name, each.labels, each.values) for each in recorded(slo, Counted.joined(parts))]


def _events_file(plan: Plan, number: int) -> Path:
    return plan.kept / "events" / f"{number}.npz"


def _block(plan: Plan, piece: Piece) -> Path:
    # One that is unfinished is made anew each time: under one name, so that they do not pile up.
    return plan.kept / "blocks" / (piece.name if timeline.is_whole(piece) else "unfinished")


def _forget(plan: Plan, wanted: Sequence[Piece]) -> None:
    """Remove what no start will ask for again: other pasts but the newest, old slices, what a killed build has left."""
    others = sorted(
        (each for each in plan.folder.glob("*-*") if each != plan.kept), key=lambda each: each.stat().st_mtime
    )
    for other in others[:-OTHERS]:
        shutil.rmtree(other)
    keep = {_block(plan, piece) for piece in wanted} | {_events_file(plan, piece.slice) for piece in wanted}
    for found in (*plan.kept.glob("blocks/*"), *plan.kept.glob("events/*"), *plan.kept.glob("making-*")):
        if found not in keep:
            shutil.rmtree(found) if found.is_dir() else found.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Nobody else builds meanwhile; whoever comes second waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(specs: Path) -> str:
    """Names everything that a past is made of."""
    found = hashlib.sha256()
    for path in sources(specs):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def sources(specs: Path) -> list[Path]:
    """The files that a past is made of: a change of one makes another past."""
    own = sorted(path for path in model.FOLDER.iterdir() if path.suffix in (".py", ".yaml"))
    # The rules' own sources: their names and windows are in every record.
    engine = [Path(load.__file__).with_name(f"{name}.py") for name in ENGINE]
    return [*own, *engine, Path(shape.__file__), model.DAY, *sorted(specs.glob("*.yaml"))]


def _linked(source: str, target: str) -> None:
    """A second name for a file that Prometheus removes but never writes to; elsewhere a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
