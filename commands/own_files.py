"""Where this project keeps its own specs and output, and when they are meant although nobody named them."""

from __future__ import annotations

import os
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
SPECS = os.path.relpath(ROOT / "slo" / "specs")
ROUTING = os.path.relpath(ROOT / "alerts" / "routing.yaml")
ALERTS = os.path.relpath(ROOT / "alerts" / "specs")
OUT = os.path.relpath(ROOT / "generated")
DEPLOYED = "generated/alertmanager/alertmanager.yaml"  # what an earlier commit's code made of its own specs


def output_folder(out: str | None, specs: str) -> str:
    """The folder that is written or compared: `generated/` belongs to this project's own specs.

    Args:    out: what --out says, if anything. specs: what --specs says.
    Returns: *out*, or our own folder where *specs* are our own.
    Raises:  click.UsageError: somebody else's specs, and no *out*.
    """
    if out is None and os.path.realpath(specs) != os.path.realpath(SPECS):
        raise click.UsageError(f"--specs {specs} needs --out too: {OUT} holds what {SPECS} says")
    return OUT if out is None else out


def beside(specs: str, routing: str | None, alerts: str | None) -> tuple[str | None, str | None]:
    """Routing and alerts: this project's own go with its own specs alone, for others have teams of their own.

    Args:    specs, routing, alerts: what the options of these names say, None for what was not named.
    Returns: the routing file and the folder of alerts that are read, None for none.
    """
    if os.path.realpath(specs) == os.path.realpath(SPECS):
        return routing or ROUTING, alerts or (ALERTS if Path(ALERTS).is_dir() else None)
    return routing, alerts
