"""The body of an OTLP export: unpacked within a bound, and as one line of JSON."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# What zlib takes for a header: gzip's, or zlib's own.
_FORMATS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_IDS = ("traceId", "spanId", "parentSpanId")


class BodyRefused(Exception):
    """Why a body is not taken, with the HTTP status that says so."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def unpacked(body: bytes, encoding: str, *, most_bytes: int) -> bytes:
    """*body* without its Content-Encoding.

    Raises:  BodyRefused: it is more than *most_bytes*, none of that encoding, or the encoding is unknown.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in _FORMATS:
        raise BodyRefused(415)
    unpacking = zlib.decompressobj(_FORMATS[encoding])
    try:
        data = unpacking.decompress(body, most_bytes + 1)
    except zlib.error as error:
        raise BodyRefused(400) from error
    if len(data) > most_bytes:
        raise BodyRefused(413)
    if not unpacking.eof or unpacking.unused_data:
        raise BodyRefused(400)
    return data


def as_line(body: bytes) -> str | None:
    """A batch in OTLP's JSON form; None where it has no spans.

    Raises:  BodyRefused: it is no batch.

    Source:  https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids are hexadecimal, enums are numbers.
    """
    try:
        batch = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise BodyRefused(400) from error
    if not any(scope.spans for resource in batch.resource_spans for scope in resource.scope_spans):
        return None
    found = MessageToDict(batch, use_integers_for_enums=True)
    for resource in found["resourceSpans"]:
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                for holder in (span, *span.get("links", ())):
                    _hexadecimal(holder)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _hexadecimal(holder: dict[str, Any]) -> None:
    """protobuf's own JSON form has bytes in base64."""
    for key in _IDS:
        if key in holder:
            holder[key] = base64.b64decode(holder[key]).hex()
