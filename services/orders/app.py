"""Puts the service of orders together from what it is given: no environment, no disk, no clock of its own."""

import random as random_module
import time
from collections.abc import Callable

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from services.orders import figures
from services.orders.adapters.peer_replies import PeerCalls
from services.orders.adapters.waiting import show_waiting
from services.orders.api import document
from services.orders.api.order_changes import change_pages
from services.orders.api.orders import order_pages
from services.orders.api.webhooks import webhook_pages
from services.orders.assembly import assemble
from services.orders.cart_api import cart_pages
from services.orders.domain.cart_ports import CartRepository
from services.shared import jobs, migrate, openapi, service, traffic
from services.shared.config import Config
from services.shared.database import Database
from services.shared.faults import FaultBoard, database_guard, database_pause
from services.shared.faults_api import expose_to
from services.shared.idempotent_requests import IdempotentRequests
from services.shared.identity import TokenVerifier


def create_app(  # noqa: PLR0913  # a name for each thing that the service is put together from
    *,
    database: Database,
    registry: CollectorRegistry,
    config: Config,
    carts: CartRepository,
    verifier: TokenVerifier | None = None,
    connect: Callable[[str], PeerCalls] | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
    random: Callable[[], float] = random_module.random,
) -> APIFlask:
    """The application.

    Args:    registry: takes its metrics; one an application. verifier: whose tokens count; by default nobody's.
             connect: makes the connection to a peer, by its name; by default over HTTP.
             clock: monotonic seconds; now: Unix seconds. random: in [0, 1), decides which requests a fault hits.
    """
    board = FaultBoard(clock=clock, random=random)
    database.guard = database_guard(board)
    database.pause = database_pause(board, time.sleep)
    parts = assemble(
        config=config, database=database, registry=registry, carts=carts, board=board, connect=connect, now=now
    )
    requests = IdempotentRequests(database, registry, now=now)
    show_waiting(registry, database, now=now)
    jobs.show_in(registry, database, figures.FIGURES, figures.JOBS)

    def count_step(step: str) -> None:
        parts.metrics.step(step, traffic=traffic.current.get())

    blueprints = (
        cart_pages(carts, parts.catalog, now=now, count_step=count_step, used=parts.orders.using),
        order_pages(parts.checkout, parts.orders, requests, parts.metrics, clock=clock, now=now),
        change_pages(parts.after_sales, requests, now=now),
        webhook_pages(parts.orders, config.webhook_key, now=now),
    )
    for blueprint in blueprints:
        expose_to(blueprint, board)
    revision = migrate.head("orders")

    def check() -> None:
        database.check(revision)
        carts.check()

    app = service.build(
        config=config,
        registry=registry,
        blueprints=blueprints,
        board=board,
        check=check,
        title="Tillwatch orders",
        description="Carts, checkout, and what becomes of an order.",
        verifier=verifier,
        no_store=True,
        clock=clock,
        now=now,
    )
    openapi.complete(app, patterns=document.PATTERNS, headers=document.HEADERS)
    return app
