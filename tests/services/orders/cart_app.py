"""The carts' API alone, under the shop's conventions, with a catalog that tests set and tokens that they write."""

from dataclasses import dataclass, field
from typing import Any

from apiflask import APIBlueprint, APIFlask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

from services.orders.domain.cart import Offer, mark_ordered
from services.orders.domain.cart_errors import ProductUnknown
from services.orders.domain.cart_ports import CartRepository
from services.orders.domain.money import Money
from services.shared import service
from services.shared.config import Config
from services.shared.errors import InvalidToken
from services.shared.faults import FaultBoard
from services.shared.identity import Principal, TokenVerifier

CARTS = "/api/v1/carts"
ANNA = {"Authorization": "Bearer customer/anna"}
BERT = {"Authorization": "Bearer customer/bert"}


class Words:
    """A verifier of tokens that say `ROLE/SUBJECT`."""

    def verify(self, token: str) -> Principal:
        role, _, subject = token.partition("/")
        if not subject:
            raise InvalidToken("malformed")
        return Principal(subject=subject, roles=frozenset({role}))


@dataclass
class Catalog:
    """Prices that a test sets; SKUs that begin with NONE are not sold."""

    cents: int = 250
    currency: str = "EUR"
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None

    def price_of(self, sku: str) -> Offer:
        self.asked.append(sku)
        if self.error is not None:
            raise self.error
        if sku.startswith("NONE"):
            raise ProductUnknown(sku)
        return Offer(sku=sku, name=f"A {sku}", price=Money(minor_units=self.cents, currency=self.currency), version=1)


@dataclass
class Shop:
    """The carts' API, its store and its catalog, and a client that speaks for Anna."""

    app: APIFlask
    carts: CartRepository
    catalog: Catalog
    steps: list[str]
    used: set[str] = field(default_factory=set)

    @property
    def client(self) -> FlaskClient:
        """A client of the application."""
        return self.app.test_client()

    def ask(self, method: str, path: str, who: dict[str, str] = ANNA, **arguments: Any) -> TestResponse:
        """One request of *who*."""
        headers = who | arguments.pop("headers", {})
        return self.client.open(CARTS + path, method=method, headers=headers, **arguments)

    def new(self) -> str:
        """The id of a new cart of Anna's."""
        return self.ask("POST", "").json["cart_id"]

    def put(self, cart_id: str, sku: str, quantity: Any = 1, **arguments: Any) -> TestResponse:
        """Put *quantity* of *sku* into the cart."""
        return self.ask("PUT", f"/{cart_id}/items/{sku}", json={"quantity": quantity}, **arguments)

    def order(self, cart_id: str) -> None:
        """Close the cart, as a checkout does."""
        cart = self.carts.get(cart_id)
        self.carts.save(mark_ordered(cart, now_ms=cart.updated_at_ms), cart.version)


def make_app(pages: APIBlueprint, verifier: TokenVerifier) -> APIFlask:
    """The application of *pages* for callers that *verifier* knows."""
    return service.build(
        config=Config(service="orders"),
        registry=CollectorRegistry(),
        blueprints=(pages,),
        board=FaultBoard(clock=lambda: 0.0, random=lambda: 1.0),
        check=lambda: None,
        title="Carts",
        description="Carts.",
        verifier=verifier,
        no_store=True,
    )
