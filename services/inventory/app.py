"""Puts the inventory together from what it is given: no environment, no disk, no clock of its own."""

import random as random_module
import time
from collections.abc import Callable

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from services.inventory import faults
from services.inventory.adapters import figures
from services.inventory.adapters.drift import drifts
from services.inventory.adapters.metrics import ReservationMetrics, show_stock
from services.inventory.adapters.sql import SqlTransaction, SqlUnitOfWork
from services.inventory.api import (
    document,
    event_pages,
    movement_pages,
    reservation_pages,
    settlement_pages,
    stock_pages,
)
from services.inventory.api.refusals import answered
from services.shared import migrate, openapi, service
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
) -> APIFlask:
    """The inventory's application.

    Args:    registry: takes its metrics; one an application. verifier: whose tokens count; by default nobody's.
             clock: monotonic seconds; now: Unix seconds. random: in [0, 1), decides which requests a fault hits.
    """
    board = FaultBoard(clock=clock, random=random)
    board.on_injection(faults.STOCK_DRIFT, answered(drifts(database, now=now)))
    database.guard = database_guard(board)
    database.pause = database_pause(board, time.sleep)
    unit_of_work = SqlUnitOfWork(database)
    outcomes = ReservationMetrics(registry)
    show_stock(registry, database)
    figures.show_in(registry, database)
    blueprints = (
        stock_pages(unit_of_work),
        movement_pages(IdempotentRequests(database, registry, now=now), SqlTransaction, now=now),
        reservation_pages(unit_of_work, outcomes, now=now),
        settlement_pages(unit_of_work, outcomes, now=now),
        event_pages(unit_of_work, outcomes, now=now),
    )
    for blueprint in blueprints:
        expose_to(blueprint, board)
    revision = migrate.head("inventory")
    app = service.build(
        config=config,
        registry=registry,
        blueprints=blueprints,
        board=board,
        check=lambda: database.check(revision),
        title="Tillwatch inventory",
        description="How many units there are, for whom they are held, and where they went.",
        verifier=verifier,
        own_faults=faults.KINDS,
        clock=clock,
        now=now,
    )
    openapi.complete(app, patterns=document.PATTERNS, headers=document.HEADERS)
    return app
