"""The repository's own files say what the project does: lint rules, locked parts, prerequisites, commands."""

import re
import subprocess
import tomllib
from pathlib import Path

from tools import pins

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# G5's parts that are in use; each issue that brings another adds it.
PARTS = ["flask", "jinja2", "locust", "prometheus-client", "pytest", "python-json-logger", "pyyaml"]


def test_ruff_selects_the_rules_of_flake8_and_pylint():
    """flake8's pycodestyle, pyflakes and complexity, pylint's rules and black's format are all linted."""
    assert {"E", "W", "F", "C90", "PL"} <= set(PROJECT["tool"]["ruff"]["lint"]["select"])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^\t.*ruff check", makefile, re.MULTILINE)
    assert re.search(r"^\t.*ruff format --check", makefile, re.MULTILINE)


def test_coverage_watches_every_package():
    """Coverage counts each top-level package of ours but the bench, which is a measurement itself."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench"}
    assert set(PROJECT["tool"]["coverage"]["run"]["source"]) >= packages


def test_the_parts_that_were_asked_for_are_locked():
    """Each named library that is in use stands in the lock of the one environment."""
    lock = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
    assert [part for part in PARTS if not re.search(rf"^{part}==", lock, re.MULTILINE)] == []


def test_the_licence_is_mit():
    """The licence file and the package's metadata agree."""
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
    assert PROJECT["project"]["license"] == "MIT"


def test_the_prerequisites_name_the_versions_that_are_checked():
    """CONTRIBUTING.md asks for the lowest versions that setup itself accepts."""
    tools = pins.load()
    go = re.search(r"^go (\d+\.\d+)", (ROOT / "tools/sloth/go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    wanted = {
        "Python": PROJECT["project"]["requires-python"].removeprefix(">="),
        "Prometheus": tools["prometheus"].minimum,
        "Alertmanager": tools["alertmanager"].minimum,
        "Go": go[1],
    }
    stated = dict(re.findall(r"(\w+) ≥ (\d+\.\d+)", CONTRIBUTING))
    assert {name: stated.get(name) for name in wanted} == wanted


def test_the_commands_of_contributing_exist():
    """Every `make TARGET` and every script that CONTRIBUTING.md names is there."""
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^make (\S+)", listed, re.MULTILINE))
    named = set(re.findall(r"^(?:.*`)?make ([a-z-]+)", CONTRIBUTING, re.MULTILINE))
    assert {"setup", "test", "lint"} <= named
    assert named <= targets
    scripts = set(re.findall(r"`((?:scripts|tools|\.ci)/[\w./-]+)", CONTRIBUTING))
    assert [path for path in scripts if not (ROOT / path).exists()] == []


def test_make_alone_lists_every_command_in_one_line_each():
    """`make` without a target is the help; each public target has one line there."""
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    commands = [re.match(r"make (\S+) +\S", line)[1] for line in shown]
    assert {"help", "setup", "demo", "test", "test-full", "lint", "generate", "bench"} <= set(commands)
    assert len(commands) == len(set(commands))
