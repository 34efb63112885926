"""Answers a request for an operation: once for its key, counted, and with what a drill makes go wrong around it."""

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from flask import Response, request
from sqlalchemy import Connection

from services.payments.api import refusals
from services.payments.api.interruptions import Interruptions
from services.payments.domain.errors import PaymentError
from services.payments.domain.methods import PaymentMethod
from services.payments.domain.operation import DECLINED, DONE, REFUSED, REPEATED
from services.payments.domain.payment import Outcome
from services.payments.domain.ports import Transaction
from services.shared import problems, traffic
from services.shared.auth import principal
from services.shared.idempotency import Answer
from services.shared.idempotent_requests import HEADER, REPLAYED_HEADER, IdempotentRequests, Refused


class Store(Protocol):
    """Where operations take place."""

    def transaction(self, connection: Connection, *, copies: int = 1) -> Transaction:
        """The repositories over *connection*; each webhook is sent *copies* times."""
        ...

    def has_told_all(self, reference: str) -> bool:
        """Whether every webhook about *reference* has arrived."""
        ...


class Counter(Protocol):
    """Whoever counts operations."""

    def count(self, operation: str, outcome: str, *, traffic: str, decline_code: str | None = None) -> None: ...


# Given the transaction, the operation's id and the time: what has become of the payment.
Act = Callable[[Transaction, str, int], Outcome]


class Operations:
    """What the routes that change something have in common.

    Args:    now: Unix seconds.
    """

    def __init__(
        self,
        *,
        store: Store,
        requests: IdempotentRequests,
        interruptions: Interruptions,
        counter: Counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._requests = requests
        self._interruptions = interruptions
        self._counter = counter
        self._now = now

    def answer(
        self,
        operation: str,
        reference: str,
        act: Act,
        show: Callable[[Outcome], Answer],
        *,
        route: str,
        method: PaymentMethod | None = None,
    ) -> Response:
        """Do *act* in a transaction and answer with *show*, or as this request was answered before.

        Args:    operation: its name in metrics. method: the token it is paid with, where the request names one.
        Raises:  HTTPError: a refusal that a repeat may not get, or something that a drill makes go wrong.
        """
        # Before any drill: what is wrong with a request does not depend on the gateway's day.
        self._requests.key(principal=principal().subject, route=route)
        self._interruptions.before_operation(method)
        outcomes: list[Outcome] = []

        def work(connection: Connection) -> Answer:
            tx = self._store.transaction(connection, copies=self._interruptions.webhook_copies())
            outcome = self._act(operation, act, tx, reference)
            outcomes.append(outcome)
            return show(outcome)

        response = self._requests.once(principal=principal().subject, route=route, work=work)
        # None where a stored answer was replayed, or a refusal made.
        for outcome in outcomes:
            self._count(operation, outcome)
            if outcome.changed:
                self._interruptions.after_operation(method, webhook_arrived=lambda: self._store.has_told_all(reference))
        return _with_ids_of_this_request(response)

    def _act(self, operation: str, act: Act, tx: Transaction, reference: str) -> Outcome:
        try:
            return act(tx, _operation_id(reference), int(self._now() * 1000))
        except PaymentError as error:
            answer = refusals.answer_to(error)
            self._counter.count(operation, REFUSED, traffic=traffic.current.get())
            if error.final:
                raise Refused(answer) from error
            raise refusals.as_error(answer.body) from error

    def _count(self, operation: str, outcome: Outcome) -> None:
        payment, seen = outcome.payment, traffic.current.get()
        if not outcome.changed:
            self._counter.count(operation, REPEATED, traffic=seen)
        elif payment.decline_code is not None:
            self._counter.count(operation, DECLINED, traffic=seen, decline_code=payment.decline_code)
        else:
            self._counter.count(operation, DONE, traffic=seen)


def _with_ids_of_this_request(response: Response) -> Response:
    """A problem that comes from the store, completed: what was stored is the same for every request."""
    if response.status_code < 400:
        return response
    headers = {REPLAYED_HEADER: "true"} if REPLAYED_HEADER in response.headers else refusals.NO_HEADERS
    return problems.to_response(refusals.as_error(response.get_json(), headers))


def _operation_id(reference: str) -> str:
    """Whose operation with which key this is: the same as long as the ledger exists, not a day like stored answers."""
    identity = f"{principal().subject}\n{reference}\n{request.headers[HEADER]}"
    return sha256(identity.encode()).hexdigest()[:32]
