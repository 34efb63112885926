"""The real Jaeger and Loki, where `make demo-full` has built them: what goes in is found again."""

import json
import signal
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3

from local import jaeger, loki
from local.log_shipper import Shipper
from local.loki_client import Loki
from local.probe import answers
from local.server import free_ports, running
from services.shared import tracing as traces
from services.shared.config import Config
from services.shared.otlp import OtlpTracing
from tools.install import find

pytestmark = pytest.mark.full
LOOPBACK = "127.0.0.1"


def installed(name: str) -> Path:
    """The program, or a skipped test: only `make demo-full` installs it."""
    found = find(name)
    if found is None:
        pytest.skip(f"{name} is not installed: run tools/install.py install {name}")
    return found


def asked(url: str, **query: str) -> Any:
    """A JSON answer."""
    return urllib3.request("GET", f"{url}?{urllib.parse.urlencode(query)}", timeout=10).json()


def assert_on_loopback(binary: Path, folder: Path, most: int) -> None:
    """The *binary* that *folder* was given to listens on so many ports of this machine alone, and calls nobody."""
    (process,) = [
        each
        for each in psutil.process_iter(["cmdline"])
        if each.info["cmdline"][:1] == [str(binary)] and str(folder) in each.info["cmdline"][1]
    ]
    connections = process.net_connections("inet")
    assert {each.laddr.ip for each in connections} == {LOOPBACK}
    assert {each.raddr.ip for each in connections if each.raddr} <= {LOOPBACK}
    assert len({each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}) <= most


@pytest.fixture
def jaeger_ports(tmp_path: Path) -> Iterator[dict[str, int]]:
    """A Jaeger: where it takes spans, and where it is asked."""
    binary, ports = installed("jaeger"), free_ports("otlp", "query")
    jaeger.prepare(tmp_path, otlp_port=ports["otlp"], query_port=ports["query"])
    ready = f"http://{LOOPBACK}:{ports['otlp']}{jaeger.READY_PATH}"
    with running(
        "jaeger",
        jaeger.command(binary, tmp_path),
        log=tmp_path / "jaeger.log",
        ready=lambda: answers(ready, jaeger.READY_STATUS),
        stop_by=(signal.SIGTERM,),
    ):
        assert_on_loopback(binary, tmp_path, 3)
        yield ports


def test_a_services_trace_comes_out_of_jaeger(jaeger_ports: dict[str, int], wait_for: Callable[..., None]) -> None:
    """Sent as a service sends it, asked for as Grafana asks."""
    tracing = OtlpTracing.to_endpoint(
        Config(service="orders", otlp_endpoint=f"http://{LOOPBACK}:{jaeger_ports['otlp']}")
    )
    with tracing.handling("OrderConfirmed", None), tracing.client_span("payments", "authorise"):
        current = traces.current.get()
        assert current is not None
    tracing.close()
    query = f"http://{LOOPBACK}:{jaeger_ports['query']}/api"
    wait_for(lambda: bool(asked(f"{query}/traces/{current.trace_id}")["data"]), 10)
    (trace,) = asked(f"{query}/traces/{current.trace_id}")["data"]
    assert sorted(span["operationName"] for span in trace["spans"]) == ["OrderConfirmed", "payments authorise"]
    assert {process["serviceName"] for process in trace["processes"].values()} == {"orders"}
    found = asked(f"{query}/traces", service="orders", limit="5")["data"]
    assert [each["traceID"] for each in found] == [current.trace_id]


def test_a_line_comes_out_of_loki(tmp_path: Path, wait_for: Callable[..., None]) -> None:
    """Written to a log, shipped, asked for by LogQL; also after Loki was killed and started again."""
    binary, ports = installed("loki"), free_ports("http", "grpc")
    folder, url = tmp_path / "loki", f"http://{LOOPBACK}:{ports['http']}"
    logs = tmp_path / "logs"
    logs.mkdir()
    loki.prepare(folder, port=ports["http"], grpc_port=ports["grpc"])
    shipper = Shipper(logs, folder / "marks.json", Loki(url))
    query = '{service="orders", level="error"} | json | trace_id="0af7651916cd43dd8448eb211c80319c"'
    sent = []
    for number, end in enumerate((signal.SIGKILL, signal.SIGTERM)):
        with running(
            "loki",
            loki.command(binary, folder),
            log=tmp_path / "loki.log",
            ready=lambda: answers(url + loki.READY_PATH),
            stop_by=(end,),
        ):
            assert_on_loopback(binary, folder, 2)
            line = {"level": "ERROR", "message": f"no {number}", "trace_id": "0af7651916cd43dd8448eb211c80319c"}
            sent.append(json.dumps(line))
            with (logs / "orders-2.log").open("a", encoding="utf-8") as output:
                output.write(f"{sent[-1]}\n")
            shipper.turn()

            def found() -> list[str]:
                answer = asked(f"{url}/loki/api/v1/query_range", query=query, direction="forward")
                streams = answer["data"]["result"]
                return [text for _, text in sorted(value for stream in streams for value in stream["values"])]

            wait_for(lambda: found() == sent, 10)
            assert sorted(asked(f"{url}/loki/api/v1/labels")["data"]) == ["level", "service"]
