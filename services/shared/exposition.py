"""The registry of one process and the page on which Prometheus reads it."""

from typing import TYPE_CHECKING

from apiflask import APIBlueprint
from flask import Response, request
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from services.shared.auth import public

if TYPE_CHECKING:
    from services.shared.config import Config


def process_registry() -> CollectorRegistry:
    """A registry with the process's own figures (CPU, memory, file descriptors, collections)."""
    # One `_created` series beside each counter and histogram would add a tenth and tell nobody anything.
    disable_created_metrics()
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def build_info(registry: CollectorRegistry, config: "Config") -> None:
    """Say in *registry* what is running: `app_build_info{service,version,revision} 1`."""
    gauge = Gauge("app_build_info", "What is running; always 1.", ("service", "version", "revision"), registry=registry)
    gauge.labels(config.service, config.version, config.revision).set(1)


def metrics_page(registry: CollectorRegistry) -> APIBlueprint:
    """`/metrics`, as plain text or OpenMetrics, whichever the scraper asks for."""
    blueprint = APIBlueprint("metrics", __name__, enable_openapi=False)

    @blueprint.get("/metrics")
    @public
    def metrics() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    return blueprint
