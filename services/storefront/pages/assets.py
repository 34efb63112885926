"""Files that never change under their address: styles, scripts, icons; the address holds a hash of the content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apiflask import APIBlueprint, HTTPError
from flask import Response, request

from services.shared.auth import public

FOLDER = Path(__file__).resolve().parent.parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, in memory: they are few and small."""

    content: bytes
    content_type: str
    version: str


class Assets:
    """The files below *folder*, by their names: `vendor/web-vitals.iife.js`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._assets: Mapping[str, Asset] = {
            path.relative_to(folder).as_posix(): asset_of(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }

    def url(self, name: str) -> str:
        """Where *name* is found.

        Raises:  KeyError: there is no such file.
        """
        return f"/static/{name}?v={self._assets[name].version}"

    def answer(self, name: str) -> Response:
        """The file *name*.

        Raises:  HTTPError: 404
        """
        found = self._assets.get(name)
        if found is None:
            raise HTTPError(404)
        return asset_answer(found)


def asset_of(path: Path) -> Asset:
    """The file at *path*."""
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:16])


def asset_answer(found: Asset) -> Response:
    """*found*, to be kept for good by whoever asked for this very version of it."""
    response = Response(found.content, content_type=found.content_type)
    response.set_etag(found.version)
    response.headers["Cache-Control"] = FOREVER if request.args.get("v") == found.version else "public, no-cache"
    response.make_conditional(request)
    return response


def asset_pages(assets: Assets) -> APIBlueprint:
    """`/static/…`, and what crawlers ask for."""
    blueprint = APIBlueprint("assets", __name__, enable_openapi=False)

    @blueprint.get("/static/<path:name>")
    @public
    def static_file(name: str) -> Response:
        return assets.answer(name)

    @blueprint.get("/robots.txt")
    @public
    def robots() -> Response:
        rules = "User-agent: *\nDisallow: /account\nDisallow: /api/\nDisallow: /cart\nDisallow: /checkout\n"
        rules += "Disallow: /orders\nDisallow: /password-reset\nDisallow: /search\n"
        return Response(rules, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=86400"})

    return blueprint
