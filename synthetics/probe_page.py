"""The page on which Prometheus reads what the probes counted, served by the process that counts."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gevent.pywsgi import WSGIServer  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Respond = Callable[[str, list[tuple[str, str]]], object]
PATH = "/metrics"
_TEXT = "text/plain; charset=utf-8"


def page(registry: CollectorRegistry) -> Callable[[Mapping[str, Any], Respond], Iterable[bytes]]:
    """`/metrics`, as plain text or OpenMetrics, whichever the scraper asks for; nothing else is there."""

    def answer(environ: Mapping[str, Any], start_response: Respond) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            start_response("404 Not Found", [("Content-Type", _TEXT)])
            return [b"metrics are at /metrics\n"]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [("Content-Type", _TEXT), ("Allow", "GET, HEAD")])
            return [b"expected GET\n"]
        encode, content_type = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        start_response("200 OK", [("Content-Type", content_type)])
        return [encode(registry)]

    return answer


def serve(registry: CollectorRegistry, host: str, port: int) -> Callable[[], None]:
    """Serve the page of *registry* from now on; returns what ends that.

    Raises:  OSError: the port is taken, or the host is not this machine's.
    """
    server = WSGIServer((host, port), page(registry), log=None)
    server.start()
    # Whoever reads it has nothing to wait for.
    return lambda: server.stop(timeout=0)
