"""What commands share on the command line: faults of usage, where specs are, and what to do where nobody answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from budget.errors import BudgetError, Unreachable
from budget.plain_text import printable

SPECS = Path(__file__).resolve().parents[1] / "slo" / "specs"
PLAIN_COLUMNS = 1000  # a pipe has no width of its own: every column is there, and a row stays one line
Value = TypeVar("Value")


def or_usage(read: Callable[..., Value], *given: object) -> Value:
    """What *read* makes of *given*; what it refuses is a usage error.

    Raises:  click.UsageError.
    """
    try:
        return read(*given)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None


def advice(error: BudgetError) -> str:
    """What went wrong, and what to do where that helps: on one line, and harmless."""
    hint = ": start it with make demo, or name another with --prometheus" if isinstance(error, Unreachable) else ""
    return printable(f"{error}{hint}")
