"""The gateway's worker: sends webhooks, and forgets what nobody asks for any more.

python -m services.payments.worker          (metrics on METRICS_PORT, where that is set)
"""

import logging
import logging.config
import os
import sys
import time
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry

from services.payments.adapters.housekeeping import purge
from services.payments.adapters.metrics import delivery_seconds
from services.payments.adapters.webhooks import WebhookSender
from services.shared import logs, migrate
from services.shared.config import Config, from_environ
from services.shared.database import Database, open_database
from services.shared.errors import ConfigError
from services.shared.exposition import build_info, process_registry
from services.shared.outbox import Event, Relay
from services.shared.worker import Worker, serve

_LOGGER = logging.getLogger(__name__)
# As soon as there is something to send, within what a person would call at once.
LOOK_SECONDS = 0.2
PURGE_SECONDS = 600.0


def make_worker(
    config: Config, database: Database, registry: CollectorRegistry, *, now: Callable[[], float] = time.time
) -> Worker:
    """The worker over *database*. Without a key nothing is sent: nobody could tell a webhook from a forged one."""
    steps: dict[str, tuple[float, Callable[[], int]]] = {
        "purge": (PURGE_SECONDS, lambda: purge(database, now_ms=int(now() * 1000)))
    }
    if config.webhook_url and config.webhook_key:
        sender = WebhookSender(config.webhook_url, config.webhook_key, traffic_key=config.traffic_key, now=now)
        observe = delivery_seconds(registry)
        relay = Relay(
            database,
            sender.send,
            now=now,
            delivered=lambda event, seconds: observe(seconds),
            failed=_log_failure,
        )
        steps["webhooks"] = (LOOK_SECONDS, relay.run_once)
    else:
        _LOGGER.warning("WEBHOOK_URL or WEBHOOK_KEY is not set: webhooks wait and none is sent")
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
    _LOGGER.warning("webhook not delivered", extra={"event_id": event.event_id, "reason": str(error)})


def main(environ: Mapping[str, str]) -> int:
    """Run until SIGTERM. Returns the exit code."""
    try:
        config, port = from_environ("payments", environ), metrics_port(environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    logging.config.dictConfig(logs.settings(config.log_level, config.service))
    registry = process_registry()
    build_info(registry, config)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(config.database_url, registry)
    migrate.prepare(database, config.service)
    serve(make_worker(config, database, registry), registry, metrics_port=port, host=environ.get("HOST", "127.0.0.1"))
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
