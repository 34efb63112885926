"""Counts the events of SLOs where Prometheus has no part: in the services' databases and logs, and in the front door's.

What an SLO promises is said here again in a line of Python: a fault of its spec, its rules or its metrics shows.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

Row = dict[str, Any]
OVERLOAD = (408, 429)
# What the storefront answers beside pages.
BESIDE = ("/rum", "/static/", "/api/", "/robots.txt")


@dataclass(frozen=True, slots=True)
class Count:
    """Events of one SLO."""

    bad: int
    total: int


def answered(run: Path, service: str, is_bad: Callable[[Row], bool], *, since: float = 0.0) -> Count:
    """Requests of shoppers that *service* has logged, from *since* (Unix seconds) on."""
    rows = [row for row in _lines(run / "logs" / f"{service}.log", since) if _is_request(row)]
    return Count(sum(map(is_bad, rows)), len(rows))


def failed(row: Row) -> bool:
    """The service's own fault, or what it turned away when overloaded."""
    return row["http_response_status_code"] >= 500 or row["http_response_status_code"] in OVERLOAD


def slower_than(seconds: float) -> Callable[[Row], bool]:
    """Whether an answer took longer."""
    return lambda row: bool(row["duration_ms"] > seconds * 1000)


def pages(run: Path, *, since: float) -> Count:
    """Pages that the front door fetched from the storefront."""
    rows = [
        row
        for row in _lines(run / "front_door" / "access.log", since)
        if row["upstream"] == "storefront" and row["upstream_status"] != "-" and not row["path"].startswith(BESIDE)
    ]
    return Count(sum(int(row["upstream_status"]) >= 500 for row in rows), len(rows))


def delivered(run: Path) -> Count:
    """Events of orders that have arrived; bad is later than after a minute."""
    took = _read(run, "orders", "SELECT delivered_at_ms - occurred_at_ms FROM outbox WHERE delivered_at_ms IS NOT NULL")
    return Count(sum(ms > 60_000 for (ms,) in took), len(took))


def by_slo(run: Path, *, since: Mapping[str, float]) -> dict[str, Count]:
    """Counts by the SLO's id. *since*: when Prometheus first saw each service; what came before, it cannot know."""
    logged = partial(answered, run)
    return {
        **{
            f"{name}-availability": logged(name, failed, since=since[name])
            for name in ("catalog", "inventory", "orders", "payments")
        },
        "storefront-availability": pages(run, since=since["storefront"]),
        "catalog-latency": logged("catalog", slower_than(0.25), since=since["catalog"]),
        "inventory-latency": logged("inventory", slower_than(0.1), since=since["inventory"]),
        "orders-latency": logged("orders", slower_than(1), since=since["orders"]),
        "orders-event-delivery": delivered(run),
    }


def _is_request(row: Row) -> bool:
    return row.get("logger") == "services.request" and row["traffic"] == "user"


def _lines(log: Path, since: float) -> Iterator[Row]:
    """The lines of *log* that are JSON, for a server's first ones need not be, from *since* on."""
    for line in log.read_text(encoding="utf-8").splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            if datetime.fromisoformat(row["timestamp"]).timestamp() >= since:
                yield row


def _read(run: Path, service: str, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{run / 'data' / service}.db?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()
