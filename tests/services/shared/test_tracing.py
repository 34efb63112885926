"""Traces while nobody records them: ids go in and out, and nothing of OpenTelemetry is there."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.shared import tracing
from services.shared.config import Config
from services.shared.tracing import Tracing, fresh, parse, tracing_of
from tests.services.running import ROOT

ID, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{ID}-{PARENT}-01"


def test_a_traceparent_is_read_and_kept_as_it_is() -> None:
    """Its id, whether it is sampled, and the text that goes on."""
    trace = parse(GOOD, "vendor=1")
    assert (trace.trace_id, trace.sampled, trace.traceparent, trace.tracestate) == (ID, True, GOOD, "vendor=1")
    assert not parse(f"00-{ID}-{PARENT}-00").sampled
    assert parse(f"00-{ID}-{PARENT}-03").sampled
    assert parse(f"01-{ID}-{PARENT}-01-more").trace_id == ID


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param(f"00-{'0' * 32}-{PARENT}-01", id="no trace"),
        pytest.param(f"00-{ID}-{'0' * 16}-01", id="no parent"),
        pytest.param(f"ff-{ID}-{PARENT}-01", id="a forbidden version"),
        pytest.param(f"00-{ID}-{PARENT}-01-more", id="version 00 with more"),
        pytest.param(f"00-{ID.upper()}-{PARENT}-01", id="capital letters"),
        pytest.param(f"00-{ID[:-1]}-{PARENT}-01", id="too short"),
        pytest.param(f"{GOOD}\r\nX: y", id="a second header"),
        pytest.param(f"01-{ID}-{PARENT}-01-{'x' * 200}", id="endless"),
    ],
)
def test_what_the_standard_calls_invalid_is_no_trace(header: str | None) -> None:
    """A new one is begun in its place."""
    assert parse(header) is None
    assert Tracing().begin(header, None, "GET").trace_id != ID


@pytest.mark.parametrize("state", ["x" * 513, "a=1\r\nX: y", "a=é"])
def test_a_state_that_is_no_header_is_dropped(state: str) -> None:
    """The trace goes on without it."""
    assert parse(GOOD, state).tracestate is None


@given(st.text(max_size=80))
def test_no_header_breaks_the_parser(header: str) -> None:
    """It is a trace or none."""
    assert parse(header) is None or len(header) >= 55


def test_a_new_trace_is_valid_and_not_sampled() -> None:
    """It ties log lines together; it asks no one to record."""
    first, second = fresh(), fresh()
    assert parse(first.traceparent) == first
    assert not first.sampled
    assert first.trace_id != second.trace_id


def test_a_request_has_its_trace_while_it_runs(toy) -> None:
    """The callers' or a new one, and none afterwards."""
    seen = []
    toy.app.after_request(lambda answer: seen.append(tracing.current.get()) or answer)
    toy.client.get("/things/a", headers={"traceparent": GOOD, "tracestate": "vendor=1"})
    toy.client.get("/things/a")
    assert (seen[0].traceparent, seen[0].tracestate, seen[0].recorder) == (GOOD, "vendor=1", None)
    assert seen[1].trace_id != ID
    assert tracing.current.get() is None


def test_an_event_is_handled_in_its_trace() -> None:
    """And the trace ends with the handling, whatever happens in it."""

    def handle() -> None:
        with Tracing().handling("x", GOOD), tracing.client_span("inventory", "reserve"):
            assert tracing.current.get().traceparent == GOOD
            raise RuntimeError

    with pytest.raises(RuntimeError):
        handle()
    assert tracing.current.get() is None


def test_without_an_endpoint_nothing_is_imported() -> None:
    """A whole service comes up without a module of OpenTelemetry, nor of Redis, which brings it."""
    code = """
import sys
from prometheus_client import CollectorRegistry
from services.shared import outbound, service, limits, issuer
from services.shared.config import Config
from services.shared.faults import FaultBoard
board = FaultBoard(clock=lambda: 0.0, random=lambda: 0.0)
app = service.build(config=Config(service="toy"), registry=CollectorRegistry(), blueprints=(), board=board,
                    check=lambda: None, title="Toy", description="", limiter=limits.new_limiter(None))
assert app.test_client().get("/livez").status_code == 200
outbound.Peer("a", "http://127.0.0.1:9", None, registry=CollectorRegistry())
print(sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "redis", "requests"}))
"""
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.strip() == "[]"


def test_the_endpoint_decides() -> None:
    """None: no recorder; an address: one of OpenTelemetry's."""
    assert type(tracing_of(Config(service="toy"))) is Tracing
    recorder = tracing_of(Config(service="toy", otlp_endpoint="http://127.0.0.1:9"))
    assert type(recorder).__name__ == "OtlpTracing"
    recorder.close()
