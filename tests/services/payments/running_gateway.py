"""A gateway in a test client, with everything that a test may turn."""

import itertools
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

from services.payments.app import create_app
from services.shared.config import Config
from services.shared.database import Database
from services.shared.issuer import Issuer
from tests.services.payments.clock import Clock

FAULT_TOKEN = "correct-horse-battery"
TRAFFIC_KEY = "a-key-for-traffic-classes"
PATH = "/api/v1/payments"
EUR_2490 = {"minor_units": 2490, "currency": "EUR"}


class Gateway:
    """The application over *database*, and requests of the service orders to it.

    slept: the seconds that drills have taken; on_sleep: done at each of them. drawn: what chance says, 0 to 1.
    """

    def __init__(self, database: Database, issuer: Issuer, clock: Clock) -> None:
        self.database = database
        self.issuer = issuer
        self.clock = clock
        self.registry = CollectorRegistry()
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None
        self.drawn = 0.0
        self._keys = itertools.count(1)
        self.app = create_app(
            database=database,
            registry=self.registry,
            config=Config(service="payments", fault_token=FAULT_TOKEN, traffic_key=TRAFFIC_KEY),
            verifier=issuer.verifier("payments"),
            clock=clock,
            now=clock,
            random=lambda: self.drawn,
            sleep=self._sleep,
        )
        self._bearer = issuer.bearer("service:orders", {"service"}, "payments")

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.on_sleep()

    def post(self, path: str, body: Any = None, *, key: str | None = None, headers: Any = None) -> TestResponse:
        """A change with *key*, or one that nobody else has."""
        sent = {"Idempotency-Key": key or f"key-{next(self._keys)}"} | self._bearer | (headers or {})
        return self.app.test_client().post(f"{PATH}{path}", json=body, headers=sent)

    def get(self, path: str, headers: Any = None) -> TestResponse:
        """A read; *path* from the root."""
        return self.app.test_client().get(path, headers=self._bearer | (headers or {}))

    def authorise(self, reference: str, token: str = "tok_visa", **rest: Any) -> TestResponse:
        """Ask for 24.90 EUR, or for `amount`."""
        body = {"reference": reference, "amount": rest.pop("amount", EUR_2490), "payment_method": token}
        return self.post("", body, **rest)

    def capture(self, reference: str, **rest: Any) -> TestResponse:
        """Take it."""
        return self.post(f"/{reference}/capture", **rest)

    def void(self, reference: str, **rest: Any) -> TestResponse:
        """Let go of it."""
        return self.post(f"/{reference}/void", **rest)

    def refund(self, reference: str, minor_units: int, **rest: Any) -> TestResponse:
        """Give back so many cents."""
        return self.post(f"/{reference}/refunds", {"amount": EUR_2490 | {"minor_units": minor_units}}, **rest)

    def payment(self, reference: str) -> Any:
        """What the gateway says of it; None for nothing."""
        answer = self.get(f"{PATH}/{reference}")
        return answer.json if answer.status_code == 200 else None

    def entries(self, reference: str) -> list[tuple[str, int]]:
        """Its ledger: kinds and minor units."""
        answer = self.get(f"/api/v1/ledger?reference={reference}")
        assert answer.json["next_cursor"] is None
        return [(entry["kind"], entry["amount"]["minor_units"]) for entry in answer.json["items"]]

    def fault(self, kind: str, **more: Any) -> None:
        """Switch *kind* on for a minute."""
        answer = self.app.test_client().post(
            "/internal/faults",
            json={"fault": kind, "seconds": 60} | more,
            headers={"Authorization": f"Bearer {FAULT_TOKEN}"},
        )
        assert answer.status_code == 201, answer.text

    def value(self, name: str, **labels: str) -> float | None:
        """A sample of the registry; None where there is no such series."""
        return self.registry.get_sample_value(name, labels)
