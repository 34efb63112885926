"""nginx's configuration for the front door, made from the routes, the refusals and the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.errors import Refused
from local.front_door import refusals, routes
from local.front_door.settings import DoorSettings
from local.settings import HOST, ROOT

_ADDRESS = re.compile(r"(?:http://)?(?P<place>[A-Za-z0-9.-]+:[0-9]{1,5})/?", re.ASCII)
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(ROOT / "local" / "templates"),
    undefined=StrictUndefined,
    autoescape=False,  # it is no HTML; what is put in is quoted by the filters below
    trim_blocks=True,
    lstrip_blocks=True,
)


def quoted(text: str) -> str:
    """*text* as one word of nginx's language. A `$` still begins a variable: there is no way to quote it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def milliseconds(seconds: float) -> str:
    """*seconds* as nginx reads times."""
    return f"{round(seconds * 1000)}ms"


_ENVIRONMENT.filters |= {"quoted": quoted, "milliseconds": milliseconds, "escaped": re.escape}


def configuration(
    upstreams: Mapping[str, Sequence[str]],
    *,
    port: int,
    settings: DoorSettings,
    user: tuple[str, str] | None = None,
) -> str:
    """The text of nginx.conf. Its paths are relative: to the folder that nginx is started with.

    Args:    upstreams: by service, `HOST:PORT` or `http://HOST:PORT` of each replica; a service without one is away.
             user: name and group that root's nginx works as; None for anybody else's.
    Raises:  Refused: a service that the door does not know, an address that is none.
    """
    return _ENVIRONMENT.get_template("nginx.conf.j2").render(
        host=HOST,
        port=port,
        user=user,
        settings=settings,
        upstreams=_places(upstreams),
        routes=routes,
        refusals=tuple(refusals.answers()),
        methods=refusals.METHODS,
    )


def _places(upstreams: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Where each service's replicas are, all services included."""
    if unknown := sorted(set(upstreams) - set(routes.SERVICES)):
        raise Refused(f"the front door has no route to {', '.join(unknown)}: expected {', '.join(routes.SERVICES)}")
    return {service: tuple(map(_place, upstreams.get(service, ()))) for service in routes.SERVICES}


def _place(address: str) -> str:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise Refused(f"{address!r} is no address of a service: expected HOST:PORT or http://HOST:PORT")
    return match["place"]
