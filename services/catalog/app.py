"""Puts the catalog together from what it is given: no environment, no disk, no clock of its own."""

import random as random_module
import time
from collections.abc import Callable

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from services.catalog.api import product_pages
from services.catalog.domain.ports import ProductRepository
from services.shared import service
from services.shared.config import Config
from services.shared.faults import FaultBoard
from services.shared.faults_api import expose_to


def create_app(
    *,
    repository: ProductRepository,
    registry: CollectorRegistry,
    config: Config,
    clock: Callable[[], float] = time.monotonic,
    random: Callable[[], float] = random_module.random,
) -> APIFlask:
    """The catalog's application.

    Args:    registry: takes its metrics; one an application. clock: monotonic seconds. random: in [0, 1),
             decides which requests a fault hits.
    """
    board = FaultBoard(clock=clock, random=random)
    products = product_pages(repository)
    expose_to(products, board)
    return service.build(
        config=config,
        registry=registry,
        blueprints=(products,),
        board=board,
        check=repository.check,
        title="Tillwatch catalog",
        description="What the shop sells, and for how much.",
        clock=clock,
    )
