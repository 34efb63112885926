"""The gateway as gunicorn starts it: the one module that builds from the environment."""

import logging.config
import os

from services.payments.app import create_app
from services.shared import logs, migrate
from services.shared.auth import JwksVerifier
from services.shared.config import from_environ
from services.shared.database import open_database
from services.shared.exposition import process_registry
from services.shared.identity import SERVICE_PREFIX, USERS_ISSUER

# One for each of the server's threads, and for a scrape: nobody waits for another's.
POOL_SIZE = 10

config = from_environ("payments", os.environ)
logging.config.dictConfig(logs.settings(config.log_level, config.service))
registry = process_registry()
config.data_dir.mkdir(parents=True, exist_ok=True)
database = open_database(config.database_url, registry, pool_size=POOL_SIZE)
migrate.prepare(database, config.service)
issuers = (USERS_ISSUER, SERVICE_PREFIX + "orders")
verifier = None if config.jwks_file is None else JwksVerifier(config.jwks_file, config.service, issuers)
app = create_app(database=database, registry=registry, config=config, verifier=verifier)
