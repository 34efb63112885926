"""The server on a command line: whom every command asks, and where this machine's platform keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from budget.prometheus import Prometheus

Command = TypeVar("Command", bound=Callable[..., Any])


class Server(click.ParamType[Prometheus]):
    """An address on the command line, as the client that asks it."""

    name = "URL"

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds

    def convert(self, value: str | Prometheus, param: click.Parameter | None, ctx: click.Context | None) -> Prometheus:
        """The client, or a usage error that does not repeat the address: it may hold a password."""
        if isinstance(value, Prometheus):
            return value
        try:
            return Prometheus(value, timeout_seconds=self._timeout_seconds)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def server_option(timeout_seconds: float = 5.0) -> Callable[[Command], Command]:
    """`--prometheus`, for a command whose longest question takes *timeout_seconds*."""
    return click.option(
        "--prometheus",
        "server",
        type=Server(timeout_seconds),
        envvar="TILLWATCH_PROMETHEUS",
        default=_local_address,
        show_default="http://127.0.0.1:9090, moved with the platform by PORT_BASE",
        show_envvar=True,
        help="The server to ask.",
    )


def _local_address() -> str:
    """Where this machine's platform keeps its Prometheus."""
    try:
        shift = int(os.environ.get("PORT_BASE") or 8000) - 8000
    except ValueError:
        raise click.UsageError("PORT_BASE: expected a whole number, as 8000 is") from None
    return f"http://127.0.0.1:{9090 + shift}"
