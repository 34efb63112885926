"""Everything that can be wrong with what people write, and with writing what we made of it.

A fault says where it stands, what is wrong and what was expected. All faults of a run travel together in one
`SpecErrors`; nothing is written when there is one.
"""

from __future__ import annotations

from dataclasses import dataclass


class TillwatchError(Exception):
    """Base of the errors that a caller of the generators may catch; never raised itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and its place.

    `line` and `column` count from 1; 0 means that the fault concerns the file as a whole.
    `where` is the path inside the document, as its author wrote it: `slos[0].objective`.
    """

    path: str
    line: int = 0
    column: int = 0
    where: str = ""
    message: str

    def __str__(self) -> str:
        path = _one_line(self.path)
        place = f"{path}:{self.line}:{self.column}" if self.line else path
        return ": ".join(filter(None, (place, _one_line(self.where), _one_line(self.message))))


MAX_SHOWN = 400
"""Characters of a path, a place or a message that are shown: a query may be 32,768 long."""


def _one_line(text: str) -> str:
    """*text* on one line, without signs that a terminal would obey."""
    shown = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return shown if shown.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


class SpecErrors(TillwatchError):
    """Every fault found in the inputs, in the order of their files and places.

    What aliases and merges repeat is one fault: one edit mends it.
    """

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        once: dict[tuple[str, int, int, str], Fault] = {}
        for fault in faults:
            once.setdefault((fault.path, fault.line, fault.column, fault.message), fault)
        self.faults = tuple(sorted(once.values(), key=lambda f: (f.path, f.line, f.column)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class QueryError(TillwatchError):
    """A query that Prometheus would refuse or that has the wrong type."""


class OutputError(TillwatchError):
    """The output folder cannot be written as asked; what was there before is untouched."""


class ContentLost(OutputError):
    """A file of ours holds what the new one would not hold and nobody asked to lose."""


class EngineError(TillwatchError):
    """The real sloth is missing, or refused what it was given."""


class GitError(TillwatchError):
    """The specs of an earlier commit cannot be had."""
