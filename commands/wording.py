"""How every command speaks: numbers with their nouns, and faults with their places."""

from __future__ import annotations

import json

import click

from slo.errors import SpecErrors, TillwatchError


def count(number: int, what: str) -> str:
    """*number* and its noun, as in `1 file`, `2 files`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


class Faults(click.ClickException):
    """Faults in what people wrote: exit code 1, one line each on stderr, or JSON on stdout.

    `outcome` says what became of the output.
    """

    exit_code = 1

    def __init__(self, error: TillwatchError, as_json: bool, outcome: str = "") -> None:
        super().__init__(str(error))
        self._faults = error.faults if isinstance(error, SpecErrors) else ()
        self._json, self._outcome = as_json, outcome

    def show(self, file: object = None) -> None:
        """Say them; click calls this before the process ends."""
        if self._json:
            fields = ("path", "line", "column", "where", "message")
            listed = [{name: getattr(fault, name) for name in fields} for fault in self._faults]
            click.echo(json.dumps({"faults": listed or [{"message": self.message}]}, indent=2))
            return
        click.echo(self.message, err=True)
        if self._faults:
            files = len({fault.path for fault in self._faults})
            click.echo(f"{count(len(self._faults), 'fault')} in {count(files, 'file')}{self._outcome}", err=True)
