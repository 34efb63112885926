"""Puts the catalog together from what it is given: no environment, no disk, no clock of its own."""

import random
import time
from collections.abc import Callable

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from services.catalog.adapters.cache_memory import InProcessCache
from services.catalog.adapters.figures import BACKUP
from services.catalog.adapters.metrics import PriceMetrics
from services.catalog.api import category_pages, price_pages, product_pages
from services.catalog.domain.cached_reads import CachedReads
from services.catalog.domain.ports import CatalogStore, ProductCache
from services.catalog.domain.price_watch import PriceWatch
from services.shared import jobs, service
from services.shared.config import Config
from services.shared.database import Database
from services.shared.faults import FaultBoard, database_guard, database_pause
from services.shared.faults_api import expose_to
from services.shared.identity import TokenVerifier

# With the longest that a read from the database takes, half of what a price change may take to be seen.
CACHE_SECONDS = 20.0
# Where wsgi finds what to run beside the requests.
PRICE_WATCH = "price_watch"


def create_app(
    *,
    repository: CatalogStore,
    registry: CollectorRegistry,
    config: Config,
    database: Database | None = None,
    cache: ProductCache | None = None,
    verifier: TokenVerifier | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> APIFlask:
    """The catalog's application.

    Args:    registry: takes its metrics; one an application. database: what *repository* is in, if in any: for the
             fault `database-down` and the figures of jobs. cache: by default one in this process. verifier: by
             default nobody's token counts. clock: monotonic seconds; now: Unix seconds.
    """
    board = FaultBoard(clock=clock, random=random.random)
    if database is not None:
        database.guard = database_guard(board)
        database.pause = database_pause(board, time.sleep)
        jobs.show_in(registry, database, (), (BACKUP,))
    # Longer than copies last: one that was on its way into the cache may come late.
    written = InProcessCache(2 * CACHE_SECONDS, clock=clock)
    reads = CachedReads(repository, cache or InProcessCache(CACHE_SECONDS, clock=clock), written)
    blueprints = (
        product_pages(repository, reads),
        category_pages(repository),
        price_pages(repository, reads, now=now),
    )
    for blueprint in blueprints:
        expose_to(blueprint, board)
    app = service.build(
        config=config,
        registry=registry,
        blueprints=blueprints,
        board=board,
        check=repository.check,
        title="Tillwatch catalog",
        description="What the shop sells, and for how much.",
        verifier=verifier,
        clock=clock,
        now=now,
    )
    app.extensions[PRICE_WATCH] = PriceWatch(repository, reads, PriceMetrics(registry).seen, now)
    return app
