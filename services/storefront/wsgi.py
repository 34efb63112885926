"""The storefront as gunicorn starts it: the one module of it that builds from the environment."""

import logging.config
import os

from services.shared import logs, migrate
from services.shared.config import from_environ
from services.shared.database import open_database
from services.shared.exposition import process_registry
from services.storefront import settings as own
from services.storefront.app import create_app

# One for each of the server's threads, and two for a scrape: nobody waits for another's.
POOL_SIZE = 10

config = from_environ("storefront", os.environ)
logging.config.dictConfig(logs.settings(config.log_level, config.service))
settings = own.from_environ(os.environ)
if settings.session_key is None:
    logging.getLogger(__name__).warning("no SESSION_KEY: tokens are kept in the database as they are")
registry = process_registry()
config.data_dir.mkdir(parents=True, exist_ok=True)
database = open_database(config.database_url, registry, pool_size=POOL_SIZE)
migrate.prepare(database, config.service)
app = create_app(database=database, registry=registry, config=config, settings=settings)
