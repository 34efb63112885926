"""The service of orders as gunicorn starts it: the one module of it that builds from the environment."""

import logging.config
import os

from services.orders.adapters.carts import open_carts
from services.orders.app import create_app
from services.shared import logs, migrate
from services.shared.auth import USERS_ISSUER, JwksVerifier
from services.shared.config import from_environ
from services.shared.database import open_database
from services.shared.exposition import process_registry

# One for each of the server's threads, and two for a scrape: nobody waits for another's.
POOL_SIZE = 10

config = from_environ("orders", os.environ)
logging.config.dictConfig(logs.settings(config.log_level, config.service))
registry = process_registry()
config.data_dir.mkdir(parents=True, exist_ok=True)
database = open_database(config.database_url, registry, pool_size=POOL_SIZE)
migrate.prepare(database, config.service)
carts = open_carts(os.environ, database)
# No other service calls this one: payments' webhooks are signed.
verifier = None if config.jwks_file is None else JwksVerifier(config.jwks_file, config.service, (USERS_ISSUER,))
app = create_app(database=database, registry=registry, config=config, carts=carts, verifier=verifier)
