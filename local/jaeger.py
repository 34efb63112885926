"""A real Jaeger, listening on this machine alone: it takes spans by OTLP over HTTP, and is asked for traces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local.settings import HOST

# Some 15 KB of memory each, for traces of a dozen spans; the oldest go. They do not outlive the process.
MOST_TRACES = 5_000
MEMORY_MIB = 384
ENVIRONMENT = {"GOMEMLIMIT": f"{MEMORY_MIB}MiB"}
# The receiver is the last to start. It answers so to whoever sends nothing.
READY_PATH = "/v1/traces"
READY_STATUS = 405


def configuration(*, otlp_port: int, query_port: int) -> Mapping[str, Any]:
    """What Jaeger 2 is started with: no port but these two and one for gRPC, which is any free one and nobody's."""
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "batch"],
                    "exporters": ["jaeger_storage_exporter"],
                }
            },
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": MOST_TRACES}}}},
            "jaeger_query": {
                "storage": {"traces": "memory"},
                "http": {"endpoint": f"{HOST}:{query_port}"},
                "grpc": {"endpoint": f"{HOST}:0"},
                "enable_tracing": False,  # of itself
            },
        },
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{HOST}:{otlp_port}"}}}},
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": MEMORY_MIB, "spike_limit_mib": MEMORY_MIB // 8},
            "batch": {"timeout": "200ms"},
        },
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }


def prepare(folder: Path, *, otlp_port: int, query_port: int) -> None:
    """Write its configuration into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    new = _file(folder).with_suffix(".new")
    new.write_text(yaml.safe_dump(configuration(otlp_port=otlp_port, query_port=query_port)), encoding="utf-8")
    new.replace(_file(folder))


def command(binary: Path, folder: Path) -> tuple[str, ...]:
    """What starts it in the foreground."""
    return (str(binary), f"--config=file:{_file(folder)}")


def _file(folder: Path) -> Path:
    return folder.absolute() / "jaeger.yaml"
