"""Spans: named by routes, joined to the caller's trace, sent by OTLP to a collector on a real socket."""

import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from services.shared import tracing
from services.shared.auth import public
from services.shared.config import Config
from services.shared.otlp import OtlpTracing
from services.shared.outbound import Peer, PeerUnknown
from tests.services.shared.peer_server import answers

ID, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{ID}-{PARENT}-01"


class Recorded:
    """A recorder, and the spans that it has finished."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = OtlpTracing(provider)

    @property
    def spans(self) -> dict[str, object]:
        """The finished spans by their names."""
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """A recorder in memory."""
    found = Recorded()
    yield found
    found.tracer.close()


def test_a_request_is_a_span_named_by_its_route(make_toy, recorded) -> None:
    """With method, route, status and class of traffic, and nothing of the path or the query."""
    make_toy(tracer=recorded.tracer).client.get("/things/ada?card=4111", headers={"traceparent": GOOD})
    (span,) = recorded.spans.values()
    assert (span.name, span.kind.name) == ("GET /things/<name>", "SERVER")
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/things/<name>",
        "http.response.status_code": 200,
        "tillwatch.traffic": "user",
    }
    assert f"{span.context.trace_id:032x}" == ID
    assert f"{span.parent.span_id:016x}" == PARENT
    assert tracing.current.get() is None


def test_a_failure_marks_its_span_without_its_text(make_toy, recorded) -> None:
    """A 500 is an error; what went wrong stays in the log."""
    toy = make_toy(tracer=recorded.tracer)
    toy.client.get("/things/broken")
    toy.client.get("/made-up/ada")
    broken, unmatched = recorded.spans["GET /things/<name>"], recorded.spans["GET"]
    assert (broken.status.status_code.name, broken.attributes["error.type"]) == ("ERROR", "500")
    assert (broken.events, broken.status.description) == ((), None)
    assert unmatched.status.status_code.name == "UNSET"
    assert "http.route" not in unmatched.attributes


def test_a_caller_that_samples_nothing_is_not_recorded(make_toy, recorded) -> None:
    """The decision is the caller's, so that a trace is whole or not there."""
    make_toy(tracer=recorded.tracer).client.get("/things/a", headers={"traceparent": GOOD[:-2] + "00"})
    assert recorded.spans == {}


def test_a_call_is_a_child_and_the_peers_parent(make_toy, recorded, peer_server) -> None:
    """The traceparent that arrives at the peer is the client span's, in the trace of the request."""
    peer = Peer("inventory", peer_server.url, None, registry=CollectorRegistry())

    def add(blueprint, _) -> None:
        @blueprint.get("/ask")
        @public
        def ask() -> dict[str, int]:
            return {"status": peer.call("read_stock", "GET", "/x?sku=A", timeout=2, idempotent=True).status}

    make_toy(add=add, tracer=recorded.tracer).client.get("/ask", headers={"traceparent": GOOD, "tracestate": "v=1"})
    server, client = recorded.spans["GET /ask"], recorded.spans["inventory read_stock"]
    assert client.parent.span_id == server.context.span_id
    assert (client.kind.name, dict(client.attributes)) == (
        "CLIENT",
        {"peer.service": "inventory", "tillwatch.operation": "read_stock"},
    )
    arrived = peer_server.seen[0].headers
    assert arrived["traceparent"] == f"00-{ID}-{client.context.span_id:016x}-01"
    assert arrived["tracestate"] == "v=1"


def test_a_failed_call_marks_its_span(recorded, peer_server) -> None:
    """By the kind of error; the span around it is good where the error was caught in time."""
    peer_server.will(answers(500))
    peer = Peer("inventory", peer_server.url, None, registry=CollectorRegistry())
    with recorded.tracer.handling("event", GOOD), pytest.raises(PeerUnknown):
        peer.call("reserve", "POST", "/x", timeout=2, idempotent=False)
    assert recorded.spans["inventory reserve"].attributes["error.type"] == "Unanswered"
    assert recorded.spans["event"].status.status_code.name == "UNSET"


def test_log_lines_and_problems_carry_the_span(make_toy, recorded) -> None:
    """trace_id is the trace's, in the answer too."""
    answer = make_toy(tracer=recorded.tracer).client.get("/nowhere", headers={"traceparent": GOOD})
    assert answer.json["trace_id"] == ID


def test_a_sampled_request_leaves_an_exemplar(make_toy, recorded) -> None:
    """In OpenMetrics alone; plain text has no place for it."""
    toy = make_toy(tracer=recorded.tracer)
    toy.client.get("/things/a", headers={"traceparent": GOOD})
    wanted = f'# {{trace_id="{ID}"}} 0.2'
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    lines = [line for line in toy.client.get("/metrics", headers=accept).text.splitlines() if "trace_id" in line]
    assert len(lines) == 1
    assert lines[0].startswith("http_server_request_duration_seconds_bucket{")
    assert wanted in lines[0]
    assert "trace_id" not in toy.client.get("/metrics").text


def test_a_request_that_is_not_sampled_leaves_none(toy) -> None:
    """An exemplar leads to a trace that is there."""
    toy.client.get("/things/a")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    assert "trace_id" not in toy.client.get("/metrics", headers=accept).text


def test_spans_reach_a_collector(make_toy, peer_server) -> None:
    """As OTLP over HTTP, under the service's name and version."""
    peer_server.will(answers(200, b""))
    config = Config(service="toy", version="1.2.3", otlp_endpoint=peer_server.url)
    tracer = OtlpTracing.to_endpoint(config)
    make_toy(tracer=tracer).client.get("/things/a")
    tracer.close()
    (arrived,) = peer_server.seen
    assert (arrived.method, arrived.path) == ("POST", "/v1/traces")
    sent = ExportTraceServiceRequest.FromString(arrived.body).resource_spans[0]
    resource = {each.key: each.value.string_value for each in sent.resource.attributes}
    assert (resource["service.name"], resource["service.version"]) == ("toy", "1.2.3")
    assert sent.scope_spans[0].spans[0].name == "GET /things/<name>"


def test_a_collector_that_is_down_holds_nothing_up(make_toy) -> None:
    """Requests are answered as ever, and the end waits for seconds, not for minutes."""
    tracer = OtlpTracing.to_endpoint(Config(service="toy", otlp_endpoint="http://127.0.0.1:9"))
    toy = make_toy(tracer=tracer)
    began = time.monotonic()
    assert toy.client.get("/things/a").status_code == 200
    assert time.monotonic() - began < 0.5
    tracer.close()
    assert time.monotonic() - began < 8
