"""Puts the gateway together from what it is given: no environment, no disk, no clock of its own."""

import random as random_module
import time
from collections.abc import Callable

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from services.payments import fault_kinds, figures
from services.payments.adapters.metrics import PaymentMetrics, show_outbox_age
from services.payments.adapters.store import SqlStore
from services.payments.api import document
from services.payments.api.changes import change_pages
from services.payments.api.interruptions import Interruptions
from services.payments.api.operations import Operations
from services.payments.api.reads import add_reads, ledger_pages
from services.shared import jobs, migrate, openapi, service
from services.shared.config import Config
from services.shared.database import Database
from services.shared.faults import FaultBoard, database_guard, database_pause
from services.shared.faults_api import expose_to
from services.shared.idempotent_requests import IdempotentRequests
from services.shared.identity import TokenVerifier


def create_app(
    *,
    database: Database,
    registry: CollectorRegistry,
    config: Config,
    verifier: TokenVerifier | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
    random: Callable[[], float] = random_module.random,
    sleep: Callable[[float], None] = time.sleep,
) -> APIFlask:
    """The gateway's application.

    Args:    registry: takes its metrics; one an application. verifier: whose tokens count; by default nobody's.
             clock: monotonic seconds; now: Unix seconds. random: in [0, 1), decides what a fault hits. sleep: takes
             seconds, of those that a drill makes an answer late.
    """
    board = FaultBoard(clock=clock, random=random)
    database.guard = database_guard(board)
    database.pause = database_pause(board, sleep)
    store = SqlStore(database)
    interruptions = Interruptions(board, sleep=sleep)
    operations = Operations(
        store=store,
        requests=IdempotentRequests(database, registry, now=now),
        interruptions=interruptions,
        counter=PaymentMetrics(registry),
        now=now,
    )
    show_outbox_age(registry, database, now=now)
    jobs.show_in(registry, database, figures.FIGURES, figures.JOBS)
    payments = change_pages(operations, interruptions)
    add_reads(payments, store)
    blueprints = (payments, ledger_pages(store, interruptions))
    for blueprint in blueprints:
        expose_to(blueprint, board)
    revision = migrate.head("payments")
    app = service.build(
        config=config,
        registry=registry,
        blueprints=blueprints,
        board=board,
        check=lambda: database.check(revision),
        title="Tillwatch payments",
        description="A payment gateway simulator: test tokens, a ledger of its own, and the bad days of a real one.",
        verifier=verifier,
        own_faults=fault_kinds.KINDS,
        no_store=True,
        clock=clock,
        now=now,
    )
    openapi.complete(app, patterns=document.PATTERNS, headers=document.HEADERS)
    return app
