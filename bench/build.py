"""CPU, wall time and memory of turning specs into rules: `generate.py build` beside `sloth generate`."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import specs
from bench.cost import Cost, cost
from bench.errors import ProgramFailed
from bench.plan import Plan
from bench.programs import program
from bench.table import Row

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10, 100, 1000, 5000)
PEAK_FROM = 1000
FULL_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Medians:
    """The middle of several runs of each side."""

    ours: Cost
    sloth: Cost


def measure(plan: Plan) -> Iterator[Row]:
    """`build_cpu_N`, `build_peak_N`, `build_wall_1000` and the full build."""
    with tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as name:
        for size in SIZES:
            folder = Path(name) / str(size)
            specs.write(folder / "specs", size)
            yield from _size(folder, size, 3 if plan.quick and size == max(SIZES) else 5, plan)


def _size(folder: Path, size: int, runs: int, plan: Plan) -> Iterator[Row]:
    plan.say(f"building {size} SLOs, {runs} times each")
    rules = alternating(folder, size, runs, only="rules,alerts")
    yield Row(name=f"build_cpu_{size}", unit="CPU s", ours=rules.ours.cpu_seconds, peer=rules.sloth.cpu_seconds)
    if size >= PEAK_FROM:
        yield Row(name=f"build_peak_{size}", unit="MiB", ours=rules.ours.peak_mib, peer=rules.sloth.peak_mib)
    if size == FULL_SIZE:
        yield Row(name=f"build_wall_{size}", unit="s", ours=rules.ours.wall_seconds, peer=rules.sloth.wall_seconds)
        everything = alternating(folder, size, 3 if plan.quick else 5, only="")
        yield Row(
            name=f"build_all_cpu_{size}",
            unit="CPU s",
            ours=everything.ours.cpu_seconds,
            peer=everything.sloth.cpu_seconds,
        )


def alternating(folder: Path, size: int, runs: int, only: str) -> Medians:
    """Both sides on *folder*/specs, one after the other, *runs* times, after one run each that does not count.

    Args:    only: the kinds that ours writes; "" for all that it knows.
    """
    ours: list[Cost] = []
    sloth: list[Cost] = []
    for run in range(runs + 1):
        for side, results in ((_ours, ours), (_sloth, sloth)):
            with tempfile.TemporaryDirectory(dir=folder) as out:
                found = side(folder / "specs", Path(out), only)
                files = len(list(Path(out).rglob("service-*.yaml")))
                if files < size // specs.SLOS_A_FILE:
                    raise ProgramFailed(f"{side.__name__} wrote {files} files for {size} SLOs")
            if run:  # the first fills the caches of files and bytecode
                results.append(found)
    return Medians(_median(ours), _median(sloth))


def _ours(source: Path, out: Path, only: str) -> Cost:
    chosen = ["--only", only] if only else []
    # The environment's own python: what a version manager takes to find the system's is not part of the build.
    command = [sys.executable, "generate.py", "build", "--specs", str(source), "--out", str(out / "generated"), *chosen]
    return cost(command, folder=ROOT)


def _sloth(source: Path, out: Path, _only: str) -> Cost:
    return cost([program("sloth"), "generate", "-i", str(source), "-o", str(out)])


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        cpu_seconds=statistics.median(each.cpu_seconds for each in costs),
        wall_seconds=statistics.median(each.wall_seconds for each in costs),
        peak_mib=statistics.median(each.peak_mib for each in costs),
    )
