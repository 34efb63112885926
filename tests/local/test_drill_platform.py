"""local/drill_platform.py: where a drill's platform listens, with a stand-in that says what a platform says."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from budget.drill_spec import Break, Drill
from local import drill_platform
from local.errors import DrillFailed
from local.settings import Settings

DRILL = Drill(
    name="nothing",
    title="Nothing",
    says="Nothing breaks.",
    short=False,
    faults=(Break(target="catalog", fault="errors", body={}),),
    mend=(),
    effects=(),
    pages=(),
    may=(),
)
READY = "print('12:00:00  platform              ready after 1.0 s: logs', flush=True); import time; time.sleep(60)"
TAKEN = "import sys; sys.exit('port 20081 (pagerduty) is taken: free it, or move every port with PORT_BASE=18000')"
BROKEN = "import sys; sys.exit('prometheus did not start: exit code 2')"


def says(monkeypatch: pytest.MonkeyPatch, *texts: str) -> list[int]:
    """Has the platforms that are started be these, one after the other; their PORT_BASEs as they come."""
    left, bases = list(texts), list[int]()

    def started(drill: Drill, own: Settings, log: Path, keeper: Any) -> subprocess.Popen[bytes]:
        bases.append(own.port_base)
        with log.open("wb") as output:
            return subprocess.Popen([sys.executable, "-S", "-c", left.pop(0)], stdout=output, stderr=output)

    monkeypatch.setattr(drill_platform, "_started", started)
    return bases


def test_a_port_that_somebody_takes_meanwhile_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its platform is started again at other ports, and is the one that is used."""
    bases = says(monkeypatch, TAKEN, READY)
    settings = Settings(run=tmp_path / "run")
    with drill_platform.running(DRILL, settings, stopping=lambda: False, keep=False) as platform:
        assert platform.settings.port_base == bases[-1]
        process = platform.process
    assert len(set(bases)) == 2
    assert process.poll() is not None


def test_whatever_else_ends_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the end of its log, and without another try."""
    bases = says(monkeypatch, BROKEN, READY)
    with (
        pytest.raises(DrillFailed, match="prometheus did not start"),
        drill_platform.running(DRILL, Settings(run=tmp_path / "run"), stopping=lambda: False, keep=False),
    ):
        pytest.fail("there is no platform")
    assert len(bases) == 1


def test_they_start_in_the_order_in_which_they_came() -> None:
    """The one that takes longest is asked for first; none waits for ever, also where one before it gives up."""
    began: list[str] = []
    gives_up = threading.Event()
    with ThreadPoolExecutor(4) as pool, drill_platform._turn(lambda: False):
        for count, name in enumerate("abcd", start=2):
            pool.submit(start, name, began, gives_up.is_set if name == "b" else lambda: False)
            while len(drill_platform._STARTING) < count:
                time.sleep(0.001)
        gives_up.set()
        while len(drill_platform._STARTING) == len("abcd") + 1:
            time.sleep(0.001)
    assert began == ["a", "c", "d"]
    assert not drill_platform._STARTING


def start(name: str, began: list[str], stopping: Callable[[], bool]) -> None:
    """Have a turn, and say so."""
    with contextlib.suppress(drill_platform.Interrupted), drill_platform._turn(stopping):
        began.append(name)
