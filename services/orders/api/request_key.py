"""The Idempotency-Key of a request about an order: what the domain's `RequestKey` stands for."""

import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection

from services.orders.domain.ports import Outcome
from services.shared import idempotency
from services.shared.idempotency import Answer, Claimed, Key, Replayed
from services.shared.idempotent_requests import IdempotentRequests


class Answered(Exception):
    """The request was answered before; `answer` is what it got."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class WithConnection(Protocol):
    """A transaction on the service's own database."""

    connection: Connection


class StoredKey:
    """A key in the transactions that change the order.

    Args:    show: how an outcome is answered. now: Unix seconds.
    """

    def __init__(
        self,
        requests: IdempotentRequests,
        key: Key,
        show: Callable[[Outcome], Answer],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._requests = requests
        self._key = key
        self._show = show
        self._now = now
        self._claimed: Claimed | None = None

    def claim(self, transaction: WithConnection, order_id: str) -> str | None:
        found = self._requests.claim(transaction.connection, self._key, resource=order_id)
        if isinstance(found, Replayed):
            raise Answered(found.answer)
        self._claimed = found
        return found.resource

    def complete(self, transaction: WithConnection, outcome: Outcome) -> None:
        idempotency.complete(transaction.connection, self._held(), self._show(outcome))

    def abandon(self, transaction: WithConnection) -> None:
        idempotency.abandon(transaction.connection, self._held())

    def let_go(self, transaction: WithConnection) -> None:
        idempotency.let_go(transaction.connection, self._held(), now_ms=int(self._now() * 1000))

    def _held(self) -> Claimed:
        """What `claim` got: nothing is done with a key before."""
        if self._claimed is None:
            raise RuntimeError("the key has not been claimed")
        return self._claimed
