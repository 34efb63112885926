"""Commands are imported when they are asked for."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from budget.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


def test_status_loads_no_specs() -> None:
    """What only other commands need would make it twice as slow to start."""
    asked = "import sys, budget.__main__; print([name for name in ('pydantic', 'slo.load') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["gate", "status", "verdict"])
def test_every_command_is_listed_and_helps(command: str) -> None:
    """In the list of all, and by itself."""
    assert f"\n  {command} " in CliRunner().invoke(main, ["--help"]).stdout
    helped = CliRunner().invoke(main, [command, "-h"])
    assert (helped.exit_code, "--prometheus URL" in helped.stdout) == (0, True)


def test_an_unknown_command_is_wrong_usage() -> None:
    """Exit code 2, as ever."""
    assert CliRunner().invoke(main, ["verdicts"]).exit_code == 2
