"""How the processes of a load run tell one of them what they do, and how that one tells the command.

A worker's news travel with what Locust sends to its master anyway; without workers there is one process, which tells
itself. Whoever keeps the book writes a line of JSON a second to the file descriptor that the command has opened.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import gevent  # type: ignore[import-untyped]

from synthetics.bookkeeper import LIVE, RESULT, Bookkeeper
from synthetics.generator import Meter
from synthetics.record import Record

FIELD = "tillwatch"


class Reported(Protocol):
    """What is told of the visits of a process: how many are under way, and the number of the last account."""

    under_way: set[Any]

    @property
    def accounts_used(self) -> int: ...


@dataclass(slots=True, kw_only=True)
class Reporter:
    """In each process that makes visits. visitors: None until it begins."""

    record: Record
    meter: Meter
    visitors: Reported | None = None
    stampede: dict[str, Any] | None = None

    def begin(self, visitors: Reported) -> None:
        """The run begins here."""
        self.visitors = visitors
        gevent.spawn(self.meter.run, gevent.sleep)

    def news(self) -> dict[str, Any] | None:
        """What happened since this was asked last; None before the run."""
        if self.visitors is None:
            return None
        return {
            "delta": self.record.take(),
            "generator": self.meter.take(),
            "under_way": len(self.visitors.under_way),
            "accounts": self.visitors.accounts_used,
            "stampede": self.stampede,
        }

    def add_to(self, client_id: str, data: dict[str, Any]) -> None:
        """A listener of Locust's `report_to_master`."""
        if (news := self.news()) is not None:
            data[FIELD] = news


@dataclass(slots=True, kw_only=True)
class Teller:
    """In the process that keeps the book; *descriptor*: where the command listens, 0: nowhere."""

    bookkeeper: Bookkeeper
    descriptor: int
    own: Reporter | None
    look: Callable[[], None] = lambda: None

    def heard(self, client_id: str, data: dict[str, Any]) -> None:
        """A listener of Locust's `worker_report`."""
        if FIELD in data:
            self.bookkeeper.take(client_id, data[FIELD])

    def keep_telling(self) -> None:
        """A line a second, for ever."""
        while True:
            gevent.sleep(1)
            self.look()
            self._hear_oneself()
            self._write(LIVE, self.bookkeeper.live(time.time()))

    def end(self) -> None:
        """The last line: how it went."""
        self._hear_oneself()
        self._write(LIVE, self.bookkeeper.live(time.time()))
        self._write(RESULT, self.bookkeeper.result(time.time()))

    def _hear_oneself(self) -> None:
        if self.own is not None and (news := self.own.news()) is not None:
            self.bookkeeper.take("0", news)

    def _write(self, kind: str, said: dict[str, Any]) -> None:
        if not self.descriptor:
            return
        left = json.dumps({kind: said}).encode() + b"\n"
        while left:
            left = left[os.write(self.descriptor, left) :]
