"""Assembles a service's Flask application from its API blueprints and everything that all services share."""

import time
from collections.abc import Callable, Iterator, Sequence

from apiflask import APIBlueprint, APIFlask
from flask import Response, request
from prometheus_client import CollectorRegistry

from services.shared import exposition, faults, faults_api, openapi, problems
from services.shared.body import BoundedRequest
from services.shared.config import Config
from services.shared.faults import FaultBoard
from services.shared.health import Draining, health_pages
from services.shared.http_metrics import HttpMetrics
from services.shared.logs import RequestLog
from services.shared.observe import OPERATIONAL_PATHS, ROUTE_KEY, Observer

# Where gunicorn's hooks find what they have to tell of a stop.
DRAINING = "draining"


def build(
    *,
    config: Config,
    registry: CollectorRegistry,
    blueprints: Sequence[APIBlueprint],
    board: FaultBoard,
    check: Callable[[], None],
    title: str,
    description: str,
    clock: Callable[[], float] = time.perf_counter,
) -> APIFlask:
    """An application that serves *blueprints* under the shop's conventions.

    Args:    check: raises when the service's own store cannot be used. clock: monotonic seconds.
    """
    app = APIFlask(
        f"services.{config.service}",
        title=title,
        version="1.0.0",
        spec_path=openapi.SPEC_PATH,
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]  # Flask's own type; APIFlask's annotation is narrower
    )
    app.request_class = BoundedRequest
    openapi.describe(app, description=description)
    app.error_processor(problems.to_response)
    app.before_request(_note_route)
    app.after_request(_harden)

    draining = Draining()
    app.extensions[DRAINING] = draining
    exposition.build_info(registry, config)
    faults.show_in(registry, board)
    app.register_blueprint(exposition.metrics_page(registry))
    app.register_blueprint(health_pages(check=check, draining=draining))
    if config.fault_token is not None:
        app.register_blueprint(faults_api.fault_pages(board, config.fault_token))
    for blueprint in blueprints:
        app.register_blueprint(blueprint)

    metrics = HttpMetrics(registry)
    metrics.create_label_sets(_counted_routes(app))
    app.wsgi_app = Observer(app.wsgi_app, sinks=(metrics, RequestLog()), clock=clock)  # type: ignore[method-assign]
    return app


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
