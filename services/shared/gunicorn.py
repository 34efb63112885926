"""gunicorn's settings for every service.

    gunicorn -c python:services.shared.gunicorn services.NAME.wsgi:app

The environment is read here because gunicorn reads this module as its configuration; nothing else does.
"""

import os
import signal
import threading
from typing import Any

from services.shared import logs
from services.shared.config import log_level
from services.shared.errors import ConfigError


def _number(name: str, default: int, most: int) -> int:
    """The whole number in the variable *name*, 0 to *most*."""
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ConfigError(f"{name}: {text!r} is not a whole number from 0 to {most}")
    return int(text)


# The default is the catalog's port; whoever starts another service sets PORT. 0 takes a free one.
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{_number('PORT', 8001, 65535)}"

# One process holds a service's metrics whole (prometheus-client drops exemplars and collectors across
# several); a service grows by replicas. Threads, because `sync` resets the requests in flight at SIGTERM.
worker_class = "gthread"
workers = 1
threads = 8
timeout = 30
# Longer than callers keep a connection idle: else both sides' ends race, and callers see resets.
keepalive = 75
# As long as gunicorn allows: a query that is too long is then refused as a problem, by whoever reads it.
limit_request_line = 8190

# After SIGTERM: so long is /readyz 503 while requests still come in, until everybody has noticed; 0 locally.
DRAIN_SECONDS = _number("DRAIN_SECONDS", 0, 300)
graceful_timeout = DRAIN_SECONDS + _number("GRACEFUL_TIMEOUT", 30, 300)

logconfig_dict = logs.settings(log_level(os.environ))
# A socket for remote control, on by default, that nothing here uses.
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Put a draining phase before gunicorn's own stop: the process first says it wants no more traffic."""
    # service.DRAINING; importing it would load the application into the master, which never runs it.
    draining = worker.wsgi.extensions["draining"]

    def drain(signum: int, frame: Any) -> None:
        draining.start()
        if DRAIN_SECONDS == 0:
            worker.handle_exit(signum, frame)
            return
        # Not slept through: the thread that takes signals also accepts connections.
        timer = threading.Timer(DRAIN_SECONDS, worker.handle_exit, (signum, None))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, drain)
    # As gunicorn had it: a system call of a request in flight is restarted, not interrupted.
    signal.siginterrupt(signal.SIGTERM, False)
