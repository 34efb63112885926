"""The command line of `./generate.py`: lists and joins the commands."""

from __future__ import annotations

import click

from commands import build, check, diff, new_runbook, preview, schema, validate


class _Group(click.Group):
    """`build` is what happens when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["build", *args]
        return super().parse_args(ctx, args)


_COMMANDS = (
    build.build,
    check.check,
    diff.diff,
    new_runbook.new_runbook,
    preview.preview,
    schema.schema,
    validate.validate,
)


@click.group(cls=_Group, commands=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn specs into Prometheus rules with unit tests, alerts and the Alertmanager configuration."""
