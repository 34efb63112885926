"""Starting in order, restarting and stopping, with dummy parts that are real processes."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local import log_files, supervisor, tended
from local.errors import StartFailed, StopRequested
from local.part import Part
from local.supervisor import Supervisor

MakePart = Callable[..., Part]


class Platform:
    """A supervisor over a directory of logs, and what it said."""

    def __init__(self, logs: Path) -> None:
        self.said: list[tuple[str, str]] = []
        self.stopping = False
        self.logs = logs
        self.supervisor = Supervisor(
            logs=logs,
            environment={"TILLWATCH_TEST": logs.as_posix()},
            say=lambda part, text: self.said.append((part, text)),
            stopping=lambda: self.stopping,
        )

    def processes(self) -> list[psutil.Process]:
        """Every living process of this platform, workers too."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TILLWATCH_TEST") == self.logs.as_posix():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def tick_until(self, condition: Callable[[], bool]) -> None:
        """Look after the parts until *condition*, for ten seconds at most."""
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, self.said
            self.supervisor.tick()
            time.sleep(0.02)

    def was_ready(self, times: int) -> bool:
        """Whether parts became ready so many times in all."""
        return sum(text.startswith("ready") for _, text in self.said) >= times


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A supervisor that has nothing to do yet; whatever it starts is ended."""
    monkeypatch.setattr(supervisor, "TRIM_SECONDS", 1.0)
    monkeypatch.setattr(tended, "ALIVE_SECONDS", 0.3)  # in which an interpreter has run the first lines
    made = Platform(tmp_path)
    yield made
    made.supervisor.stop(within_seconds=0)
    assert made.processes() == []


def test_a_part_is_ready_when_it_answers_200(platform: Platform, server_part: MakePart) -> None:
    """503 is not ready; the next part starts only then."""
    began = time.monotonic()
    platform.supervisor.start(server_part("first", late_seconds=0.6))
    assert time.monotonic() - began >= 0.6
    platform.supervisor.start(server_part("second"))
    assert [part for part, _ in platform.said] == ["first", "second"]


def test_a_part_without_an_address_is_ready_once_it_has_lived(platform: Platform, program_part: MakePart) -> None:
    """It has no other way to say so."""
    began = time.monotonic()
    platform.supervisor.start(program_part("import time; time.sleep(60)"))
    assert time.monotonic() - began >= tended.ALIVE_SECONDS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("print('no such table'); raise SystemExit(3)", "exit code 3", id="it ends"),
        pytest.param(
            "import os; print('no such table', flush=True); os.kill(os.getpid(), 9)",
            "SIGKILL",
            id="it is killed",
        ),
        pytest.param(
            "import time; print('no such table', flush=True); time.sleep(60)",
            "not ready after 0.5 s",
            id="it hangs",
        ),
    ],
)
def test_a_part_that_does_not_start_says_why(
    platform: Platform, program_part: MakePart, text: str, reason: str
) -> None:
    """The reason, where the log is, and its last lines."""
    part = program_part(text, ready_url="http://127.0.0.1:1/", ready_seconds=0.5)
    with pytest.raises(StartFailed) as caught:
        platform.supervisor.start(part)
    message = str(caught.value)
    assert f"program did not start: {reason}" in message
    assert str(platform.logs / "program.log") in message
    assert "no such table" in message


def test_a_program_that_is_not_there_says_so(platform: Platform) -> None:
    """No traceback for a binary that vanished."""
    with pytest.raises(StartFailed, match="No such file"):
        platform.supervisor.start(Part(name="gone", command=("/nowhere/gone",)))


def test_starting_is_given_up_when_asked(platform: Platform, server_part: MakePart) -> None:
    """A Ctrl-C does not wait for readiness."""
    platform.stopping = True
    with pytest.raises(StopRequested):
        platform.supervisor.start(server_part(late_seconds=60))


def test_a_killed_part_comes_back_on_its_port(platform: Platform, server_part: MakePart) -> None:
    """What happened, in how long it starts again, and that it did."""
    platform.supervisor.start(server_part())
    (process,) = platform.processes()
    process.kill()
    platform.tick_until(lambda: platform.was_ready(2))
    assert [text.split(":")[0] for _, text in platform.said[1:2]] == ["ended (SIGKILL)"]
    assert platform.processes() != [process]


WITH_WORKER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""


def test_a_killed_leader_takes_its_workers_along(platform: Platform, program_part: MakePart) -> None:
    """A worker that lived on would hold the port against the next leader."""
    platform.supervisor.start(program_part(WITH_WORKER))
    leader, worker = sorted(platform.processes(), key=lambda process: process.pid)
    leader.kill()
    platform.tick_until(lambda: len(platform.said) == 2)
    platform.tick_until(lambda: worker not in platform.processes())


def test_the_pause_before_a_restart_doubles(
    platform: Platform, server_part: MakePart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that cannot live is not started hundreds of times a minute."""
    monkeypatch.setattr(tended, "FIRST_BACKOFF_SECONDS", 0.05)
    flag = tmp_path / "flag"
    part = server_part()
    doomed = f"import os\nif os.path.exists({str(flag)!r}): raise SystemExit(7)\n" + part.command[3]
    command = (*part.command[:3], doomed, *part.command[4:])
    platform.supervisor.start(Part(name="doomed", command=command, ready_url=part.ready_url))
    flag.touch()
    platform.processes()[0].kill()
    platform.tick_until(lambda: len(platform.said) == 5)
    pauses = [float(text.split("again in ")[1].split(" s")[0]) for _, text in platform.said[1:]]
    assert pauses == [0.05, 0.1, 0.2, 0.4]


def test_a_part_that_comes_to_its_end_starts_again_in_silence(
    platform: Platform, program_part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shoppers go home after a while; others come."""
    monkeypatch.setattr(tended, "ALIVE_SECONDS", 0.1)
    monkeypatch.setattr(tended, "STEADY_SECONDS", 0.1)
    platform.supervisor.start(program_part("import time; time.sleep(0.4)", ends=True))
    platform.tick_until(lambda: platform.was_ready(2))
    assert all(text.startswith("ready") for _, text in platform.said)


def test_a_part_waits_for_what_it_needs_and_for_nothing_else(platform: Platform, server_part: MakePart) -> None:
    """The order in which they are named does not matter."""
    last = server_part("last", needs=("slow", "not among them"))
    platform.supervisor.start(last, server_part("slow", late_seconds=0.6), server_part("quick"))
    assert [part for part, _ in platform.said] == ["quick", "slow", "last"]


def test_what_runs_once_is_ready_when_it_has_ended_well(platform: Platform, program_part: MakePart) -> None:
    """It is not started again; what needs it starts then."""
    once = program_part("import time; time.sleep(0.3)", "once", once=True)
    platform.supervisor.start(program_part("import time; time.sleep(60)", "after", needs=("once",)), once)
    assert [(part, text.split()[0]) for part, text in platform.said] == [("once", "done"), ("after", "ready")]
    assert len(platform.processes()) == 1


def test_what_runs_once_and_ends_badly_is_a_failed_start(platform: Platform, program_part: MakePart) -> None:
    """A migration that failed leaves nothing that could work on its database."""
    with pytest.raises(StartFailed, match="once did not start: exit code 3"):
        platform.supervisor.start(program_part("raise SystemExit(3)", "once", once=True))


def test_a_job_comes_again_and_says_only_what_went_wrong(
    platform: Platform, program_part: MakePart, tmp_path: Path
) -> None:
    """Nobody waits for it at the start."""
    turns = tmp_path / "turns"
    text = f"open({str(turns)!r}, 'a').write('x'); raise SystemExit(len(open({str(turns)!r}).read()) == 2)"
    platform.supervisor.start(program_part(text, "job", every_seconds=0.2, first_seconds=0.1))
    assert not turns.exists()
    platform.tick_until(lambda: turns.exists() and len(turns.read_text()) >= 4)
    assert platform.said == [("job", f"exit code 1: see {platform.logs / 'job.log'}")]


def test_a_job_that_still_works_is_not_started_twice(platform: Platform, program_part: MakePart) -> None:
    """And it is ended with the platform."""
    platform.supervisor.start(program_part("import time; time.sleep(60)", "job", every_seconds=0.05))
    platform.tick_until(lambda: len(platform.processes()) == 1)
    deadline = time.monotonic() + 0.3
    platform.tick_until(lambda: time.monotonic() > deadline)
    assert len(platform.processes()) == 1
    platform.supervisor.stop(within_seconds=5)
    assert platform.processes() == []


def test_parts_stop_before_what_they_need(platform: Platform, server_part: MakePart) -> None:
    """And those that do not need one another stop together."""
    platform.supervisor.start(server_part("first"))
    platform.supervisor.start(server_part("second", needs=("first",)))
    platform.supervisor.start(server_part("third", needs=("second",)))
    platform.said.clear()
    platform.supervisor.stop(within_seconds=8)
    assert platform.said == [("third", "stopped"), ("second", "stopped"), ("first", "stopped")]


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def test_a_stubborn_part_is_killed_and_leaves_the_rest_its_time(
    platform: Platform, program_part: MakePart, server_part: MakePart
) -> None:
    """The time to stop is shared."""
    platform.supervisor.start(server_part("first"))
    platform.supervisor.start(program_part(STUBBORN, "stubborn", needs=("first",)))
    platform.said.clear()
    began = time.monotonic()
    platform.supervisor.stop(within_seconds=1)
    assert time.monotonic() - began < 1.5
    assert platform.said == [("stubborn", "killed: it did not stop in time"), ("first", "stopped")]


SLOW_TO_END = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.9), sys.exit(0)))
time.sleep(600)
"""


def test_a_part_that_ends_its_work_has_the_time_for_it(
    platform: Platform, program_part: MakePart, server_part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where many that end at once come after it: their shares of the time are small."""
    monkeypatch.setattr(supervisor, "LEAST_SECONDS", 0.3)
    names = ["a", "b", "c", "d"]
    platform.supervisor.start(*(server_part(name, needs=tuple(names[:at])) for at, name in enumerate(names)))
    platform.supervisor.start(program_part(SLOW_TO_END, "slow", needs=tuple(names)))
    platform.said.clear()
    platform.supervisor.stop(within_seconds=2.5)
    assert platform.said[0] == ("slow", "stopped")


def test_insisting_kills_at_once(platform: Platform, program_part: MakePart) -> None:
    """A second Ctrl-C does not wait."""
    platform.supervisor.start(program_part(STUBBORN))
    began = time.monotonic()
    platform.supervisor.stop(within_seconds=60, hasty=lambda: True)
    assert time.monotonic() - began < 2


def test_parts_do_not_hear_the_terminals_ctrl_c(platform: Platform, server_part: MakePart) -> None:
    """Each leads a process group of its own, so that they stop in order."""
    platform.supervisor.start(server_part())
    (process,) = platform.processes()
    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)


def test_each_run_has_a_fresh_log_and_keeps_the_last(platform: Platform, server_part: MakePart) -> None:
    """What a part prints is in its file; the run before is in .1."""
    part = server_part()
    for _ in range(2):
        platform.supervisor.start(part)
        platform.supervisor.stop(within_seconds=2)
    for name in ("server.log", "server.log.1"):
        assert (platform.logs / name).read_text().count("listening") == 1


def test_what_a_part_writes_beside_its_log_is_kept_short(
    platform: Platform, server_part: MakePart, tmp_path: Path
) -> None:
    """A door that is open for weeks does not fill the disk."""
    written = tmp_path / "access.log"
    written.touch()
    os.truncate(written, log_files.MOST_BYTES + 1)
    platform.supervisor.start(server_part(writes=(written,)))
    platform.tick_until(lambda: written.stat().st_size == 0)


RELOADING = """
import signal, time
signal.signal(signal.SIGHUP, lambda *_: print("again", flush=True))
time.sleep(600)
"""


def test_a_reload_is_a_sighup(platform: Platform, program_part: MakePart) -> None:
    """Prometheus reads its rules again at that."""
    platform.supervisor.start(program_part(RELOADING))
    platform.supervisor.reload("program")
    platform.tick_until(lambda: "again" in (platform.logs / "program.log").read_text())
