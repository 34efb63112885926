"""How the visits of `probe --once` went: a table on a terminal, a line each elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from synthetics.journey import Outcome

Row = Callable[[Mapping[str, Any]], None]
_COLOURS = {Outcome.PASSED: "green", Outcome.SLOW: "yellow", Outcome.FAILED: "red"}


@contextmanager
def table(journeys: Sequence[str], file: TextIO) -> Iterator[Row]:
    """Takes each visit's line, as data, when it ends."""
    if not file.isatty():
        yield lambda visited: print(_plain(visited, max(map(len, journeys))), file=file, flush=True)
        return
    from rich.live import Live  # noqa: PLC0415  it takes longer than all else here, and only people look at it

    found: dict[str, Mapping[str, Any]] = {}
    with Live(_drawn(journeys, found), refresh_per_second=8) as live:

        def row(visited: Mapping[str, Any]) -> None:
            found[visited["journey"]] = visited
            live.update(_drawn(journeys, found), refresh=True)

        yield row


def _why(visited: Mapping[str, Any]) -> str:
    """Why it did not pass, and where to look; "" where it did."""
    cleaned = "what it left was not cleared away" if visited["clean_up"] == "failed" else ""
    said = ": ".join(filter(None, (visited["step"], visited["error"])))
    found = "; ".join(filter(None, (said, cleaned)))
    return f"{found} (trace {visited['trace_id']})" if found else ""


def _plain(visited: Mapping[str, Any], width: int) -> str:
    return (
        f"{visited['journey']:<{width}}  {visited['outcome']:<6}  {visited['seconds']:6.2f} s  {_why(visited)}".rstrip()
    )


def _drawn(journeys: Sequence[str], found: Mapping[str, Mapping[str, Any]]) -> Any:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table("Journey", "Outcome", "Seconds", "Why")
    for name in journeys:
        if name not in found:
            drawn.add_row(name, "…", "", "")
            continue
        visited = found[name]
        outcome = Text(visited["outcome"], style=_COLOURS[Outcome(visited["outcome"])])
        # What the shop said is text, and no markup.
        drawn.add_row(name, outcome, f"{visited['seconds']:.2f}", Text(_why(visited)))
    return drawn
