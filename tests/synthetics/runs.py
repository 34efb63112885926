"""Runs `python -m synthetics load` as people do, and reads what it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.shop_run import SECRETS
from tests.services.running import ROOT

PROBE_KEY = "a-probe-key-for-tests-alone"
SIGNED = {"TRAFFIC_KEY": SECRETS["TRAFFIC_KEY"], "PROBE_KEY": PROBE_KEY}


def load_command(*options: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "synthetics", "load", *options]


def load(
    *options: str, environ: dict[str, str] | None = None, timeout: float = 90
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end, with the keys of the shops of tests."""
    return subprocess.run(
        load_command(*options),
        cwd=ROOT,
        env=os.environ | SIGNED | (environ or {}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def report(folder: Path) -> dict[str, Any]:
    """The JSON of a run's report."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def said(run: "subprocess.CompletedProcess[str]") -> str:
    """All that the command wrote."""
    return run.stdout + run.stderr
