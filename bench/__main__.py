"""`python -m bench`: runs the measurements, prints one table of ratios, writes results.json."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console

from bench import budget_error, build, dashboards, detection, door, false_pages, platform, samples, shop, table
from bench.errors import BenchError
from bench.plan import Plan
from bench.table import Row

RESULTS = Path(__file__).with_name("results.json")
MEASUREMENTS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "build": build.measure,
    "samples": samples.measure,
    "budget": budget_error.measure,
    "detection": detection.measure,
    "alerts": false_pages.measure,
    "shop": shop.measure,
    "door": door.measure,
    "platform": platform.measure,
    "dashboards": dashboards.measure,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(MEASUREMENTS)), metavar="[NAME]…")
@click.option("--quick", is_flag=True, help="Fewer runs and months; results.json is left alone.")
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows here.")
def main(names: tuple[str, ...], quick: bool, path: Path | None) -> None:
    """Measure Tillwatch beside the real sloth, and the shop beside bare Flask; everything when nothing is named."""
    _end_children_when_told()
    progress = Console(stderr=True)
    plan = Plan(quick=quick, say=lambda text: progress.print(f"==> {text}", style="dim", markup=False))
    rows: list[Row] = []
    try:
        for name in names or MEASUREMENTS:
            rows.extend(MEASUREMENTS[name](plan))
    except BenchError as error:
        raise click.ClickException(str(error)) from error
    table.show(rows, Console())
    target = path or (None if quick else RESULTS)
    if target:
        table.write(rows, target)
        progress.print(f"==> {len(rows)} rows in {target}", style="dim", markup=False)
    if broken := table.broken(rows):
        progress.print(f"==> not within their bounds: {', '.join(broken)}", style="red")


def _end_children_when_told() -> None:
    """A termination unwinds as Ctrl-C does; a shell that starts us in the background has that one ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


if __name__ == "__main__":
    main(prog_name="python -m bench")
