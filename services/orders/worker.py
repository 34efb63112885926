"""The worker of orders: delivers events, settles payments, pays back, expires, forgets.

python -m services.orders.worker          (metrics on METRICS_PORT, where that is set)
"""

import logging
import logging.config
import os
import sys
import time
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry

from services.orders.adapters.carts import open_carts
from services.orders.adapters.delivery import delivery_seconds, on_behalf_of
from services.orders.adapters.housekeeping import purge
from services.orders.adapters.peer_replies import PeerCalls
from services.orders.assembly import assemble
from services.orders.domain.cart_ports import CartRepository
from services.orders.domain.expiry import expire
from services.shared import logs, migrate
from services.shared.config import Config, from_environ
from services.shared.database import Database, open_database
from services.shared.errors import ConfigError
from services.shared.exposition import build_info, process_registry
from services.shared.outbox import Event, Relay
from services.shared.worker import Worker, serve

_LOGGER = logging.getLogger(__name__)
# What a buyer waits for is looked at often, within what a person would call at once.
RELAY_SECONDS = 0.2
SETTLE_SECONDS = 0.5
EXPIRE_SECONDS = 30.0
PURGE_SECONDS = 600.0


def make_worker(
    config: Config,
    database: Database,
    registry: CollectorRegistry,
    carts: CartRepository,
    *,
    connect: Callable[[str], PeerCalls] | None = None,
    now: Callable[[], float] = time.time,
) -> Worker:
    """The worker over *database*; *connect* as in `assemble`."""
    parts = assemble(config=config, database=database, registry=registry, carts=carts, connect=connect, now=now)
    observe = delivery_seconds(registry)
    relay = Relay(
        database,
        parts.delivery.deliver,
        now=now,
        delivered=lambda event, seconds: observe(seconds),
        failed=_log_failure,
    )
    steps: dict[str, tuple[float, Callable[[], int]]] = {
        "relay": (RELAY_SECONDS, relay.run_once),
        "settle": (SETTLE_SECONDS, parts.settlement.settle_due),
        "refunds": (SETTLE_SECONDS, parts.after_sales.pay_back_due),
        "expire": (EXPIRE_SECONDS, lambda: expire(parts.book, on_behalf_of)),
        "purge": (PURGE_SECONDS, lambda: purge(database, now_ms=int(now() * 1000))),
    }
    return Worker(steps, registry)


def metrics_port(environ: Mapping[str, str]) -> int | None:
    """The port in METRICS_PORT; None where it is not set.

    Raises:  ConfigError: no port.
    """
    text = environ.get("METRICS_PORT") or None
    if text is not None and not (text.isascii() and text.isdigit() and 0 < int(text) <= 65535):
        raise ConfigError(f"METRICS_PORT: {text!r} is not a whole number from 1 to 65535")
    return None if text is None else int(text)


def _log_failure(event: Event, error: Exception) -> None:
    said = {"event_id": event.event_id, "event_type": event.type, "reason": str(error)}
    _LOGGER.warning("event not delivered", extra=said)


def main(environ: Mapping[str, str]) -> int:
    """Run until SIGTERM. Returns the exit code."""
    try:
        config, port = from_environ("orders", environ), metrics_port(environ)
        logging.config.dictConfig(logs.settings(config.log_level, config.service))
        registry = process_registry()
        build_info(registry, config)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        database = open_database(config.database_url, registry)
        migrate.prepare(database, config.service)
        worker = make_worker(config, database, registry, open_carts(environ, database))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    serve(worker, registry, metrics_port=port, host=environ.get("HOST", "127.0.0.1"))
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
