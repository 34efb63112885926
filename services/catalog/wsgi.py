"""The catalog as gunicorn starts it: the one module that builds from the environment."""

import logging.config
import os

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_seed
from services.catalog.app import create_app
from services.shared import logs
from services.shared.config import from_environ
from services.shared.exposition import process_registry

config = from_environ("catalog", os.environ)
logging.config.dictConfig(logs.settings(config.log_level, config.service))
app = create_app(repository=InMemoryProducts(load_seed()), registry=process_registry(), config=config)
