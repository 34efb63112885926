"""Whose traffic a request is: real users', a probe's, or a load test's.

Only a signed claim makes it anything but a user's: whoever could claim `load` at will could hide an outage from the
SLOs, which count users only. A claim is `class;expiry;hmac`: expiry in Unix seconds, hmac in hex, by SHA-256 over
`class;expiry` with TRAFFIC_KEY. It comes in the header, or from another service as a member of W3C baggage.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from prometheus_client import CollectorRegistry, Counter

from services.shared.errors import ClaimRejected

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

USER = "user"
PROBE = "probe"
LOAD = "load"
CLASSES = frozenset({USER, PROBE, LOAD})
HEADER = "X-Tillwatch-Traffic"
BAGGAGE = "baggage"
BAGGAGE_MEMBER = "tillwatch-traffic"
REASONS = ("expired", "malformed", "no_key", "signature", "too_long", "unknown_class")
# A claim that leaked hides traffic for no longer than this.
MAX_AHEAD_SECONDS = 3600
_CARRIED_SECONDS = 60
_MAX_CLAIM_LENGTH = 128
_MAX_BAGGAGE_LENGTH = 8192

# Of the request that this thread is answering, or of the event that it is handling.
current: ContextVar[str] = ContextVar("traffic", default=USER)


def sign(traffic: str, key: str, *, expires: int) -> str:
    """The claim that a request is of the class *traffic*, good until *expires* (Unix seconds)."""
    said = f"{traffic};{expires}"
    return f"{said};{_mac(said, key)}"


def verify(claim: str, key: str, *, now: float) -> str:
    """The class that *claim* proves.

    Raises:  ClaimRejected: its text is one of REASONS.
    """
    parts = claim.split(";")
    if len(claim) > _MAX_CLAIM_LENGTH or len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit()):
        raise ClaimRejected("malformed")
    traffic, expires, mac = parts
    # First of all checks on what it says: to a forger each refusal looks alike, and no reason counts a forgery twice.
    if not hmac.compare_digest(mac.encode(), _mac(f"{traffic};{expires}", key).encode()):
        raise ClaimRejected("signature")
    if traffic not in CLASSES:
        raise ClaimRejected("unknown_class")
    if int(expires) <= now:
        raise ClaimRejected("expired")
    if int(expires) > now + MAX_AHEAD_SECONDS:
        raise ClaimRejected("too_long")
    return traffic


def carried(key: str | None, *, now: float) -> str | None:
    """The baggage that tells a peer the class of what this thread is doing; None where there is nothing to tell."""
    traffic = current.get()
    if traffic == USER or key is None:
        return None
    # Signed anew: the claim that came may have expired, where an event waited for its delivery.
    return f"{BAGGAGE_MEMBER}={quote(sign(traffic, key, expires=int(now) + _CARRIED_SECONDS), safe='')}"


class TrafficClaims:
    """Reads the claims of incoming requests, and counts in *registry* those it does not believe.

    Args:    key: TRAFFIC_KEY; without it no claim is believed. now: Unix seconds.
    """

    def __init__(self, key: str | None, registry: CollectorRegistry, *, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._now = now
        self._rejected = Counter(
            "traffic_claims_rejected", "Claims of a traffic class that proved nothing.", ("reason",), registry=registry
        )
        for reason in REASONS:
            self._rejected.labels(reason)

    def of(self, environ: "WSGIEnvironment") -> str:
        """The class of the request *environ*: a user's unless it proves another."""
        claim = environ.get("HTTP_X_TILLWATCH_TRAFFIC")
        if claim is None:
            claim = _baggage_claim(environ.get("HTTP_BAGGAGE"))
        if claim is None:
            return USER
        try:
            if self._key is None:
                raise ClaimRejected("no_key")
            return verify(claim, self._key, now=self._now())
        except ClaimRejected as rejected:
            self._rejected.labels(str(rejected)).inc()
            return USER


def _mac(said: str, key: str) -> str:
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()


def _baggage_claim(baggage: str | None) -> str | None:
    """Our member of a *baggage* header (W3C); others' members may stand beside it."""
    if baggage is None or len(baggage) > _MAX_BAGGAGE_LENGTH:
        return None
    for member in baggage.split(","):
        name, separator, value = member.partition("=")
        if separator and name.strip() == BAGGAGE_MEMBER:
            return unquote(value.partition(";")[0].strip())
    return None
