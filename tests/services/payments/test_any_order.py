"""Operations in any order and repetition, on both databases: the answers are those of a simple model, and after each
the ledger's sums are the payment's figures.
"""

import itertools
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from werkzeug.test import TestResponse

from services.payments.adapters.reconciliation import compare
from services.payments.adapters.store import SqlStore
from services.payments.domain.ledger import Kind
from services.shared.database import Database
from services.shared.issuer import Issuer
from tests.services.payments.clock import Clock
from tests.services.payments.running_gateway import EUR_2490, Gateway

_runs = itertools.count(1)
which = st.integers(0, 1)
# Few of each, so that they meet again.
keys = st.sampled_from("abc")
tokens = st.sampled_from(["tok_visa", "tok_mastercard", "tok_declined"])
amounts = st.sampled_from([300, 500])


@dataclass
class Model:
    """What a payment should be."""

    state: str | None = None
    asked: tuple[str, int] | None = None
    refunded: int = 0
    refunds: dict[str, int] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        """What was asked for."""
        return 0 if self.asked is None else self.asked[1]

    @property
    def captured(self) -> int:
        """What was taken."""
        return self.amount if self.state == "CAPTURED" else 0

    def authorise(self, token: str, amount: int) -> int:
        """The status that it is answered with; so with the others."""
        if self.state == "VOIDED":
            return 409
        if self.state is None:
            self.state = "DECLINED" if token == "tok_declined" else "AUTHORISED"
            self.asked = (token, amount)
        elif self.asked != (token, amount):
            return 422
        return 402 if self.state == "DECLINED" else 201

    def capture(self) -> int:
        """Take it."""
        if self.state == "AUTHORISED":
            self.state = "CAPTURED"
        return {None: 404, "CAPTURED": 200}.get(self.state, 409)

    def void(self) -> int:
        """Let go of it."""
        if self.state in (None, "AUTHORISED"):
            self.state = "VOIDED"
        return 409 if self.state == "CAPTURED" else 200

    def refund(self, key: str, amount: int) -> int:
        """Give some of it back."""
        if self.state is None:
            return 404
        if key in self.refunds:
            return 201 if self.refunds[key] == amount else 422
        if amount > self.captured - self.refunded:
            return 409
        self.refunded += amount
        self.refunds[key] = amount
        return 201


class AnyOrder(RuleBasedStateMachine):
    """Two payments, and whoever asks for anything of them."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self.gateway = gateway
        self.store = SqlStore(gateway.database)
        run = next(_runs)
        self.references = [f"ord_{run:016x}{number:016x}" for number in (0, 1)]
        self.models = [Model(), Model()]
        # Key of a request → what it asked for, and its answer, where that is to stay.
        self.answers: dict[tuple[str, str], tuple[object, int, object]] = {}

    def check(self, name: str, key: str, asked: object, answer: TestResponse, model: object) -> None:
        """*answer* is the stored one, or what *model* says."""
        stored = self.answers.get((name, key))
        if stored is not None:
            before, status, body = stored
            if before != asked:
                assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
                return
            assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (status, "true")
            assert body is None or answer.json == body
            return
        status = model() if callable(model) else model
        assert answer.status_code == status, answer.text
        may_pass = status == 404 or (status == 409 and name.endswith("refund") and self.may_be_captured(name))
        if not may_pass:
            # A problem's ids are each request's own.
            self.answers[(name, key)] = (asked, status, answer.json if status < 400 else None)

    def may_be_captured(self, name: str) -> bool:
        """Whether a refund that is too much now may not be later."""
        return self.models[int(name[0])].state == "AUTHORISED"

    @rule(n=which, key=keys, token=tokens, amount=amounts)
    def authorise(self, n: int, key: str, token: str, amount: int) -> None:
        """Ask for a payment."""
        sent = EUR_2490 | {"minor_units": amount}
        answer = self.gateway.authorise(self.references[n], token, amount=sent, key=f"{self.references[n]}:{key}")
        model = self.models[n]
        self.check(f"{n} authorise", key, (token, amount), answer, lambda: model.authorise(token, amount))

    @rule(n=which, key=keys)
    def capture(self, n: int, key: str) -> None:
        """Take what is held."""
        answer = self.gateway.capture(self.references[n], key=key)
        self.check(f"{n} capture", key, None, answer, self.models[n].capture)

    @rule(n=which, key=keys)
    def void(self, n: int, key: str) -> None:
        """Let go of what is held."""
        answer = self.gateway.void(self.references[n], key=key)
        self.check(f"{n} void", key, None, answer, self.models[n].void)

    @rule(n=which, key=keys, amount=st.integers(1, 400))
    def refund(self, n: int, key: str, amount: int) -> None:
        """Give some of it back."""
        answer = self.gateway.refund(self.references[n], amount, key=key)
        model = self.models[n]
        self.check(f"{n} refund", key, amount, answer, lambda: model.refund(key, amount))

    @rule()
    def forget_keys(self) -> None:
        """A day goes by: what was answered is no longer known, what was done is."""
        with self.gateway.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM idempotency")
        self.answers.clear()

    @invariant()
    def rows_and_ledger_are_what_the_model_says(self) -> None:
        """State and figures, and the entries' sums are the same; nothing but a refund is there twice."""
        with self.store.reading() as tx:
            for reference, model in zip(self.references, self.models, strict=True):
                entries = tx.ledger.page(reference, after=0, limit=100)
                if model.state is None:
                    assert entries == ()
                    continue
                found = tx.payments.find(reference)
                figures = (found.amount.minor_units, found.captured_minor_units, found.refunded_minor_units)
                assert (found.state, *figures) == (model.state, model.amount, model.captured, model.refunded)
                once = [entry.kind for entry in entries if entry.kind is not Kind.REFUND]
                assert len(once) == len(set(once))
                for kind, wanted in ((Kind.CAPTURE, model.captured), (Kind.REFUND, model.refunded)):
                    assert sum(entry.amount.minor_units for entry in entries if entry.kind is kind) == wanted

    def teardown(self) -> None:
        """The reconciliation, which reads them in a way of its own, agrees; as many webhooks as entries."""
        with self.gateway.database.reading() as connection:
            counted = "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM ledger_entries)"
            events, entries = connection.exec_driver_sql(counted).one()
        assert events == entries
        assert [compared for compared in compare(self.gateway.database) if compared.wrong] == []


def test_any_order_and_repetition(database: Database, issuer: Issuer, clock: Clock) -> None:
    """Authorise, capture, void and refund, each with few keys, and keys forgotten in between."""
    gateway = Gateway(database, issuer, clock)
    few = settings(max_examples=max(1, settings().max_examples // 8), stateful_step_count=20, deadline=None)
    run_state_machine_as_test(lambda: AnyOrder(gateway), settings=few)
