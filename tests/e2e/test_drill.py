"""A drill as people run it: `python -m local drill` breaks a whole platform of its own, and says what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from budget import postmortem_scorecard
from local.preflight import is_free
from local.settings import BASE, PORTS, ROOT, from_environment

DRILL = "inventory-down"
# With building a past; its own limit for what may hang is lower in every part of it.
MOST_SECONDS = 900


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state directory; whatever is left of it in the end is ended."""
    found = tmp_path_factory.mktemp("drills")
    yield found
    for process in living(found):
        with contextlib.suppress(psutil.Error):
            process.kill()


def start(state: Path, *arguments: str) -> subprocess.Popen[str]:
    """`drill` with *arguments*; what it says is on its stdout."""
    return subprocess.Popen(
        [sys.executable, "-m", "local", "drill", *arguments],
        cwd=ROOT,
        # The past is built once, for everybody.
        env={
            **os.environ,
            "TILLWATCH_STATE": str(state),
            "TILLWATCH_HISTORY": str(from_environment(os.environ).history),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def carried_out(state: Path, card: Path, *arguments: str) -> dict[str, Any]:
    """What stands on the card of the drill with *arguments*, which must pass."""
    with start(state, DRILL, "--json", str(card), *arguments) as process:
        output, _ = process.communicate(timeout=MOST_SECONDS)
    assert process.returncode == 0, output
    assert "1 of 1 drills passed" in output
    (found,) = json.loads(card.read_text())["drills"]
    assert isinstance(found, dict)
    return found


def living(state: Path) -> list[psutil.Process]:
    """Every process of a platform below *state*, and of the command itself."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TILLWATCH_STATE", "").startswith(str(state)):
                found.append(process)
    return found


def left(state: Path, base: int) -> list[object]:
    """What a drill has left: processes, listeners at its ports (nginx hides its environment), folders."""
    ports = [port + base - BASE for port in PORTS.values()]
    return [*living(state), *(port for port in ports if not is_free(port)), *(state / "drills").iterdir()]


def base_of(said: str) -> int:
    """Where the drill's platform is, as the line of its start says."""
    found = re.search(r"ports from (\d+)", said)
    assert found is not None, said
    return int(found[1])


def well(found: dict[str, Any]) -> None:
    """One page, in time; nobody else paged; nothing lost, sold or charged twice, of orders that there were."""
    (page,) = found["pages"]
    assert page["alert"] == "ServiceDown"
    assert 0 < page["after_s"] <= page["expected_s"] + postmortem_scorecard.LATE_SECONDS
    assert found["unexpected_pages"] == []
    assert (found["lost"], found["oversold"], found["double_charged"]) == (0, 0, 0)
    assert (found["passed"], found["wrong"]) == (True, [])
    assert found["orders"] > 0


def test_a_drill_pages_in_time_and_leaves_nothing(state: Path, tmp_path: Path) -> None:
    """Exit code 0; a card that postmortem and verdict read; no process, no port, no data."""
    card = tmp_path / "card.json"
    with start(state, DRILL, "--json", str(card)) as process:
        output, _ = process.communicate(timeout=MOST_SECONDS)
    assert process.returncode == 0, output
    (found,) = json.loads(card.read_text())["drills"]
    well(found)
    (page,) = found["pages"]
    assert page["expected_s"] >= 60  # its rule waits for a minute, and its route for 15 s
    assert page["reset_s"] > 0
    (read,) = postmortem_scorecard.read(card).drills
    assert read.started is not None
    assert read.ended is not None
    assert read.ended - read.started > page["after_s"] + page["reset_s"] - 2  # moments are whole seconds
    begun = next(line for line in output.splitlines() if "ports from" in line)
    assert left(state, base_of(begun)) == []


@pytest.mark.full
@pytest.mark.parametrize("part", ["prometheus", "alertmanager", "alertmanager-2", "orders", "payments"])
def test_the_page_comes_although_somebody_dies_in_the_middle(state: Path, tmp_path: Path, part: str) -> None:
    """SIGKILL between the fault and the page: what was killed starts again, and nobody is told too late, or twice."""
    well(carried_out(state, tmp_path / "card.json", "--kill", part))


@pytest.mark.full
def test_whoever_interrupts_it_finds_everything_stopped(state: Path, tmp_path: Path) -> None:
    """Ctrl-C while the shop is broken: 130, mended and gone, and no card."""
    card = tmp_path / "card.json"
    with start(state, DRILL, "--json", str(card)) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "broken: inventory halt" in line:
                break
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said + rest
    assert "interrupted: everything is mended and stopped" in rest
    begun = next(line for line in said.splitlines() if "ports from" in line)
    assert left(state, base_of(begun)) == []
    assert not card.exists()
