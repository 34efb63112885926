"""Calls another service over HTTP, so that its trouble stays its own.

Each call is bounded in time, retried only where a repeat does no harm, and refused while the peer is known to be down.
A caller learns which of two things a failure is: surely nothing has happened there, or it may have.
"""

import json as json_module
import logging
import random as random_module
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import stamina
from prometheus_client import CollectorRegistry

from services.shared import deadline, propagation, tracing
from services.shared.breaker import Breaker, BreakerOpen
from services.shared.client_metrics import client_metrics
from services.shared.config import Config
from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.faults import DEPENDENCY_TIMEOUT, FaultBoard
from services.shared.http_exchange import Exchange, Limited, NotConnected, Reply, Unanswered
from services.shared.retry_budget import RetryBudget
from services.shared.service_tokens import ServiceTokens

__all__ = ["Peer", "PeerUnavailable", "PeerUnknown", "Reply", "Tokens", "peer_of"]

_LOGGER = logging.getLogger(__name__)
MAX_RETRIES = 2
# Full jitter: each wait is drawn from 0 to a bound that doubles.
FIRST_WAIT_SECONDS = 0.05
MAX_WAIT_SECONDS = 0.5
# No attempt is begun that has less time than an answer takes.
LEAST_SECONDS = 0.005


class Tokens(Protocol):
    """Whoever makes tokens for a peer: `ServiceTokens`."""

    def token(self, audience: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What is asked, and until when (time.monotonic). cut: the caller's deadline is nearer than the call's own."""

    operation: str
    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]
    until: float
    cut: bool

    def seconds_left(self) -> float:
        return self.until - time.monotonic()


class Peer:
    """One other service. Safe to use from many threads; made once a process.

    Args:    name: the peer's, as `peer_service` in metrics. base_url: `http://HOST:PORT`. tokens: signs each call, for
             *audience* (else *name*); None for a peer that asks for no token. traffic_key: signs the traffic class
             that is carried on. board: where `dependency-timeout` faults are switched on. random: in [0, 1).
    """

    def __init__(  # noqa: PLR0913  # the last five have defaults that production keeps
        self,
        name: str,
        base_url: str,
        tokens: Tokens | None,
        audience: str | None = None,
        *,
        registry: CollectorRegistry,
        traffic_key: str | None = None,
        board: FaultBoard | None = None,
        breaker: Breaker | None = None,
        budget: RetryBudget | None = None,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.name = name
        self._exchange = Exchange(name, base_url)
        self._tokens = tokens
        self._audience = audience or name
        self._traffic_key = traffic_key
        self._board = board
        self._breaker = breaker or Breaker()
        self._budget = budget or RetryBudget()
        self._random = random
        self._metrics = client_metrics(registry)
        self._metrics.show_breaker(name, self._breaker.value)
        # Retries are counted and logged here; stamina's own hooks would do both again, elsewhere.
        stamina.instrumentation.set_on_retry_hooks([])

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,
        idempotent: bool,
    ) -> Reply:
        """The peer's answer, whatever it says below 500 but for 429.

        Args:    operation: names the call in metrics and spans: one of a handful. path: with its query, encoded.
                 timeout: seconds for all of it, retries included; cut to what is left of the request's deadline.
                 idempotent: whether a repeat does no harm; only then is there one.
        Raises:  PeerUnavailable: surely nothing has happened there: refused, breaker open, no time left, 429.
                 PeerUnknown: it may have happened: no answer in time, a reset, 5xx, an answer that is none.
        """
        call = self._prepare(operation, method, path, json, headers, timeout)
        self._budget.earn()
        if not idempotent:
            return self._attempt(call)
        return self._repeatedly(call)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._exchange.close()

    def _prepare(
        self,
        operation: str,
        method: str,
        path: str,
        json: Any,
        headers: Mapping[str, str] | None,
        timeout: float,
    ) -> _Call:
        if not path.startswith("/"):
            raise ValueError(f"{self.name}: {operation}: a path begins with /")
        body = None if json is None else json_module.dumps(json, separators=(",", ":"), allow_nan=False).encode()
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        left = deadline.remaining()
        cut = left is not None and left < timeout
        return _Call(
            operation=operation,
            method=method,
            path=path,
            body=body,
            headers=sent,
            until=time.monotonic() + (left if cut and left is not None else timeout),
            cut=cut,
        )

    def _repeatedly(self, call: _Call) -> Reply:
        unknown: PeerUnknown | None = None
        try:
            for attempt in stamina.retry_context(on=self._decide(call), attempts=1 + MAX_RETRIES, timeout=None):
                with attempt:
                    try:
                        return self._attempt(call)
                    except PeerUnknown as error:
                        unknown = error
                        raise
        except PeerUnavailable as error:
            # What the last attempt surely did not do, one before it may have done.
            if unknown is not None:
                raise PeerUnknown(f"{unknown}; then {error}") from error
            raise
        raise AssertionError("stamina's loop returns or raises")

    def _decide(self, call: _Call) -> Callable[[Exception], float | bool]:
        """Decides after a failure: the seconds until the next attempt, False for none."""
        retries = 0

        def decide(error: Exception) -> float | bool:
            nonlocal retries
            if not isinstance(error, NotConnected | Unanswered) or retries >= MAX_RETRIES:
                return False
            seconds = float(self._random() * min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**retries))
            if call.seconds_left() - seconds < LEAST_SECONDS or not self._budget.spend():
                return False
            retries += 1
            self._metrics.retried(self.name, call.operation)
            return seconds

        return decide

    def _attempt(self, call: _Call) -> Reply:
        began = time.perf_counter()
        outcome = "error"
        try:
            with tracing.client_span(self.name, call.operation):
                reply = self._breaker.run(lambda: self._send(call), is_failure=lambda error: _tells(error, call))
            outcome = f"{reply.status // 100}xx"
            return reply
        except BreakerOpen as refusal:
            outcome = "breaker_open"
            text = f"{self.name}: {call.operation}: {refusal}"
            raise PeerUnavailable(text, retry_after_seconds=refusal.retry_after_seconds) from None
        except (NotConnected, Limited, Unanswered) as failure:
            outcome = failure.outcome
            said = {"peer_service": self.name, "operation": call.operation, "outcome": outcome}
            _LOGGER.warning("call failed", extra=said)
            raise
        finally:
            self._metrics.attempted(self.name, call.operation, outcome, time.perf_counter() - began)

    def _send(self, call: _Call) -> Reply:
        seconds = call.seconds_left()
        if seconds < LEAST_SECONDS:
            raise NotConnected(f"{self.name}: {call.operation}: no time left", "no_time", timed_out=True)
        self._suffer(call, seconds)
        headers = dict(call.headers)
        if self._tokens is not None:
            headers["Authorization"] = f"Bearer {self._tokens.token(self._audience)}"
        headers[deadline.HEADER] = str(max(1, int(seconds * 1000)))
        headers |= propagation.headers(self._traffic_key)
        return self._exchange.send(call.operation, call.method, call.path, call.body, headers, seconds)

    def _suffer(self, call: _Call, seconds: float) -> None:
        """The fault `dependency-timeout`, where it is on for this peer: the time passes, and no answer comes."""
        if self._board is None:
            return
        fault = self._board.value(DEPENDENCY_TIMEOUT)
        if fault is not None and fault["peer"] == self.name and self._board.strikes(DEPENDENCY_TIMEOUT):
            time.sleep(seconds)
            raise Unanswered(f"{self.name}: {call.operation}: no answer in time", "timeout", timed_out=True)


def _tells(error: Exception, call: _Call) -> bool:
    """Whether *error* speaks against the peer.

    A 429 does not, nor does a time that the caller cut short: else a caller in a hurry could have the peer shut out
    for everybody.
    """
    return isinstance(error, NotConnected | Unanswered) and not (error.timed_out and call.cut)


def peer_of(config: Config, name: str, *, registry: CollectorRegistry, board: FaultBoard | None = None) -> Peer:
    """The service *name* as *config* knows it; calls are signed where the service has a key of its own.

    Raises:  ConfigError: the key cannot be used.
    """
    key_file = config.service_key_file
    tokens = None if key_file is None else ServiceTokens(key_file, config.service)
    return Peer(name, config.peers[name], tokens, registry=registry, traffic_key=config.traffic_key, board=board)
