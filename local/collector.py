"""Takes spans by OTLP over HTTP and keeps them in a file, one JSON document a line: where there is no Jaeger."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from local.settings import HOST

PATH = "/v1/traces"
# More than a batch of 512 spans of ours takes.
MOST_BYTES = 8 * 2**20


class _Server(ThreadingHTTPServer):
    """One that knows where spans go. Batches are written whole, one after the other."""

    daemon_threads = True

    def __init__(self, file: Path, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.file = file
        self.lock = threading.Lock()

    def keep(self, batch: ExportTraceServiceRequest) -> None:
        lines = "".join(f"{MessageToJson(each, indent=None)}\n" for each in batch.resource_spans)
        with self.lock, self.file.open("a", encoding="utf-8") as output:
            output.write(lines)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        """Keep a batch; what is none is refused, and not asked for again."""
        length = self.headers.get("Content-Length", "")
        if self.path != PATH or not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._answer(404 if self.path != PATH else 413)
            return
        body = self.rfile.read(int(length))
        try:
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            batch = ExportTraceServiceRequest.FromString(body)
        except (DecodeError, OSError, EOFError):
            self._answer(400)
            return
        self.server.keep(batch)
        self._answer(200, ExportTraceServiceResponse().SerializeToString())

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Nobody reads it."""


@contextlib.contextmanager
def file_collector(file: Path, *, port: int = 0) -> Iterator[str]:
    """Address of a collector that appends to *file*, for OTEL_EXPORTER_OTLP_ENDPOINT; port 0 takes a free one.

    Raises:  OSError: the port is taken.
    """
    server = _Server(file, port)
    thread = threading.Thread(target=server.serve_forever, name="collector", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
