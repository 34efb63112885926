"""Takes spans by OTLP over HTTP and keeps them in files: where there is no Jaeger.

As a part of the platform: `python -m local.collector --port PORT --folder FOLDER`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import logging.config
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from local.otlp_body import BodyRefused, as_line, unpacked
from local.settings import HOST
from local.traces import NAME, SpanFiles
from services.shared import logs

PATH = "/v1/traces"
MEDIA_TYPE = "application/x-protobuf"
# Five times what a batch of 512 spans of ours takes; memory for the worst body is a hundred times its size.
MOST_BYTES = 2**20
# Every process of the shop keeps one open. More are closed at once, and their senders try again.
MOST_CONNECTIONS = 64
IDLE_SECONDS = 30.0
REQUEST_SECONDS = 10.0
_LOGGER = logging.getLogger("local.collector")


class _Server(ThreadingHTTPServer):
    """A thread for each connection, and so many of them; bodies are worked through one after the other."""

    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, files: SpanFiles, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self._files = files
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._work = threading.Lock()
        self._failing = False

    def keep(self, body: bytes, encoding: str) -> None:
        """Unpack *body* and keep it.

        Raises:  BodyRefused.
        """
        with self._work:
            line = as_line(unpacked(body, encoding, most_bytes=MOST_BYTES))
            try:
                if line is not None:
                    self._files.keep(line)
            except OSError as error:
                # Once, not for every batch: the log is on the same disk.
                if not self._failing:
                    _LOGGER.error("spans cannot be kept: %s", error.strerror)
                self._failing = True
                raise BodyRefused(503) from error
            if self._failing:
                _LOGGER.warning("spans are kept again")
            self._failing = False

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that goes away is no news."""
        if not isinstance(sys.exception(), OSError):
            _LOGGER.exception("a request failed")


class _Incoming(io.RawIOBase):
    """What a sender sends, until a moment, however slowly it comes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = REQUEST_SECONDS

    def setup(self) -> None:
        super().setup()
        self._incoming = _Incoming(self.connection)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        self._incoming.until = time.monotonic() + IDLE_SECONDS
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Its first line is here: the rest has to come soon."""
        self._incoming.until = time.monotonic() + REQUEST_SECONDS
        return super().parse_request()

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/livez" else 404)

    def do_POST(self) -> None:
        """Keep a batch. What is none is refused, and not asked for again; 503 is."""
        length = self.headers.get("Content-Length", "")
        if refusal := self._refusal(length):
            self.close_connection = True  # its body is not read
            self._answer(refusal)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the sender went away
            self.close_connection = True
            return
        try:
            self.server.keep(body, self.headers.get("Content-Encoding", ""))
        except BodyRefused as refused:
            self._answer(refused.status)
        else:
            self._answer(200, ExportTraceServiceResponse().SerializeToString())

    def _refusal(self, length: str) -> int | None:
        if self.path != PATH:
            return 404
        # A page in a browser cannot send this type to another site without asking first.
        if self.headers.get("Content-Type") != MEDIA_TYPE:
            return 415
        if not (length.isascii() and length.isdigit()):
            return 411
        return 413 if len(length) > 9 or int(length) > MOST_BYTES else None

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", MEDIA_TYPE)
        self.send_header("Content-Length", str(len(body)))
        if status == 503:
            self.send_header("Retry-After", "5")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Nobody reads it."""


@contextlib.contextmanager
def file_collector(file: Path, *, port: int = 0) -> Iterator[str]:
    """Address of a collector that keeps spans in *file*, for OTEL_EXPORTER_OTLP_ENDPOINT; port 0 takes a free one.

    Raises:  OSError: the port is taken.
    """
    server = _Server(SpanFiles(file), port)
    thread = threading.Thread(target=server.serve_forever, name="collector", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(argv: Sequence[str] | None = None) -> int:
    """Collect until SIGTERM or Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.collector", description="Keep spans in files.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args(argv)
    logging.config.dictConfig(logs.settings("info", "collector"))
    # Before any thread is: all of them inherit it.
    ends = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        with file_collector(arguments.folder / NAME, port=arguments.port) as address:
            _LOGGER.info("spans are taken at %s%s and kept in %s", address, PATH, arguments.folder)
            signal.sigwait(ends)
    except OSError as error:
        print(f"collector: port {arguments.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
