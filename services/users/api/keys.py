"""`/.well-known/jwks.json`: the public keys that people's tokens are signed with."""

from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from services.shared.auth import public
from services.users.api.bodies import KeySet

KEEP_SECONDS = 300


def key_pages(published: Callable[[], dict[str, Any]]) -> APIBlueprint:
    """The route of the keys."""
    blueprint = APIBlueprint("keys", __name__, tag="Keys")

    @blueprint.get("/.well-known/jwks.json")
    @public
    @blueprint.output(KeySet)
    @blueprint.doc(operation_id="get_keys")
    def get_keys() -> Response:
        """Get the public keys (RFC 7517) of access tokens"""
        response = jsonify(published())
        response.headers["Cache-Control"] = f"public, max-age={KEEP_SECONDS}"
        return response

    return blueprint
