"""The catalog as gunicorn starts it: the one module that builds from the environment."""

import logging.config
import os
import threading

from services.catalog.adapters.metrics import CacheMetrics
from services.catalog.adapters.seed import seed_if_empty
from services.catalog.adapters.sql import SqlProducts
from services.catalog.app import CACHE_SECONDS, PRICE_WATCH, create_app
from services.shared import logs, migrate
from services.shared.auth import USERS_ISSUER, JwksVerifier
from services.shared.config import from_environ
from services.shared.database import SQLITE, open_database
from services.shared.exposition import process_registry
from services.shared.worker import Worker

# One for each of the server's threads, the price watch and a scrape: nobody waits for another's.
POOL_SIZE = 10
WATCH_SECONDS = 1.0

config = from_environ("catalog", os.environ)
logging.config.dictConfig(logs.settings(config.log_level, config.service))
registry = process_registry()

config.data_dir.mkdir(parents=True, exist_ok=True)
database = open_database(config.database_url, registry, pool_size=POOL_SIZE)
migrate.prepare(database, config.service)
# A database that is not embedded is filled only when told: replicas start often, a shop opens once.
if database.dialect == SQLITE or (os.environ.get("SEED") == "1" and database.revision() is not None):
    seed_if_empty(database)

cache = None
if config.redis_url is not None:
    # Thirteen megabytes and a third of a second that a catalog without Redis is spared.
    from services.catalog.adapters.cache_redis import RedisCache

    cache = RedisCache(config.redis_url, CACHE_SECONDS, failed=CacheMetrics(registry).failed)
verifier = None if config.jwks_file is None else JwksVerifier(config.jwks_file, config.service, (USERS_ISSUER,))
app = create_app(
    repository=SqlProducts(database, migrate.head(config.service)),
    registry=registry,
    config=config,
    database=database,
    cache=cache,
    verifier=verifier,
)

watch = Worker({"price-watch": (WATCH_SECONDS, app.extensions[PRICE_WATCH].look)}, registry)
# It ends with the process: there is nothing to finish.
threading.Thread(target=watch.run, name="price-watch", daemon=True).start()
