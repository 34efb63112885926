"""A group of commands whose modules are imported when they are asked for.

Reading specs takes half a second to import, which a status that is shown every few seconds does not need.
"""

from __future__ import annotations

from importlib import import_module

import click

# The module of each; the command has its name there.
_MODULES = {
    "backtest": "budget.backtest_command",
    "gate": "budget.gate_command",
    "postmortem": "budget.postmortem_command",
    "report": "budget.report_command",
    "serve": "budget.serve_command",
    "verdict": "budget.verdict_command",
}


class OnDemand(click.Group):
    """The commands that were added to it, and those of `_MODULES`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, for --help."""
        return sorted({*super().list_commands(ctx), *_MODULES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, if there is one."""
        if cmd_name not in _MODULES:
            return super().get_command(ctx, cmd_name)
        found = getattr(import_module(_MODULES[cmd_name]), cmd_name)
        assert isinstance(found, click.Command)
        return found
