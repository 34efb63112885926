"""A few clients that ask over kept connections as fast as they are answered, in a process of their own."""

from __future__ import annotations

import http.client
import multiprocessing
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.errors import BenchError
from local.settings import HOST

CLIENTS = 8
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: its headers and body, where they differ from one to the next."""

    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked. `expected`: the status of a good answer."""

    port: int
    path: str
    method: str = "GET"
    expected: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of it: answers a second, and the median and the 99th percentile of their times in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float


def is_up(target: Target) -> bool:
    """Whether *target*'s port answers at all."""
    connection = http.client.HTTPConnection(HOST, target.port, timeout=1)
    try:
        connection.request("GET", target.path)
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def ask(target: Target, calls: Sequence[Call], *, seconds: float | None = None, clients: int = CLIENTS) -> Load:
    """Ask *target*: each of *calls* once, or over and over for *seconds*.

    Raises:  BenchError: an answer had another status than expected, or none came.
    """
    # Another process: the clients' work must not wait for this one's interpreter, nor the other way round.
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        times, wall, wrong = pool.apply(_ask, (target, list(calls), seconds, clients))
    if wrong is not None or not times:
        raise BenchError(f"{target.method} {target.path} answered {wrong}, expected {target.expected}")
    ordered = sorted(times)
    p50, p99 = (1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return Load(per_second=len(ordered) / wall, p50_ms=p50, p99_ms=p99)


def _ask(
    target: Target, calls: list[Call], seconds: float | None, clients: int
) -> tuple[list[float], float, str | None]:
    shares: list[list[float]] = [[] for _ in range(clients)]
    wrong: list[str] = []
    until = None if seconds is None else time.perf_counter() + seconds
    began = time.perf_counter()
    # Each call once is shared out; for a time, every client repeats all of them.
    own = [calls if seconds is not None else calls[number::clients] for number in range(clients)]
    threads = [
        threading.Thread(target=_client, args=(target, own[number], until, shares[number], wrong))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - began
    return [each for share in shares for each in share], wall, wrong[0] if wrong else None


def _client(target: Target, calls: list[Call], until: float | None, times: list[float], wrong: list[str]) -> None:
    connection = http.client.HTTPConnection(HOST, target.port, timeout=TIMEOUT_SECONDS)
    try:
        while not wrong:
            for call in calls:
                if until is not None and time.perf_counter() >= until:
                    return
                began = time.perf_counter()
                connection.request(target.method, target.path, body=call.body, headers=dict(call.headers))
                response = connection.getresponse()
                body = response.read()
                times.append(time.perf_counter() - began)
                if response.status != target.expected:
                    wrong.append(f"{response.status} {body[:300]!r}")
                    return
            if until is None:
                return
    except (OSError, http.client.HTTPException) as error:
        wrong.append(repr(error))
    finally:
        connection.close()
