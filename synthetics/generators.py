"""The processes that make a load run: one Locust, or a master and its workers; none of them outlives the command."""

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synthetics.child import ROOT, child_environment

LOADFILE = Path(__file__).with_name("loadfile.py")
HOST = "127.0.0.1"
LOG_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Which processes there are.

    options:  of the run, the same for all of them. workers: that are started here; 0: one process alone, or those that
              come in from elsewhere, *expected* of them, at the address *bind* (host, port).
    seconds:  after which the load ends by itself; None: it ends with the word of one of its own.
    """

    host: str
    user_class: str
    users: int
    seconds: int | None
    options: tuple[str, ...] = ()
    workers: int = 0
    expected: int = 0
    bind: tuple[str, int] | None = None

    @property
    def processes(self) -> int:
        """How many make visits."""
        return self.expected or self.workers or 1


@dataclass(slots=True, kw_only=True)
class Generators:
    """The running processes. told: what the one that keeps the book says, None once it has ended."""

    main: subprocess.Popen[bytes]
    workers: Sequence[subprocess.Popen[bytes]]
    log: Path
    told: "queue.Queue[dict[str, Any] | None]" = field(default_factory=queue.Queue)

    def lost(self) -> int:
        """How many workers have ended so far."""
        return sum(each.poll() is not None for each in self.workers)

    def stop(self) -> None:
        """Ask the run to end in order."""
        with contextlib.suppress(ProcessLookupError):
            self.main.terminate()

    def last_words(self) -> str:
        """The end of what the processes logged, for somebody who has to find out why there is no result."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
        return ""


@contextlib.contextmanager
def running(arrangement: Arrangement, more: Mapping[str, str]) -> Iterator[Generators]:
    """The processes of *arrangement*, with *more* in their environment; all of them are gone after the block."""
    read, write = os.pipe()
    with tempfile.TemporaryDirectory(prefix="tillwatch-load-") as folder, contextlib.ExitStack() as stack:
        log = Path(folder) / "locust.log"
        port = free_port() if arrangement.workers else 0
        try:
            main = stack.enter_context(_started(main_command(arrangement, port, tell=write), log, more, keep=write))
        finally:
            os.close(write)
        workers = [
            stack.enter_context(_started(worker_command(HOST, port, parent=os.getpid()), log, more))
            for _ in range(arrangement.workers)
        ]
        found = Generators(main=main, workers=workers, log=log)
        listen(read, found.told)
        yield found


def main_command(arrangement: Arrangement, port: int, *, tell: int) -> list[str]:
    """The command line of the process that keeps the book; *port*: where workers that are started here come in."""
    bind = arrangement.bind or (HOST, port)
    count = arrangement.expected or arrangement.workers
    master = ("--master", "--master-bind-host", bind[0], "--master-bind-port", str(bind[1]), "--expect-workers")
    users = str(arrangement.users)
    return [
        *_locust(),
        *("--headless", "--only-summary", "--host", arrangement.host, "--users", users, "--spawn-rate", users),
        *(() if arrangement.seconds is None else ("--run-time", f"{arrangement.seconds}s")),
        *((*master, str(count)) if count else ()),
        *("--parent-pid", str(os.getpid()), "--tell", str(tell)),
        *arrangement.options,
        arrangement.user_class,
    ]


def worker_command(host: str, port: int, *, parent: int) -> list[str]:
    """The command line of a worker, which is told everything else by its master at *host* and *port*."""
    return [
        *_locust(),
        *("--worker", "--master-host", host, "--master-port", str(port), "--parent-pid", str(parent)),
    ]


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
    return port


def _locust() -> tuple[str, ...]:
    return (sys.executable, "-m", "locust", "-f", str(LOADFILE))


@contextlib.contextmanager
def _started(
    command: Sequence[str], log: Path, more: Mapping[str, str], *, keep: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is gone after the block: by itself for a while, then by force."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**child_environment(), **more},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=() if keep is None else (keep,),
            # A session of its own: a terminal's Ctrl-C then reaches only us, and the child is stopped in order.
            start_new_session=True,
        )
    try:
        yield child
    finally:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(1)
        child.kill()
        child.wait()


def listen(descriptor: int, told: "queue.Queue[dict[str, Any] | None]") -> None:
    """Put each line of JSON that is written to *descriptor* into *told*, and None at its end, from now on."""

    def read() -> None:
        with os.fdopen(descriptor, encoding="utf-8") as lines, contextlib.suppress(ValueError):
            for line in lines:
                told.put(json.loads(line))
        told.put(None)

    threading.Thread(target=read, daemon=True).start()
