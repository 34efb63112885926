"""How often one caller may ask: limits a view, a service or both, kept in this process or in Redis.

    limiter = new_limiter(config.redis_url)
    @blueprint.post("/orders")
    @limiter.limit("60/minute")

A caller is a principal, or where nobody is asked who they are, an address. Another service is never limited.
"""

import math
import time
from collections.abc import Sequence

from apiflask import APIFlask, HTTPError
from flask import Response, g, request
from flask_limiter import Limiter, RateLimitExceeded

from services.shared import problems
from services.shared.identity import SERVICE
from services.shared.observe import OPERATIONAL_PATHS

__all__ = ["Limiter", "install", "new_limiter"]

# A Redis that hangs must not hang the shop; the limits then count in this process alone until it is back.
REDIS_SECONDS = 0.25
MAX_RETRY_AFTER_SECONDS = 3600


def new_limiter(redis_url: str | None, default: Sequence[str] = (), *, prefix: str = "") -> Limiter:
    """A limiter for `service.build`.

    Args:    redis_url: None keeps the counts in this process; replicas share them through Redis. default: limits of
             each view that names none of its own: `("600/minute",)`. prefix: keeps services apart in one Redis.
    """
    seconds = {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS}
    limiter = Limiter(
        _caller,
        default_limits=list(default),
        storage_uri=redis_url or "memory://",
        storage_options={} if redis_url is None else seconds,  # type: ignore[arg-type]  # they are passed on as they are
        strategy="sliding-window-counter",
        in_memory_fallback_enabled=redis_url is not None,
        key_prefix=prefix,
        headers_enabled=False,
    )
    limiter.request_filter(_exempt)
    return limiter


def install(app: APIFlask, limiter: Limiter) -> None:
    """Limit the requests to *app* from the hooks registered so far on; beyond a limit: 429 with Retry-After."""
    limiter.init_app(app)

    def refuse(error: RateLimitExceeded) -> Response:
        del error
        breached = limiter.current_limit
        seconds = 1 if breached is None else math.ceil(breached.reset_at - time.time())
        wait = str(max(1, min(seconds, MAX_RETRY_AFTER_SECONDS)))
        return problems.to_response(HTTPError(429, headers={"Retry-After": wait}))

    app.register_error_handler(RateLimitExceeded, refuse)


def _caller() -> str:
    principal = g.get("principal")
    return f"address:{request.remote_addr}" if principal is None else f"subject:{principal.subject}"


def _exempt() -> bool:
    principal = g.get("principal")
    return request.path in OPERATIONAL_PATHS or (principal is not None and SERVICE in principal.roles)
