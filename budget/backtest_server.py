"""A Prometheus of one's own for as long as a backtest lasts: its folder, what is put into it, and its process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

from budget.answers import Series
from budget.errors import BudgetError
from budget.prometheus import Prometheus

ANSWER_SECONDS = 300.0
START_SECONDS = 60.0
BLOCK_SECONDS = 600
TRIES = 3  # a free port may be taken by somebody else before it is used
_LOOK_SECONDS = 0.03
_MOST_SAMPLES = 500_000_000
_BLOCK = "1458h"  # two months: promtool reads its input once for each block


class NotEvaluated(BudgetError):
    """Prometheus or promtool is missing, or did not do what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Where the real programs are."""

    prometheus: Path
    promtool: Path


class Store:
    """The folder of a Prometheus: series are put in while no server runs, and asked for while one does."""

    def __init__(self, home: Path, programs: Programs) -> None:
        """*home*: an empty folder."""
        self._home, self._programs = home, programs
        self._data = home / "data"
        self._data.mkdir()
        (home / "prometheus.yml").write_text("global: {}\n", encoding="ascii")

    @contextlib.contextmanager
    def writing(self) -> Iterator[TextIO]:
        """A file for OpenMetrics text without its end, which becomes a block.

        Raises:  NotEvaluated: promtool refuses it.
        """
        text = self._home / "text"
        try:
            with text.open("w", encoding="utf-8") as file:
                yield file
                file.write("# EOF\n")
            self.take(text)
        finally:
            text.unlink(missing_ok=True)

    def take(self, text: Path) -> None:
        """Put in a whole OpenMetrics file.

        Raises:  NotEvaluated: promtool refuses it.
        """
        made = (self._programs.promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet")
        command = _bound((*map(str, made), f"--max-block-duration={_BLOCK}", str(text), str(self._data)))
        with _Process(command, self._home / "promtool.log") as process:
            code = process.wait(BLOCK_SECONDS)
            if code:
                raise NotEvaluated(f"promtool made no block: {process.said()}")

    @contextlib.contextmanager
    def serving(self, lookback: str) -> Iterator[Prometheus]:
        """A server over what was put in. *lookback*: how long a series outlives its last sample.

        Raises:  NotEvaluated: it does not start.
        """
        for attempt in range(TRIES):
            port = _free_port()
            with _Process(self._command(port, lookback), self._home / "prometheus.log") as process:
                server = Prometheus(f"http://127.0.0.1:{port}", timeout_seconds=ANSWER_SECONDS)
                if _is_ready(server, process):
                    yield server
                    return
                if attempt == TRIES - 1:
                    raise NotEvaluated(f"Prometheus does not start: {process.said()}")

    def _command(self, port: int, lookback: str) -> tuple[str, ...]:
        return _bound(
            (
                str(self._programs.prometheus),
                f"--config.file={self._home / 'prometheus.yml'}",
                f"--storage.tsdb.path={self._data}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--query.lookback-delta={lookback}",
                f"--query.max-samples={_MOST_SAMPLES}",
                f"--query.timeout={ANSWER_SECONDS:.0f}s",
                "--log.level=warn",
            )
        )


@contextlib.contextmanager
def store(programs: Programs) -> Iterator[Store]:
    """A store in a temporary folder, which goes with the block: also when somebody ends the process in order."""
    with ended_in_order(), tempfile.TemporaryDirectory(prefix="tillwatch-backtest-") as folder:
        yield Store(Path(folder), programs)


@contextlib.contextmanager
def ended_in_order() -> Iterator[None]:
    """Have SIGTERM unwind the stack as Ctrl-C does, for as long as the block lasts."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, leave)
    except ValueError:  # not the main thread, which alone may say so
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def write(file: TextIO, name: str, labels: Mapping[str, str], points: Iterable[tuple[float, float]]) -> None:
    """One series as OpenMetrics text; *points* are (Unix seconds, value)."""
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    prefix = f"{name}{{{inside}}}" if inside else name
    file.write("".join([f"{prefix} {value!r} {at:.3f}\n" for at, value in points]))


def labels_of(series: Series, own: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The labels that a record of *series* has: the result's, and its rule's *own*, which win."""
    return {name: value for name, value in series.labels.items() if name != "__name__"} | dict(own)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _bound(command: tuple[str, ...]) -> tuple[str, ...]:
    """*command*, ended by the kernel when this process is, however that ends: where util-linux is there."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", *command) if setpriv else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


class _Process:
    """A program that is ended with the block: what it keeps is thrown away, so that it is not asked to stop."""

    def __init__(self, command: tuple[str, ...], log: Path) -> None:
        self._command, self._log = command, log

    def __enter__(self) -> _Process:
        with self._log.open("wb") as output:
            # A session of its own: a Ctrl-C at the terminal is for us, and we end it.
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, "TMPDIR": str(self._log.parent)},  # promtool keeps a head there, which is to go too
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.wait()

    def wait(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotEvaluated(f"promtool was not done in {seconds:g} s") from None

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def said(self) -> str:
        """The last of what it said."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"


def _is_ready(server: Prometheus, process: _Process) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not process.has_ended():
        with contextlib.suppress(BudgetError):
            server.instant("vector(1)")
            return True
        time.sleep(_LOOK_SECONDS)
    return False
