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
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{place}: {self.where}: {self.message}" if self.where else f"{place}: {self.message}"


class SpecErrors(TillwatchError):
    """Every fault found in the inputs, in the order of their files and places."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = tuple(sorted(faults, key=lambda f: (f.path, f.line, f.column)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class QueryError(TillwatchError):
    """A query that Prometheus would refuse or that has the wrong type."""


class OutputError(TillwatchError):
    """The output folder cannot be written as asked; what was there before is untouched."""


class EngineError(TillwatchError):
    """The real sloth is missing, or refused what it was given."""
