"""Answers that a client may keep, and asks about anew each time."""

from flask import Response, jsonify, request
from pydantic import BaseModel


def conditional(body: BaseModel, *, version: int | None = None) -> Response:
    """*body* with an ETag, or 304 when the client has it already.

    Args:    version: the ETag; without it one is made of the body.
    """
    response = jsonify(body.model_dump(mode="json"))
    if version is None:
        response.add_etag()
    else:
        response.set_etag(str(version))
    # Keep a copy, but ask each time whether it still holds: a price must not outlive its change.
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
