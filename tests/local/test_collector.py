"""The collector keeps spans as a service sends them, and nothing else."""

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.collector import file_collector
from services.shared.config import Config
from services.shared.otlp import OtlpTracing


def test_spans_are_kept_a_document_a_line(tmp_path: Path) -> None:
    """With the service that they are of, from two senders at once."""
    file = tmp_path / "spans.jsonl"
    with file_collector(file) as address:
        for service in ("orders", "users"):
            tracing = OtlpTracing.to_endpoint(Config(service=service, otlp_endpoint=address))
            with tracing.handling("OrderConfirmed", None):
                pass
            tracing.close()
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [each["resource"]["attributes"][-2]["value"] for each in found] == [
        {"stringValue": "orders"},
        {"stringValue": "users"},
    ]
    assert [each["scopeSpans"][0]["spans"][0]["name"] for each in found] == ["OrderConfirmed"] * 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/v1/traces", b"\xff\xff", 400), ("/v1/logs", b"", 404), ("/v1/traces", b"\n\x00", 200)],
)
def test_what_is_no_batch_is_refused(tmp_path: Path, path: str, body: bytes, status: int) -> None:
    """And leaves nothing in the file but what was one."""
    file = tmp_path / "spans.jsonl"
    with file_collector(file) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
        connection.request("POST", path, body=body)
        assert connection.getresponse().status == status
        connection.close()
    assert file.exists() == (status == 200)
