"""Assembles a service's Flask application from its API blueprints and everything that all services share."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from apiflask import APIBlueprint, APIFlask
from flask import Response, request
from prometheus_client import CollectorRegistry
from werkzeug.middleware.proxy_fix import ProxyFix

from services.shared import auth, body, caching, exposition, failures, faults, faults_api, openapi, problems
from services.shared.config import Config
from services.shared.fault_models import Fault, Kinds
from services.shared.faults import FaultBoard
from services.shared.health import Draining, health_pages
from services.shared.http_metrics import HttpMetrics
from services.shared.identity import NoTokens, TokenVerifier
from services.shared.logs import RequestLog
from services.shared.observe import OPERATIONAL_PATHS, ROUTE_KEY, Observer
from services.shared.tracing import Tracing, tracing_of
from services.shared.traffic import TrafficClaims

if TYPE_CHECKING:
    from flask_limiter import Limiter

_LOGGER = logging.getLogger(__name__)
# Where gunicorn's hooks find what they have to tell of a stop.
DRAINING = "draining"


def build(  # noqa: PLR0913  # a name for each thing that a service is put together from
    *,
    config: Config,
    registry: CollectorRegistry,
    blueprints: Sequence[APIBlueprint],
    board: FaultBoard,
    check: Callable[[], None],
    title: str,
    description: str,
    verifier: TokenVerifier | None = None,
    own_faults: Sequence[type[Fault]] = (),
    limiter: "Limiter | None" = None,
    no_store: bool = False,
    refuse_bodies: Callable[[], None] = body.refuse_other_types,
    tracer: Tracing | None = None,
    clock: Callable[[], float] = time.perf_counter,
    now: Callable[[], float] = time.time,
) -> APIFlask:
    """An application that serves *blueprints* under the shop's conventions.

    Args:    check: raises when the service's own store cannot be used. verifier: whose tokens count; nobody's without
             it. own_faults: kinds of faults beside the shared ones. no_store: whether no answer may be cached.
             refuse_bodies: the hook that refuses a body of another type than the views read; by default all but JSON.
             tracer: by default what *config* asks for. clock: monotonic seconds; now: Unix seconds.
    Raises:  ConfigError: a view without a policy (`auth.public`, `auth.allow`).
    """
    app = APIFlask(
        f"services.{config.service}",
        title=title,
        version="1.0.0",
        spec_path=openapi.SPEC_PATH,
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]  # Flask's own type; APIFlask's annotation is narrower
    )
    # A path with two slashes is none: Flask would redirect it, to whatever Host the request named.
    app.url_map.merge_slashes = False
    app.request_class = body.BoundedRequest
    openapi.describe(app, description=description, limited=limiter is not None)
    app.error_processor(problems.to_response)
    failures.install(app)
    _install_hooks(app, verifier or NoTokens(), limiter, refuse_bodies)
    caching.install(app, everywhere=no_store)

    draining = Draining()
    app.extensions[DRAINING] = draining
    exposition.build_info(registry, config)
    faults.show_in(registry, board, Kinds(own_faults).names)
    app.register_blueprint(exposition.metrics_page(registry))
    app.register_blueprint(health_pages(check=check, draining=draining))
    if config.fault_token is not None:
        app.register_blueprint(faults_api.fault_pages(board, config.fault_token, own_faults))
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    auth.public(app.view_functions[openapi.SPEC_ENDPOINT])
    auth.refuse_open_routes(app)
    if verifier is None and auth.has_closed_routes(app):
        _LOGGER.warning("no issuer is trusted: every route that is not public answers 401")

    if config.proxies:
        # Whom limits count and logs name; without a proxy the header is anybody's to write, and is not looked at.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=0)  # type: ignore[method-assign]
    metrics = HttpMetrics(registry)
    metrics.create_label_sets(_counted_routes(app))
    app.wsgi_app = Observer(  # type: ignore[method-assign]
        app.wsgi_app,
        sinks=(metrics, RequestLog()),
        clock=clock,
        traffic_of=TrafficClaims(config.traffic_key, registry, now=now).of,
        tracer=tracer or tracing_of(config),
    )
    return app


def _install_hooks(
    app: APIFlask, verifier: TokenVerifier, limiter: "Limiter | None", refuse_bodies: Callable[[], None]
) -> None:
    """What is asked of each request, in this order: who sent it comes before what it says."""
    app.before_request(_note_route)
    auth.protect(app, verifier)
    if limiter is not None:
        # A tenth of a second that a service without limits is spared.
        from services.shared import limits  # noqa: PLC0415

        limits.install(app, limiter)
    app.before_request(refuse_bodies)
    app.after_request(_harden)


def _note_route() -> None:
    """Leave the rule that matched where the observer finds it; first of all hooks."""
    if request.url_rule is not None:
        request.environ[ROUTE_KEY] = request.url_rule.rule


def _harden(response: Response) -> Response:
    """No browser guesses a media type."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _counted_routes(app: APIFlask) -> Iterator[tuple[str, str]]:
    """(method, route) of all that customers call; what Flask adds, HEAD and OPTIONS, comes on demand."""
    for rule in app.url_map.iter_rules():
        if rule.rule not in OPERATIONAL_PATHS:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule.rule
