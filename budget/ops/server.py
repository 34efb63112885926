"""Serves the page by gunicorn: one process, for the fire alarm and what was read are in its memory; with threads."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from budget.ops.errors import WrongSetting

THREADS = 8
STOP_SECONDS = 2  # for requests in flight; the platform stops within ten
ANSWER_SECONDS = 60  # a worker that hangs for longer is replaced


class _Served(BaseApplication):  # type: ignore[misc]
    def __init__(self, make: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make, self._options = make, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """In the worker: threads that the application starts are its own."""
        return self._make()


def serve(make: Callable[[], Flask], *, host: str, port: int) -> None:
    """Serve what *make* makes, until SIGINT or SIGTERM; then the process ends with 0.

    Raises:  WrongSetting: nobody can listen there.
    """
    _check(host, port)
    options = {
        "bind": f"{f'[{host}]' if ':' in host else host}:{port}",
        "worker_class": "gthread",
        "workers": 1,
        "threads": THREADS,
        "timeout": ANSWER_SECONDS,
        "graceful_timeout": STOP_SECONDS,
        "loglevel": "warning",
        "control_socket_disable": True,
        "proc_name": "tillwatch-ops",
        # A header of ours is short; whoever sends more wants something else.
        "limit_request_line": 2048,
    }
    _Served(make, options).run()


def _check(host: str, port: int) -> None:
    """gunicorn itself would try five times, and say so in a log."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise WrongSetting(
            f"{host}:{port} cannot be listened on ({error.strerror}): name another with --port"
        ) from None
