"""A real Loki in a folder of its own, listening on this machine alone: its logs stay from one start to the next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local.settings import HOST

RETENTION = "72h"
ENVIRONMENT = {"GOMEMLIMIT": "256MiB"}
READY_PATH = "/ready"
_CACHE_MB = 16


def configuration(folder: Path, *, port: int, grpc_port: int) -> Mapping[str, Any]:
    """What Loki 3 is started with: one process, no ports but these two. Its parts talk to one another by gRPC."""
    data = folder.absolute()
    cache = {"embedded_cache": {"enabled": True, "max_size_mb": _CACHE_MB}}
    return {
        "auth_enabled": False,
        "analytics": {"reporting_enabled": False},
        "server": {
            "http_listen_address": HOST,
            "http_listen_port": port,
            "grpc_listen_address": HOST,
            "grpc_listen_port": grpc_port,
            "log_level": "warn",
        },
        "common": {
            "path_prefix": str(data),
            "instance_addr": HOST,
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {
                "filesystem": {"chunks_directory": str(data / "chunks"), "rules_directory": str(data / "rules")}
            },
        },
        "schema_config": {
            "configs": [
                {
                    "from": "2024-01-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        "compactor": {
            "working_directory": str(data / "compactor"),
            "retention_enabled": True,
            "delete_request_store": "filesystem",
        },
        "limits_config": {
            "retention_period": RETENTION,
            # What was written while Loki was away comes at once; this machine's own logs are no flood.
            "ingestion_rate_mb": 16,
            "ingestion_burst_size_mb": 32,
            # Labels are those that the shipper sets.
            "discover_service_name": [],
            "discover_log_levels": False,
        },
        "chunk_store_config": {"chunk_cache_config": cache},
        "query_range": {"results_cache": {"cache": cache}},
        # Made for clusters, where others take time to notice a change: without these it is ready after 15 s.
        "ingester": {"lifecycler": {"min_ready_duration": "0s", "final_sleep": "0s"}},
        "frontend": {"scheduler_dns_lookup_period": "1s"},
        "frontend_worker": {"dns_lookup_duration": "1s"},
    }


def prepare(folder: Path, *, port: int, grpc_port: int) -> None:
    """Write its configuration into *folder*, where its data are, too."""
    folder.mkdir(parents=True, exist_ok=True)
    new = _file(folder).with_suffix(".new")
    new.write_text(yaml.safe_dump(configuration(folder, port=port, grpc_port=grpc_port)), encoding="utf-8")
    new.replace(_file(folder))


def command(binary: Path, folder: Path) -> tuple[str, ...]:
    """What starts it in the foreground."""
    return (str(binary), f"-config.file={_file(folder)}")


def _file(folder: Path) -> Path:
    return folder.absolute() / "loki.yaml"
