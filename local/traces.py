"""Keeps spans in files that are bounded in size and number, and finds a trace in them again.

A line is one batch in OTLP's JSON form, as the OpenTelemetry file exporter writes it: other programs read it too.

Source:  https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "spans.jsonl"
FILES = 8
MOST_BYTES = 16 * 2**20
_TRACE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ERROR = 2  # STATUS_CODE_ERROR


class SpanFiles:
    """The file that is written, and older ones beside it: `.1` is the youngest of them."""

    def __init__(self, file: Path, *, most_bytes: int = MOST_BYTES, files: int = FILES) -> None:
        """*most_bytes*: of one file, which a single line may exceed. *files*: how many there are at most."""
        self._file = file
        self._most_bytes = most_bytes
        self._files = files
        self._lock = threading.Lock()
        self._torn = True  # until looked at: whoever wrote here last may have been killed within a line

    def keep(self, line: str) -> None:
        """Append *line*, whole or not at all.

        Raises:  OSError: the disk is full, or the folder is not writable.
        """
        data = line.encode() + b"\n"
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self._torn:
                self._end_line()
                self._torn = False
            if self._file.exists() and self._file.stat().st_size + len(data) > self._most_bytes:
                self._turn()
            self._append(data)

    def _append(self, data: bytes) -> None:
        with self._file.open("ab", buffering=0) as output:
            before = output.tell()
            left = memoryview(data)
            try:
                while left:
                    left = left[output.write(left) :]
            except OSError:
                with contextlib.suppress(OSError):
                    output.truncate(before)
                raise

    def _end_line(self) -> None:
        if self._file.exists() and self._file.stat().st_size:
            with self._file.open("r+b") as file:
                file.seek(-1, 2)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    def _turn(self) -> None:
        """Move each file to the next older name; the oldest is overwritten."""
        for number in range(self._files - 2, -1, -1):
            if (younger := _numbered(self._file, number)).exists():
                younger.replace(_numbered(self._file, number + 1))
        if self._files == 1:
            self._file.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSpan:
    """One span of a trace. *parent_id* is empty where the trace begins, or where nobody kept the parent."""

    service: str
    name: str
    span_id: str
    parent_id: str
    start_nanoseconds: int
    end_nanoseconds: int
    failed: bool
    attributes: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end_nanoseconds - self.start_nanoseconds) / 1e9


def find_trace(folder: Path, trace_id: str) -> tuple[KeptSpan, ...]:
    """Spans of the trace *trace_id* that *folder* keeps, in the order in which they began; none for an unknown one.

    Args:    trace_id: 32 hexadecimal digits; whatever else it is, it is unknown.
    """
    if _TRACE_ID.fullmatch(trace_id) is None:
        return ()
    # A file that is moved on meanwhile is met again under its next name: hence the ids.
    found = {span.span_id: span for line in _lines(folder, trace_id) for span in _spans(line, trace_id)}
    return tuple(sorted(found.values(), key=lambda span: span.start_nanoseconds))


def _lines(folder: Path, trace_id: str) -> Iterator[Mapping[str, Any]]:
    """Batches that have *trace_id* in them, from the youngest file to the oldest."""
    wanted = trace_id.encode()
    for number in range(FILES):
        try:
            with _numbered(folder / NAME, number).open("rb") as lines:
                for line in lines:
                    if wanted in line and (batch := _parsed(line)):
                        yield batch
        except FileNotFoundError:
            continue


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        batch = json.loads(line)
    except ValueError:  # torn: its writer was killed
        return {}
    return batch if isinstance(batch, dict) else {}


def _spans(batch: Mapping[str, Any], trace_id: str) -> Iterator[KeptSpan]:
    for resource in batch.get("resourceSpans", ()):
        service = str(_attributes(resource.get("resource", {})).get("service.name", ""))
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                if span.get("traceId") == trace_id:
                    yield _span(span, service)


def _span(span: Mapping[str, Any], service: str) -> KeptSpan:
    return KeptSpan(
        service=service,
        name=span.get("name", ""),
        span_id=span.get("spanId", ""),
        parent_id=span.get("parentSpanId", ""),
        start_nanoseconds=int(span.get("startTimeUnixNano", 0)),
        end_nanoseconds=int(span.get("endTimeUnixNano", 0)),
        failed=span.get("status", {}).get("code") == _ERROR,
        attributes=_attributes(span),
    )


def _attributes(of: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values; 64-bit integers are text in OTLP's JSON."""
    return {
        pair.get("key", ""): int(value) if kind == "intValue" else value
        for pair in of.get("attributes", ())
        for kind, value in pair.get("value", {}).items()
    }


def _numbered(file: Path, number: int) -> Path:
    return file.with_name(f"{file.name}.{number}") if number else file
