"""local/drill_strikes.py: what is done beside faults and signals, and what is taken back when something else fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from budget.drill_spec import Break
from local import drill_platform, drill_strikes, faults
from local.drill_platform import DrillPlatform
from local.errors import DrillFailed, FaultRefused
from local.keeper import Keeper
from local.settings import Settings

RECONCILE = Break(target="inventory-reconcile", fault="run", body={})
ATTACK = Break(target="front-door", fault="guess-passwords", body={"per_second": 1, "addresses": 1, "seconds": 60})


def ends(code: int, stdout: str, stderr: str = "") -> Any:
    """A platform on which each job ends so."""
    done = subprocess.CompletedProcess((), code, stdout, stderr)
    return SimpleNamespace(settings=Settings(run=Path("nowhere")), run=lambda *_: done)


@pytest.mark.parametrize(("code", "said"), [(0, '{"job": "reconcile"}'), (1, '{"job": "reconcile", "found": 1}')])
def test_a_job_that_finds_something_has_run(code: int, said: str) -> None:
    """As it is to."""
    drill_strikes.strike(ends(code, said), RECONCILE)()


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_job_that_breaks_has_not(code: int) -> None:
    """The end of what it said is told; a traceback's code is that of a finding."""
    with pytest.raises(DrillFailed, match=f"inventory-reconcile: exit code {code}: ZeroDivisionError"):
        drill_strikes.strike(ends(code, "", "ZeroDivisionError: division by zero"), RECONCILE)


def test_a_job_that_there_is_not_is_told() -> None:
    """With those that there are."""
    with pytest.raises(DrillFailed, match="x is no job: there are "):
        drill_strikes.strike(ends(0, ""), Break(target="x", fault="run", body={}))


def test_an_attack_ends_with_the_drill_also_where_nobody_ends_it(tmp_path: Path) -> None:
    """It carries the mark of what is cleared away; and mending ends it at once."""
    settings = Settings(run=tmp_path, port_base=20_000)
    settings.logs.mkdir(parents=True)
    keeper = Keeper()
    platform = DrillPlatform(settings, None, tmp_path / "log", lambda: False, keeper.environment())  # type: ignore[arg-type]
    started: list[subprocess.Popen[bytes]] = []

    def start(command: Any, log: Path) -> subprocess.Popen[bytes]:
        started.append(drill_platform.DrillPlatform.start(platform, (sys.executable, "-c", SLEEPS), log))
        return started[-1]

    stand_in: Any = SimpleNamespace(settings=settings, start=start)
    drill_strikes.strike(stand_in, ATTACK)
    undo = drill_strikes.strike(stand_in, ATTACK)
    undo()
    assert started[1].poll() is not None
    assert started[0].poll() is None
    keeper.release()
    assert started[0].wait(10) != 0


SLEEPS = "import time; time.sleep(60)"


def test_what_cannot_be_taken_back_hinders_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is tried, the last first, and all that failed is told."""
    mended: list[str] = []

    def mend(_: Settings, target: str) -> None:
        mended.append(target)
        if target != "orders":
            raise FaultRefused(f"{target} does not answer")

    monkeypatch.setattr(faults, "break_service", lambda *_: None)
    monkeypatch.setattr(faults, "mend_service", mend)
    platform = ends(0, "")
    undone = [
        drill_strikes.strike(platform, Break(target=each, fault="errors", body={}))
        for each in ("users", "orders", "catalog")
    ]
    with pytest.raises(DrillFailed, match="catalog does not answer; users does not answer"):
        drill_strikes.mend(undone)
    assert mended == ["catalog", "orders", "users"]
    assert undone == []
