"""Sends the platform's logs to Loki as they grow; over a restart of either none is left out.

A line may come twice after a kill; Loki drops the copy where the line tells its own time, as a service's does.

As a part of the platform: `python -m local.log_shipper --logs FOLDER --marks FILE`, with LOKI_URL in its environment.
Labels are `service` and `level`; what a line says of a request or a trace stays in the line.
"""

from __future__ import annotations

import argparse
import json
import logging
import logging.config
import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from local import log_line
from local.errors import Refused
from local.log_line import LogLine
from local.log_tail import Mark, unread
from local.loki_client import Loki, Rejected, Unreachable
from local.signals import StopSignals
from services.shared import logs

PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A line about a push that failed would be pushed, and fail.
NOT_SHIPPED = frozenset({"loki", "log-shipper"})
MOST_LOGS = 100
_LOGGER = logging.getLogger("local.log_shipper")

Streams = Sequence[tuple[dict[str, str], Sequence[LogLine]]]


class Target(Protocol):
    """Where lines go."""

    def push(self, streams: Streams) -> None:
        """Send *streams*; as `Loki.push`."""


class Shipper:
    """Reads a little of each log at a time, and remembers how far only when that has been taken."""

    def __init__(self, folder: Path, marks: Path, target: Target, *, clock: Callable[[], int] = time.time_ns) -> None:
        """*folder*: of the logs. *marks*: the file that remembers."""
        self._folder = folder
        self._file = marks
        self._target = target
        self._clock = clock
        self._marks = _read(marks)

    def turn(self) -> bool:
        """Send what is new; returns whether there is more already.

        Raises:  Unreachable: nothing is lost, the next turn sends it.
        """
        marks: dict[str, Mark] = {}
        found: dict[tuple[str, str], list[LogLine]] = defaultdict(list)
        more = False
        for log in self._logs():
            before = self._marks.get(log.name, Mark())
            try:
                new = unread(log, before)
            except OSError:  # gone since it was listed
                continue
            marks[log.name], more = new.mark, more or new.more
            now = self._clock()
            for text in new.lines:
                line = log_line.read(text, now=now)
                found[service_of(log), line.level].append(line)
        if found:
            self._push([({"service": service, "level": level}, lines) for (service, level), lines in found.items()])
        if marks != self._marks:
            self._marks = marks
            _write(self._file, marks)
        return more

    def _logs(self) -> Iterator[Path]:
        logs = sorted(log for log in self._folder.glob("*.log") if log.stem not in NOT_SHIPPED)
        yield from logs[:MOST_LOGS]

    def _push(self, streams: Streams) -> None:
        try:
            self._target.push(streams)
        except Rejected as error:
            _LOGGER.warning("Loki does not take some lines: %s", error)


def service_of(log: Path) -> str:
    """The label of *log*, as the scrape job is called: `orders` of `orders-2.log`, `orders-worker` as it is."""
    return re.sub(r"-\d+$", "", log.stem)


def run(shipper: Shipper, *, stopping: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> None:
    """Turn until *stopping*, and once more then; pauses grow while Loki is away."""
    pause = PAUSE_SECONDS
    away = False
    while True:
        last, more = stopping(), False
        try:
            more = shipper.turn()
        except Unreachable as error:
            if not away:
                _LOGGER.warning("Loki is away, logs wait for it: %s", error)
            away, pause = True, min(2 * pause, LONGEST_PAUSE_SECONDS)
        except OSError as error:
            _LOGGER.error("marks cannot be written: %s", error.strerror)
            pause = LONGEST_PAUSE_SECONDS
        else:
            if away:
                _LOGGER.warning("Loki is back")
            away, pause = False, PAUSE_SECONDS
        if last:
            return
        if not more:
            _wait(pause, stopping=stopping, sleep=sleep)


def _wait(seconds: float, *, stopping: Callable[[], bool], sleep: Callable[[float], None]) -> None:
    while seconds > 0 and not stopping():
        sleep(min(seconds, PAUSE_SECONDS))
        seconds -= PAUSE_SECONDS


def _read(file: Path) -> dict[str, Mark]:
    try:
        found: Mapping[str, Mapping[str, object]] = json.loads(file.read_text(encoding="utf-8"))
        return {name: Mark(position=int(str(each["position"])), head=str(each["head"])) for name, each in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        _LOGGER.warning("%s cannot be read: logs are sent from their beginning", file)
        return {}


def _write(file: Path, marks: Mapping[str, Mark]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    plain = {name: {"position": mark.position, "head": mark.head} for name, mark in marks.items()}
    new.write_text(json.dumps(plain), encoding="utf-8")
    new.replace(file)


def main(argv: Sequence[str] | None = None) -> int:
    """Ship until SIGTERM or Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.log_shipper", description="Send logs to Loki (LOKI_URL).")
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--marks", type=Path, required=True)
    arguments = parser.parse_args(argv)
    logging.config.dictConfig(logs.settings("info", "log-shipper"))
    try:
        target = Loki(os.environ.get("LOKI_URL", ""))
    except Refused as refused:
        print(f"log-shipper: {refused}", file=sys.stderr)
        return 2
    stop = StopSignals()
    with stop.caught():
        _LOGGER.info("logs of %s go to %s", arguments.logs, target.address)
        run(Shipper(arguments.logs, arguments.marks, target), stopping=stop.asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
