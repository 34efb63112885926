"""`python -m local drill`: usage, exit codes, one message a fault; and what is left when somebody interrupts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result

from budget.drill_spec import Drill
from local import drill_command, drill_platform
from local.__main__ import main
from local.drill_card import Outcome, Told
from local.errors import DrillFailed
from local.settings import ROOT, Settings

SHORT = ("alertmanager-down", "inventory-down", "prometheus-restart")


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """An environment of its own, in which nothing runs."""
    return {"TILLWATCH_STATE": str(settings.run.parent), "PORT_BASE": str(settings.port_base)}


def run(environment: dict[str, str], *arguments: str) -> Result:
    """`drill` with *arguments*, in this process."""
    return CliRunner().invoke(main, ("drill", *arguments), env=environment)


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool, str]]:
    """Platforms that are none, on which every drill passes: (name, full, kill) of those that were carried out."""
    found: list[tuple[str, bool, str]] = []

    @contextlib.contextmanager
    def running(wanted: Drill, settings: Settings, **_: Any) -> Iterator[drill_platform.DrillPlatform]:
        yield drill_platform.DrillPlatform(settings, None, Path(wanted.name), lambda: False, {})  # type: ignore[arg-type]

    def carry_out(drill: Any, platform: Any, asked: Any, say: Any) -> Outcome:
        found.append((drill.name, asked.full, asked.kill))
        page = Told(alert="Page", expected_seconds=75.0, after_seconds=80.0)
        return Outcome(name=drill.name, title=drill.title, pages=(page,), lost=0, oversold=0, double_charged=0)

    monkeypatch.setattr(drill_platform, "running", running)
    monkeypatch.setattr(drill_command.drill, "carry_out", carry_out)
    monkeypatch.setattr(drill_command.history, "keep", lambda *_, **__: None)
    return found


# --- what is asked for ------------------------------------------------------------------------------------------------


def test_the_list_shows_every_drill_and_breaks_nothing(environment: dict[str, str]) -> None:
    """A line each: its name, whether it is one of the short ones, its title and its pages."""
    result = run(environment, "--list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == sorted(path.stem for path in (ROOT / "local" / "drills").glob("*.yaml"))
    assert [line.split()[0] for line in lines if line.split()[1] == "short"] == list(SHORT)
    assert any(line.endswith(": ServiceDown") for line in lines)
    assert not Path(environment["TILLWATCH_STATE"]).exists()


def test_help_names_every_option(environment: dict[str, str]) -> None:
    """And says what becomes of the shop."""
    result = run(environment, "--help")
    assert result.exit_code == 0
    for option in ("--all", "--list", "--full", "--kill", "--json", "--at-once", "--keep"):
        assert option in result.stdout
    assert "on a platform of its own" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("inventory-up",), "inventory-up: there are alertmanager-down, ", id="an unknown drill"),
        pytest.param(("inventory-down", "a", "b"), "a, b: there are ", id="two of them"),
        pytest.param(("--all", "inventory-down"), "--all means every drill", id="all and one"),
        pytest.param(("--at-once", "0"), "'--at-once'", id="none at a time"),
        pytest.param(("--at-once", "99"), "'--at-once'", id="more than a machine bears"),
        pytest.param(("--json", "/"), "'--json'", id="a folder for a file"),
        pytest.param(("--slow",), "No such option", id="an unknown option"),
    ],
)
def test_wrong_usage_is_exit_2(environment: dict[str, str], arguments: tuple[str, ...], message: str) -> None:
    """Before anything is started."""
    result = run(environment, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert sum(line.startswith("Error: ") for line in result.stderr.splitlines()) == 1
    assert not Path(environment["TILLWATCH_STATE"]).exists()


def test_a_bad_file_is_told_with_all_its_faults(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line each, exit code 1; no drill is begun, not even a good one."""
    (tmp_path / "bad.yaml").write_text("version: tillwatch/drill/v1\ntitle: A\nsays: b\nfaults: []\npages: none\n")
    monkeypatch.setattr(drill_command, "FOLDER", tmp_path)
    result = run(environment)
    assert result.exit_code == 1
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["faults", "pages"]
    assert all(line.startswith(f"{tmp_path}/bad.yaml:") for line in result.stderr.splitlines())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"PORT_BASE": "1"}, "PORT_BASE is '1'", id="a wrong port"),
        pytest.param({}, "promtool is not installed: run make setup", id="no promtool"),
    ],
)
def test_what_it_needs_is_missed_in_one_line(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], message: str
) -> None:
    """Exit code 1, and what to do."""
    if not changed:
        monkeypatch.setattr(drill_command, "find", lambda _: None)
    result = run({**environment, **changed}, "inventory-down")
    assert result.exit_code == 1
    assert result.stderr.startswith(message)
    assert len(result.stderr.splitlines()) == 1


# --- what becomes of it -----------------------------------------------------------------------------------------------


def test_without_a_name_it_is_the_three_short_ones(
    environment: dict[str, str], carried_out: list[tuple[str, bool, str]]
) -> None:
    """Until their rules are quiet; all of them are shown, and how many passed."""
    result = run(environment)
    assert result.exit_code == 0, result.output
    assert sorted(carried_out) == [(name, False, "") for name in SHORT]
    assert "3 of 3 drills passed in " in result.stdout


def test_all_is_every_one_to_its_end(environment: dict[str, str], carried_out: list[tuple[str, bool, str]]) -> None:
    """Until PagerDuty has heard of it."""
    assert run(environment, "--all").exit_code == 0
    assert len(carried_out) == len(list((ROOT / "local" / "drills").glob("*.yaml")))
    assert all(full for _, full, _ in carried_out)


def test_those_that_are_named_are_carried_out_once(
    environment: dict[str, str], carried_out: list[tuple[str, bool, str]], tmp_path: Path
) -> None:
    """In the order of their naming, on the card as well; a part that is to be killed is handed on."""
    card = tmp_path / "card.json"
    names = ("login-attack", "inventory-down", "login-attack")
    result = run(environment, *names, "--kill", "prometheus", "--full", "--json", str(card))
    assert result.exit_code == 0, result.output
    assert sorted(carried_out) == [("inventory-down", True, "prometheus"), ("login-attack", True, "prometheus")]
    assert [each["drill"] for each in json.loads(card.read_text())["drills"]] == ["login-attack", "inventory-down"]


def test_one_that_fails_is_exit_1_and_hinders_no_other(
    environment: dict[str, str],
    carried_out: list[tuple[str, bool, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """It stands on the card with the first line of what was wrong."""
    passes = drill_command.drill.carry_out

    def carry_out(drill: Any, *more: Any) -> Outcome:
        if drill.name == "inventory-down":
            raise DrillFailed("its platform ended by itself\nand the last lines of its log")
        return passes(drill, *more)

    monkeypatch.setattr(drill_command.drill, "carry_out", carry_out)
    card = tmp_path / "card.json"
    result = run(environment, "--json", str(card))
    assert result.exit_code == 1
    assert "2 of 3 drills passed" in result.stdout
    assert "and the last lines of its log" in result.stdout
    found = {each["drill"]: (each["passed"], each["wrong"]) for each in json.loads(card.read_text())["drills"]}
    assert found["inventory-down"] == (False, ["its platform ended by itself"])
    assert found["alertmanager-down"] == (True, [])


def test_what_nobody_foresaw_loses_no_other_drill(
    environment: dict[str, str], carried_out: list[tuple[str, bool, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or a mistake: where it happened is said, and the scorecard has all of them."""
    passes = drill_command.drill.carry_out

    def carry_out(drill: Any, *more: Any) -> Outcome:
        if drill.name == "inventory-down":
            raise OSError(28, "No space left on device")
        return passes(drill, *more)

    monkeypatch.setattr(drill_command.drill, "carry_out", carry_out)
    result = run(environment)
    assert result.exit_code == 1
    assert "2 of 3 drills passed" in result.stdout
    assert "OSError: [Errno 28] No space left on device" in result.stdout
    assert "in carry_out" in result.stdout


def test_those_that_wait_for_their_turn_begin_nothing_once_somebody_interrupts(
    environment: dict[str, str], carried_out: list[tuple[str, bool, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --all most of them wait; also where it was the building of the past that was interrupted."""
    monkeypatch.setattr(drill_command.history, "keep", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    result = run(environment, "--all", "--at-once", "1")
    assert result.exit_code == 130
    assert carried_out == []
    assert "starting its platform" not in result.stdout


def test_a_card_that_cannot_be_written_is_told_behind_the_table(
    environment: dict[str, str], carried_out: list[tuple[str, bool, str]], tmp_path: Path
) -> None:
    """What took minutes is shown all the same."""
    (tmp_path / "file").write_text("")
    card = tmp_path / "file" / "card.json"
    result = run(environment, "inventory-down", "--json", str(card))
    assert result.exit_code == 1
    assert "1 of 1 drills passed" in result.stdout
    assert result.stderr.startswith(f"{card} cannot be written: ")
    assert len(result.stderr.splitlines()) == 1


# --- interrupted ------------------------------------------------------------------------------------------------------

# Says that it is ready, and goes on until it is told to end, as `up` does.
FAKE = """#!/bin/sh
trap 'exit 0' TERM
echo '00:00:00  platform              ready after 0.1 s'
while :; do sleep 0.1; done
"""
# The command itself, but for the platform that it starts and the past that it builds.
WITH_A_FAKE = """
import sys, types
from budget.drill_spec import Drill
from local import drill_command, drill_platform
drill_platform.sys = types.SimpleNamespace(executable=sys.argv[1])
drill_command.history = types.SimpleNamespace(keep=lambda *_, **__: None, plan=lambda *_, **__: None)
drill_command.drill_(sys.argv[2:])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_interrupts_it_leaves_nothing(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """Exit code 130, one line; no platform, no process, no data of a drill, and no card."""
    fake, card = tmp_path / "fake", tmp_path / "card.json"
    fake.write_text(FAKE)
    fake.chmod(0o700)
    arguments = (str(fake), *SHORT, "--json", str(card))
    with subprocess.Popen(
        [sys.executable, "-c", WITH_A_FAKE, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = sum("letting it settle" in process.stdout.readline() for _ in range(2 * len(SHORT)))
        assert ready == len(SHORT)
        assert len(_of(environment)) > len(SHORT)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "interrupted: everything is mended and stopped\n")
    assert _of(environment) == []
    assert list((Path(environment["TILLWATCH_STATE"]) / "drills").iterdir()) == []
    assert not card.exists()


def _of(environment: dict[str, str]) -> list[psutil.Process]:
    """Whatever lives with this state, or below it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TILLWATCH_STATE", "").startswith(environment["TILLWATCH_STATE"]):
                found.append(process)
    return found
