"""What may be set at the front door: limits and times, with the values of an ordinary day."""

from __future__ import annotations

from dataclasses import dataclass

PORT = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """Limits are for each client address, and each of them is 1 or more. A load test on loopback raises them.

    requests_per_second, request_burst:   for everything.
    sign_ins_per_second, sign_in_burst:   beside those, where passwords are tried.
    connections:     at one time.
    max_body_bytes:  of a request; services refuse more than this too.
    slow_client_seconds:  how long a client may take for its whole header, and between two parts of a body.
    connect_seconds, send_seconds, read_seconds:  how long a service may take to be reached, between two parts of a
                     request, and of an answer.
    behind_tls:      whether clients come by https, which ends before the door: browsers are then told to stay with it.
    """

    requests_per_second: int = 100
    request_burst: int = 200
    sign_ins_per_second: int = 10
    sign_in_burst: int = 20
    connections: int = 200
    max_body_bytes: int = 64 * 1024
    slow_client_seconds: float = 10.0
    connect_seconds: float = 1.0
    send_seconds: float = 15.0
    read_seconds: float = 15.0
    behind_tls: bool = False
