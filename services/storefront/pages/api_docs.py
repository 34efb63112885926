"""`/api/docs`: one page with the whole API, by Swagger UI as its package brings it; nothing comes from elsewhere."""

from importlib.util import find_spec
from pathlib import Path

from apiflask import APIBlueprint, HTTPError
from flask import Response, render_template

from services.shared.auth import public
from services.storefront.pages.assets import Asset, Assets, asset_answer, asset_of
from services.storefront.pages.frame import DOCUMENTATION_PATH

ASSETS_PATH = f"{DOCUMENTATION_PATH}/assets"
# What the page needs of the package: no page, no script of its own.
_NAMES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


def _swagger_ui() -> dict[str, Asset]:
    """The package's files.

    Raises:  LookupError: it is not installed.
    """
    # Found, not imported: the package's own code draws its page with a script inside.
    found = find_spec("flask_swagger_ui")
    if found is None or found.origin is None:
        raise LookupError("the package flask-swagger-ui is not installed")
    folder = Path(found.origin).parent / "dist"
    return {name: asset_of(folder / name) for name in _NAMES}


def documentation_pages(assets: Assets) -> APIBlueprint:
    """The page and its files."""
    blueprint = APIBlueprint("documentation", __name__, enable_openapi=False)
    files = _swagger_ui()

    def url(name: str) -> str:
        return f"{ASSETS_PATH}/{name}?v={files[name].version}"

    @blueprint.get(DOCUMENTATION_PATH)
    @public
    def documentation() -> Response:
        page = render_template("api_docs.html", swagger=url, asset=assets.url)
        return Response(page, headers={"Cache-Control": "no-cache"})

    @blueprint.get(f"{ASSETS_PATH}/<name>")
    @public
    def documentation_file(name: str) -> Response:
        if name not in files:
            raise HTTPError(404)
        return asset_answer(files[name])

    return blueprint
